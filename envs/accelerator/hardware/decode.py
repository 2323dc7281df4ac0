"""From design rows to hardware: offers, ports, energies and area of every level, for a whole batch by indexing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.envs.accelerator.mapper.solve import GOALS
from archgym.envs.accelerator.nest.architecture import UNLIMITED
from archgym.envs.accelerator.technology import Technology
from archgym.space import DesignSpace, FloatArray, IntArray

from .atlas import Designs
from .spaces import PADS, default_space, timeloopgym_space
from .topology import COLUMN, DATAFLOWS, DRAM, GLB, IFMAP, LEVELS, PSUM, WEIGHTS

L = len(LEVELS)
PLACE = {"ifmap": IFMAP, "weights": WEIGHTS, "psum": PSUM, "glb": GLB}
COLUMNS = 14  # dummy buffers of ArchGym's topology, one per column of the largest mesh


@dataclass(frozen=True)
class Hardware:
    """N designs, ready for the mapper.

    Args:
        designs: what the mapper needs.
        area_um2: ``float64 (N,)``, all buffers and multipliers; DRAM, wires and control are left out.
        pes: ``int64 (N,)``, processing elements, one multiplier each.
    """

    designs: Designs
    area_um2: FloatArray
    pes: IntArray


class Decoder(ABC):
    """A hardware space and what its rows mean.

    Args:
        technology: energies and areas.
        dram: kind of DRAM.
    """

    space: DesignSpace
    dataflows: tuple[str, ...]

    def __init__(self, technology: Technology, dram: str = "lpddr4") -> None:
        self.technology = technology
        self._dram = technology.dram(dram, block=4)
        self._column = {name: j for j, name in enumerate(self.space.names)}

    @abstractmethod
    def __call__(self, x: IntArray) -> Hardware:
        """Hardware of the rows ``(N, D)``."""

    @cached_property
    def largest(self) -> tuple[IntArray, list[IntArray]]:
        """Fan-outs ``(L, 2)`` of the largest design, and per level the capacities on offer, ascending."""
        fanouts = np.ones((L, 2), np.int64)
        fanouts[GLB, 0], fanouts[COLUMN, 1] = self._mesh()
        capacities = [np.array([UNLIMITED], dtype=np.int64) for _ in range(L)]
        for name, place in PLACE.items():
            depths, blocks = self._numbers(f"{name}_depth"), self._numbers(f"{name}_block")
            capacities[place] = np.unique(np.multiply.outer(depths, blocks))
        return fanouts, capacities

    @abstractmethod
    def _mesh(self) -> tuple[int, int]:
        """Largest number of columns and of rows."""

    def _numbers(self, knob: str) -> IntArray:
        return np.array(self.space.params[self._column[knob]].values, dtype=np.int64)

    def _take(self, x: IntArray, knob: str) -> IntArray:
        """Values of a numeric knob, ``int64 (N,)``."""
        return np.asarray(self._numbers(knob)[x[:, self._column[knob]]])

    def _blank(self, n: int) -> tuple[IntArray, FloatArray]:
        """Offers ``(N, 3 L)`` and ports ``(N, L, 5)`` with DRAM and the empty column level filled in."""
        offers = np.ones((n, 3 * L), np.int64)
        offers[:, [3 * DRAM, 3 * COLUMN]] = UNLIMITED
        ports = np.zeros((n, L, 5))
        ports[:, :, 0], ports[:, :, 1:3] = 1.0, np.inf
        ports[:, DRAM, 0], ports[:, DRAM, 3], ports[:, DRAM, 4] = 4.0, self._dram.read_pj, self._dram.write_pj
        return offers, ports

    def _buffer(self, x: IntArray, name: str, offers: IntArray, ports: FloatArray) -> FloatArray:
        """Fill one buffer's capacity, block and energies; its area ``(N,)`` in µm² per instance."""
        figures = self._figures(x, name)
        if name in PLACE:
            place, block = PLACE[name], self._take(x, f"{name}_block")
            offers[:, 3 * place] = self._take(x, f"{name}_depth") * block
            ports[:, place, 0], ports[:, place, 3:5] = block, figures[:, :2]
        return figures[:, 2]

    def _figures(self, x: IntArray, name: str) -> FloatArray:
        """Read pJ, write pJ and area in µm² of a buffer in each design, ``(N, 3)``."""
        none = np.zeros(len(x), np.int64)  # a knob that the space lacks has one value
        knobs = (f"{name}_{what}" for what in ("class", "depth", "block", "banks"))
        index = tuple(x[:, self._column[knob]] if knob in self._column else none for knob in knobs)
        return np.asarray(self._grids[name][index])

    @cached_property
    def _grids(self) -> dict[str, FloatArray]:
        """Per buffer ``float64 (classes, depths, blocks, banks, 3)``."""
        return {name: self._grid(name) for name in (*PADS, "glb", "dummy") if f"{name}_depth" in self._column}

    def _grid(self, name: str) -> FloatArray:
        kind = f"{name}_class"
        kinds = self.space.params[self._column[kind]].values if kind in self._column else ("smartbuffer_SRAM",)
        banks = self._numbers(f"{name}_banks").tolist() if f"{name}_banks" in self._column else [1]
        axes = self._numbers(f"{name}_depth").tolist(), self._numbers(f"{name}_block").tolist(), banks
        tables = [self.technology.buffer_table(str(k), *axes) for k in kinds]
        return np.stack([np.stack([t.read_pj, t.write_pj, t.area_um2], axis=-1) for t in tables])


class TimeloopGym(Decoder):
    """ArchGym's 26 knobs. Under its row-stationary limits the global buffer feeds ``mesh_x`` columns of ``pes / 14`` rows."""

    space = timeloopgym_space()
    dataflows = ("row_stationary",)

    def __call__(self, x: IntArray) -> Hardware:
        offers, ports = self._blank(len(x))
        pes = self._take(x, "pes")
        areas = {name: self._buffer(x, name, offers, ports) for name in (*PADS, "dummy", "glb")}
        for name, place in PLACE.items():
            ports[:, place, 1] = self._take(x, f"{name}_read_bandwidth")
            ports[:, place, 2] = self._take(x, f"{name}_write_bandwidth")
        offers[:, 3 * GLB + 1], offers[:, 3 * COLUMN + 2] = self._take(x, "mesh_x"), pes // COLUMNS
        element = sum(areas[name] for name in PADS) + self.technology.mac_area_um2
        area = areas["glb"] + COLUMNS * areas["dummy"] + pes * element
        zeros = np.zeros(len(x), np.int64)
        mac_pj = np.full(len(x), self.technology.mac_pj)
        return Hardware(Designs(zeros, np.full(len(x), GOALS["delay"]), offers, ports, mac_pj), area, pes)

    def _mesh(self) -> tuple[int, int]:
        return int(self._numbers("mesh_x").max()), int(self._numbers("pes").max()) // COLUMNS


class Default(Decoder):
    """The default space. Each port moves a block per cycle; a global buffer of B banks moves B blocks."""

    space = default_space()
    dataflows = tuple(DATAFLOWS)

    def __call__(self, x: IntArray) -> Hardware:
        offers, ports = self._blank(len(x))
        areas = {name: self._buffer(x, name, offers, ports) for name in (*PADS, "glb")}
        for name, place in PLACE.items():
            width = self._take(x, f"{name}_block") * (self._take(x, "glb_banks") if name == "glb" else 1)
            ports[:, place, 1] = ports[:, place, 2] = width
        columns, rows = self._take(x, "mesh_x"), self._take(x, "mesh_y")
        offers[:, 3 * GLB + 1], offers[:, 3 * COLUMN + 2] = columns, rows
        pes = columns * rows
        element = sum(areas[name] for name in PADS) + self.technology.mac_area_um2
        goals = np.array([GOALS[str(goal)] for goal in self.space.params[self._column["mapper_goal"]].values])
        goal, dataflow = goals[x[:, self._column["mapper_goal"]]], x[:, self._column["dataflow"]].copy()
        mac_pj = np.full(len(x), self.technology.mac_pj)
        return Hardware(Designs(dataflow, goal, offers, ports, mac_pj), areas["glb"] + pes * element, pes)

    def _mesh(self) -> tuple[int, int]:
        return int(self._numbers("mesh_x").max()), int(self._numbers("mesh_y").max())
