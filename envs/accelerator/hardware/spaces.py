"""The two hardware spaces: ArchGym's 26 knobs as they are, and ours, in which every knob has its price."""

from __future__ import annotations

from functools import partial

from archgym.space import DesignSpace, Param

from .topology import DATAFLOWS

CLASSES = ("regfile", "smartbuffer_SRAM", "smartbuffer_RF", "SRAM")
DEPTHS = tuple(1 << k for k in range(1, 17))
BANDWIDTHS = (2, 4, 8, 16)
BLOCKS = (1, 2, 4)
PADS = ("ifmap", "weights", "psum")
_size = partial(Param, ordered=True)


def timeloopgym_space() -> DesignSpace:
    """ArchGym's TimeloopGym: 26 knobs, 2.15e18 designs."""
    knobs = [
        _size("pes", tuple(range(14, 337, 14)), doc="processing elements"),
        _size("mesh_x", (2, 7, 14), doc="columns of the mesh under the global buffer"),
    ]
    for name in (*PADS, "dummy"):
        knobs += _buffer(name, DEPTHS)
        if name != "dummy":
            knobs += _bandwidths(name)
    knobs += _buffer("glb", DEPTHS[9:]) + _bandwidths("glb")
    return DesignSpace([*knobs, _size("glb_banks", (16, 32, 64, 128), doc="banks of the global buffer")])


def default_space() -> DesignSpace:
    """Sizes and classes that trade speed, energy and area; bandwidth follows from blocks and banks instead of being free."""
    knobs = [
        Param("dataflow", tuple(DATAFLOWS), doc="what stays in the elements, and what spreads over the mesh"),
        _size("mapper_goal", ("delay", "edp", "energy"), doc="what the mapper minimises for each layer"),
        _size("mesh_x", (4, 7, 8, 12, 14, 16, 28, 32), doc="columns of processing elements"),
        _size("mesh_y", (3, 4, 6, 7, 8, 12, 14, 16, 24, 32), doc="rows of processing elements"),
        _size("glb_depth", (1024, 2048, 4096, 8192, 16384, 32768, 65536), doc="blocks in the global buffer"),
        _size("glb_block", BLOCKS, unit="words", doc="words per access of the global buffer"),
        _size("glb_banks", (16, 32, 64, 128), doc="banks: each gives and takes one block per cycle"),
    ]
    depths = {"ifmap": (4, 8, 16, 32, 64), "weights": (16, 32, 64, 128, 256), "psum": (4, 8, 16, 32, 64)}
    for name in PADS:
        knobs += [
            Param(f"{name}_class", ("regfile", "smartbuffer_SRAM"), doc=f"circuit of the {name} scratch pad"),
            _size(f"{name}_depth", depths[name], doc=f"blocks in the {name} scratch pad"),
            _size(f"{name}_block", BLOCKS, unit="words", doc="words per access, and per cycle, of its ports"),
        ]
    return DesignSpace(knobs)


def _buffer(name: str, depths: tuple[int, ...]) -> list[Param]:
    return [
        Param(f"{name}_class", CLASSES, doc=f"circuit of the {name} buffer"),
        _size(f"{name}_depth", depths, doc=f"blocks in the {name} buffer"),
        _size(f"{name}_block", BLOCKS, unit="words", doc=f"words per access of the {name} buffer"),
    ]


def _bandwidths(name: str) -> list[Param]:
    return [
        _size(f"{name}_read_bandwidth", BANDWIDTHS, unit="words/cycle", doc="words read per cycle and instance"),
        _size(f"{name}_write_bandwidth", BANDWIDTHS, unit="words/cycle", doc="words written per cycle and instance"),
    ]
