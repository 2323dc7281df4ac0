"""MAESTRO beside ours, mapping for mapping: 210 runs of four dataflows (one with two cluster sizes) on 14 layers and
three sizes of hardware.

Source: runs of MAESTRO (github.com/maestro-project/maestro, Kwon et al., MICRO 2019) as shipped in ``maestro_fixed.csv.gz``:
mapping directives, run time, energy, and accesses of its L2. Energies per access relative to a MAC are MAESTRO's own: 1.68 of
L1, 18.61 of L2; a MAC is 0.00023 nJ. Ours prices the same loop nest (module `directives`) on the same levels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.envs.accelerator.layer import Layer
from archgym.envs.accelerator.nest.architecture import Architecture, Level
from archgym.envs.accelerator.nest.evaluate import evaluate_mappings
from archgym.family import Table

from .directives import Nest, nest_of
from .layers import LAYERS, read_rows, spearman

L1_PER_MAC, L2_PER_MAC, MAC_NJ = 1.68, 18.61, 0.00023
NOC_WORDS = 64  # per cycle between L2 and the clusters, as the run times of all rows say, whatever bandwidth was asked for
WEIGHTS, INPUTS, OUTPUTS = 0, 1, 2
READS, FILLS, UPDATES = 0, 1, 2


@dataclass(frozen=True)
class Run:
    """One row: MAESTRO's figures, and ours of the same loop nest.

    Args:
        dataflow, layer, pes, clustered: which.
        macs: multiplications that MAESTRO counts, over those of the layer.
        cycles, energy: MAESTRO's, energy in MACs.
        l2: MAESTRO's accesses of L2, less what it reads of outputs.
        traffic: MAESTRO's over ours: input reads, weight reads, output writes at L2.
        ours_cycles, ours_energy, ours_l2: ours, energies in MACs: all, and that of the accesses in ``l2``.
        refilled: cycles if every step brought both its operands anew, by `refilled_cycles`.
    """

    dataflow: str
    layer: str
    pes: int
    clustered: bool
    macs: float
    cycles: float
    energy: float
    l2: float
    traffic: tuple[float, float, float]
    ours_cycles: float
    ours_energy: float
    ours_l2: float
    refilled: float


def tables() -> tuple[list[Table], dict[str, Any]]:
    """Rank correlation over layers, over dataflows and over all rows, with what explains the differences."""
    runs = compare_runs(read_rows("maestro_fixed.csv.gz"))
    valid = [run for run in runs if run.macs > 0]
    cells: list[tuple[Any, ...]] = [("all", len(valid), *_correlations([valid]))]
    for dataflow in dict.fromkeys(run.dataflow for run in valid):
        members = [run for run in valid if run.dataflow == dataflow]
        cells.append((f"layers, {dataflow}", len(members), *_correlations(_grouped(members, lambda run: run.pes))))
    cells.append(("dataflows, per layer", len(valid), *_correlations(_grouped(valid, lambda run: (run.layer, run.pes)))))
    names = ("cycles", "cycles_refilled", "energy", "energy_l2")
    figures: dict[str, Any] = {"rows": len(valid), "left_out": len(runs) - len(valid)}
    figures |= {what: dict(zip(names, row, strict=True)) for what, _, *row in (cells[0], cells[-1])}
    figures |= explanations(valid)
    headings = ("ranked", "rows", "cycles", "cycles, all refilled", "energy", "energy of L2 alone")
    title = "MAESTRO beside ours, the same loop nests: rank correlation (median over hardware or layers)"
    shown = [(what, rows, *(f"{rank:.3f}" for rank in ranks)) for what, rows, *ranks in cells]
    return [Table(title, headings, shown, notes(figures))], {"maestro": figures}


def compare_runs(rows: Sequence[dict[str, str]]) -> list[Run]:
    """Rows of the reference table with ours beside them; a mapping that two cluster sizes share is one run."""
    unlike = {(row["layer"], row["dataflow"], row["pes"], row["mapping"]): row for row in rows}
    return [_run(row) for row in unlike.values()]


def refilled_cycles(nest: Nest, stride: int) -> float:
    """MAESTRO's run time: per outer step the longest of the work inside, both operands' words, and the outputs' words.

    Nothing that stays counts as being there, a cluster has windows of its own, and one with several PEs works a cycle longer.
    """
    shared = nest.mapping.levels[1]
    outer, x, y = dict(shared.temporal), dict(shared.x), dict(shared.y)
    inner = dict(nest.mapping.levels[2].temporal)
    tile = {dim: inner.get(dim, 1) * y.get(dim, 1) for dim in "GCMRSNPQ"}
    part = Layer("cluster", **tile, stride=stride)
    weights, inputs, outputs = part.words
    copies = {dim: x.get(dim, 1) for dim in "GCMRSNPQ"}
    weights *= _product(copies, "GCMRS")
    inputs *= _product(copies, "GCNPQ")
    outputs *= _product(copies, "GMNPQ")
    work = _product(inner, inner) + (nest.cluster > 1)
    return float(_product(outer, outer) * max(work, (weights + inputs) // NOC_WORDS, outputs // NOC_WORDS))


def explanations(runs: Sequence[Run]) -> dict[str, Any]:
    """What the differences come from, as numbers."""
    refilled = np.array([run.cycles / run.refilled for run in runs])
    clustered = np.array([run.energy / (L2_PER_MAC * run.l2) for run in runs if run.clustered])
    strided = [run for run in runs if run.dataflow.startswith("yxp") and run.macs > 1.01]
    rest = [run for run in runs if run.dataflow.startswith("yxp") and run not in strided]
    stationary = [run for run in runs if run.dataflow.startswith("kcp") and run.clustered]
    return {
        "refilled_within_3_percent": int((np.abs(refilled - 1) <= 0.03).sum()),
        "clustered": len(clustered),
        "energy_is_l2_error": float(np.abs(clustered - 1).max()),
        "kcp_slower": float(np.median([run.cycles / run.ours_cycles for run in stationary])),
        "kcp_traffic": [float(np.median([run.traffic[t] for run in stationary])) for t in range(3)],
        "inputs_shared": _inputs(runs, ("xp_ws", "yxp_os/8")),
        "inputs_diagonal": _inputs(runs, ("rs",)),
        "miscounted": len(strided),
        "miscounted_most": max((run.macs for run in strided), default=1.0),
        "yxp_energy_l2": _correlations(_grouped([*strided, *rest], lambda run: run.pes))[3],
        "yxp_energy_l2_without": _correlations(_grouped(rest, lambda run: run.pes))[3],
        "same_fastest": _agreement(runs, lambda run: run.cycles, lambda run: run.ours_cycles),
        "same_least_energy": _agreement(runs, lambda run: run.energy, lambda run: run.ours_energy),
    }


def notes(f: dict[str, Any]) -> tuple[str, ...]:
    """The reasons, a line each."""
    inputs, weights, outputs = (f"{x:.2f}" for x in f["kcp_traffic"])
    overlaps = f"xp_ws, yxp_os read {f['inputs_shared']:.2f} of our inputs"
    miscounted = f"{f['miscounted']} rows; without them its energy of L2 ranks at {f['yxp_energy_l2_without']:.2f}, not"
    return (
        "cycles: MAESTRO brings both operands of every step anew, also weights that stay, at "
        f"{NOC_WORDS} words a cycle from L2, whatever is asked for: that rule (all refilled) is within 3 % of it on "
        f"{f['refilled_within_3_percent']} of {f['rows']} rows. Ours keeps what stays and overlaps: kcp_ws takes MAESTRO "
        f"{f['kcp_slower']:.1f} times as long in the median.",
        f"energy: MAESTRO's is {L2_PER_MAC} MACs of {MAC_NJ} nJ per L2 access (to {100 * f['energy_is_l2_error']:.2g} % on all "
        f"{f['clustered']} rows with clusters): no multiplication, no L1, no output read again. Ours counts them.",
        f"accesses of L2, kcp_ws, MAESTRO's over ours in the median: inputs {inputs}, weights {weights}, outputs {outputs}.",
        f"filters above 1x1: neighbours share the overlap of their windows in MAESTRO ({overlaps}), and in ours a row goes "
        f"to a whole diagonal of row stationary (MAESTRO reads {f['inputs_diagonal']:.1f} times as much).",
        f"yxp_os counts up to {f['miscounted_most']:.1f} times a strided layer's multiplications ({miscounted} "
        f"{f['yxp_energy_l2']:.2f}); on a layer 7 wide it counts none, and energy below zero ({f['left_out']} rows, left out).",
        f"the same dataflow is best by cycles on {100 * f['same_fastest']:.0f} %, by energy on "
        f"{100 * f['same_least_energy']:.0f} % of layers and hardware.",
    )


def _run(row: dict[str, str]) -> Run:
    layer, pes = LAYERS[row["layer"]], int(row["pes"])
    nest = nest_of(layer, row["mapping"], pes)
    result = evaluate_mappings(nest.layer, _architecture(nest, float(row["noc_bw"])), [nest.mapping])
    real = layer.macs / nest.layer.macs  # an edge takes the time of a whole tile, and its own share of energy
    counts = result.counts[0, 1] * real
    l2 = counts[:, READS].sum() + counts[:, FILLS].sum() + counts[OUTPUTS, UPDATES] - counts[OUTPUTS, READS]
    read, weights, written = (float(row[name]) for name in ("l2_in_read", "l2_weight_read", "l2_out_write"))
    traffic = (read / counts[INPUTS, READS], weights / counts[WEIGHTS, READS], written / counts[OUTPUTS, UPDATES])
    theirs = read + weights + written + float(row["l2_in_write"]) + float(row["l2_weight_write"])
    dataflow = row["dataflow"] + (f"/{row['cluster']}" if row["cluster"] != "0" else "")
    ours = (float(result.cycles[0]), float(result.energy_pj[0] * real), L2_PER_MAC * float(l2))
    known = (float(row["macs"]) / layer.macs, float(row["cycles"]), float(row["energy_nj"]) / MAC_NJ, theirs, traffic)
    clustered = "Cluster" in row["mapping"]
    return Run(dataflow, row["layer"], pes, clustered, *known, *ours, refilled_cycles(nest, layer.stride))


def _architecture(nest: Nest, words: float) -> Architecture:
    """DRAM that costs nothing, L2 with the bandwidth of the network, one L1 per PE; energies in MACs."""
    fanout = (nest.clusters, nest.cluster)
    ports = {"read_bandwidth": words, "write_bandwidth": words, "read_pj": L2_PER_MAC, "write_pj": L2_PER_MAC}
    inner = Level("L1", read_pj=L1_PER_MAC, write_pj=L1_PER_MAC)
    return Architecture("maestro", (Level("DRAM"), Level("L2", **ports, fanout=fanout), inner), 1.0)  # type: ignore[arg-type]


def _product(factors: dict[str, int], dims: Any) -> int:
    return int(np.prod([factors[dim] for dim in dims], dtype=np.int64))


def _inputs(runs: Sequence[Run], dataflows: Sequence[str]) -> float:
    """Median of MAESTRO's input reads over ours, layers with filters above 1x1."""
    return float(np.median([run.traffic[0] for run in runs if run.dataflow in dataflows and LAYERS[run.layer].R > 1]))


def _grouped(runs: Sequence[Run], key: Callable[[Run], Any]) -> list[list[Run]]:
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return list(groups.values())


def _correlations(groups: Sequence[Sequence[Run]]) -> list[float]:
    """Median over groups: of cycles, cycles with all refilled, energy, energy of L2 alone."""
    found = []
    for group in groups:
        cycles, energy = [run.cycles for run in group], [run.energy for run in group]
        ours = ([run.ours_cycles for run in group], [run.refilled for run in group])
        spent = ([run.ours_energy for run in group], [run.ours_l2 for run in group])
        found.append([*(spearman(cycles, x) for x in ours), *(spearman(energy, x) for x in spent)])
    return [round(float(x), 3) for x in np.nanmedian(found, axis=0)]


def _agreement(runs: Sequence[Run], theirs: Callable[[Run], float], ours: Callable[[Run], float]) -> float:
    """Share of layers and hardware on which the dataflow that is best by ours is best by theirs, ties included."""
    groups = _grouped(runs, lambda run: (run.layer, run.pes))
    return float(np.mean([theirs(min(group, key=ours)) == min(map(theirs, group)) for group in groups]))
