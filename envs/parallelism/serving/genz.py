"""Ranks of first-token and per-token times against GenZ (Bambhaniya et al., arXiv 2406.01698) on its own configurations.

GenZ's figures are of one static batch in 16 bit: attainable shares of 0.8, 5 us per all-reduce, no launches, no host, no
element-wise kernels, and a mixture's step reads the experts of one token whatever the batch. ``ideal`` constants say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archgym.family import Table
from archgym.files import read_table
from archgym.space import FloatArray

from ..clusters import load_cluster
from ..models import load_llm
from ..training.layout import Machine, Net
from ..vectors import machine_vector, net_vector
from .calibrate import simulated
from .constants import constants
from .layout import Design, Out, S
from .measured import Runs

REFERENCE = Path(__file__).parents[1] / "reference" / "genz_reference.csv.gz"
NEEDED = ("model", "platform", "batch", "in_len", "out_len", "tp", "pp", "ttft_ms", "tpot_ms")
PLATFORMS = {"A100_80GB_GPU": "a100-hdr", "H100_GPU": "h100-ndr", "GB200": "gb200-nvl72", "MI300X": "mi300x-400g"}
SHARE, ALL_REDUCE = 0.8, 5e-6
GOAL = 0.95


def ideal() -> FloatArray:
    """Constants of a machine without overheads, in the kernel's order."""
    values = np.zeros(len(S))
    values[[S.SUSTAINED, S.GROUPED, S.FP4, S.IMBALANCE, S.EXPERT_IMBALANCE]] = 1.0
    values[[S.HBM, S.KV, S.ATTENTION, S.LINK]] = SHARE
    values[S.LATENCY] = ALL_REDUCE
    return values


def configurations(path: Path = REFERENCE) -> Runs:
    """GenZ's configurations that fit, as kernel rows; ``ttft_s`` is GenZ's, ``tokens_per_s`` what its time per token gives."""
    rows = [row for row in read_table(path, NEEDED) if row["ttft_ms"]]
    nets = np.array([net_vector(load_llm(row["model"]), 1, 1) for row in rows])
    machines = np.array([machine_vector(load_cluster(PLATFORMS[row["platform"]])) for row in rows])
    uses = np.array([[float(row["in_len"]), float(row["out_len"]), 0.0] for row in rows])
    designs = np.zeros((len(rows), len(Design)))
    for column, name in ((Design.TP, "tp"), (Design.PP, "pp"), (Design.BATCH, "batch")):
        designs[:, column] = [float(row[name]) for row in rows]
    designs[:, [Design.EP, Design.LOAD]] = 1.0
    designs[:, [Design.WEIGHT_BYTES, Design.KV_BYTES]] = 2.0
    ttft, tpot = (np.array([float(row[name]) for row in rows]) * 1e-3 for name in ("ttft_ms", "tpot_ms"))
    names = (tuple(row["model"] for row in rows), tuple(row["platform"] for row in rows))
    return Runs(nets, machines, uses, designs, designs[:, Design.BATCH] / tpot, ttft, *names, ("static batch",) * len(rows))


def without_overheads(runs: Runs) -> Runs:
    """The same with GenZ's shares and experts in place of measured ones."""
    nets, machines = runs.nets.copy(), runs.machines.copy()
    nets[:, Net.EXPERTS] = nets[:, Net.TOP_K]
    machines[:, [Machine.BEST_16, Machine.BEST_8]] = SHARE
    return Runs(nets, machines, runs.uses, runs.designs, runs.tokens_per_s, runs.ttft_s, runs.models, runs.gpus, runs.kinds)


def tables() -> tuple[list[Table], dict[str, Any]]:
    """Rank correlation and median ratio, constants as fitted and GenZ's."""
    runs = configurations()
    ways = {
        "GenZ's assumptions": simulated(without_overheads(runs), ideal()),
        "as fitted to measurements": simulated(runs, constants()),
    }
    figures = {name: _compared(out, runs) for name, out in ways.items()}
    cells = [(name, len(runs), *(round(f, 3) for f in found)) for name, found in figures.items()]
    headings = ("constants", "rows", "TTFT rank", "TPOT rank", "TTFT ours over GenZ", "TPOT ours over GenZ")
    notes = (
        "rank: Spearman's correlation; ratios: medians. GenZ has no overheads, which count for small models on many GPUs.",
    )
    first = figures["GenZ's assumptions"]
    facts = {"rows": len(runs), "ttft_rank": first[0], "tpot_rank": first[1], "passed": bool(min(first[:2]) >= GOAL)}
    return [Table(f"ranks against GenZ (goal {GOAL:g} under its assumptions)", headings, cells, notes)], {"genz": facts}


def _compared(out: FloatArray, runs: Runs) -> Sequence[float]:
    from scipy.stats import spearmanr

    tpot = runs.designs[:, Design.BATCH] / runs.tokens_per_s
    pairs = ((out[:, Out.TTFT], runs.ttft_s), (out[:, Out.TPOT], tpot))
    return [float(spearmanr(a, b)[0]) for a, b in pairs] + [float(np.median(a / b)) for a, b in pairs]
