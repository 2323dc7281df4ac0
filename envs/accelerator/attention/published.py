"""The published design points as points of the space, and the headline figures they give.

Designs and figures: FuseMax (Nayak et al., MICRO 2024) and the tables of its artifact; FLAT (Kao et al., ASPLOS 2023), whose
placement per length is the one its own search chose there. The steps from FLAT to FuseMax are ``cascade`` (one pass, all of
softmax on the vector unit), ``arch`` (on the array, without interleaving) and ``binding`` (interleaved: FuseMax).

The published energies hold two slips of the run, added here by :func:`slips` when tables are compared and never part of the
model: above certain sizes the counts of first touches were lost, so that written rows count as read once more, and the
exponentials of ``cascade`` were not counted. At 64 k FLAT's search moves the output on chip, which changes little else.
"""

from __future__ import annotations

from statistics import fmean, geometric_mean

from .constants import EXP, LANES, READ_16, READ_32, REGISTER_READ, WRITE_32
from .evaluate import evaluate_values
from .linear import FLAT, FUSEMAX, linear_layers
from .workload import Attention, load_attention

MODELS = ("bert", "trxl", "t5", "xlm")
LENGTHS = ("1k", "4k", "16k", "64k", "256k", "1m")
STEPS = ("unfused", "flat", "cascade", "arch", "binding")
HEADLINES = {
    "speed-up on attention": (6.7, 6.72),
    "energy on attention": (0.79, 0.787),
    "speed-up end to end": (5.3, 5.30),
    "energy end to end": (0.83, 0.833),
}
"""Per figure: as the paper prints it, and from the artifact's tables; means over 4 models and 6 lengths, against FLAT."""
# FLAT's own cost model, run by FuseMax's artifact: workload, query tiles, operands on chip, bytes of DRAM traffic, seconds.
# Rows whose scores stay on chip as a whole and whose placement has a name here; see :func:`flat_alone`.
FLAT_ALONE = (
    ("bert@1k", 1, "streamed", 1308786688.0, 0.00418843253355635),
    ("bert@2k", 1, "streamed", 5033328640.0, 0.016737879342066986),
    ("bert@8k", 4, "streamed", 78114881536.0, 0.2677611304058968),
    ("t5@8k", 4, "streamed", 52076642304.0, 0.17850754742717337),
    ("xlm@8k", 4, "query", 141734445056.0, 0.4284079611286569),
)
MIB = 1 << 20
LONG = 1 << 18  # from 256 k
REGISTER_PAIR = 4.38087  # pJ, two register reads


def workloads() -> list[Attention]:
    """The 24 published workloads."""
    return [load_attention(f"{model}@{length}") for model in MODELS for length in LENGTHS]


def design(step: str, a: Attention) -> dict[str, object]:
    """Knob values of a published design on one of the published workloads.

    Args:
        step: one of :data:`STEPS`.
        a: the workload; block sizes and FLAT's placement depend on it.
    """
    one_pass = step in ("cascade", "arch", "binding")
    knobs: dict[str, object] = {
        "cascade": "one_pass" if one_pass else "unfused" if step == "unfused" else "three_pass",
        "softmax_unit": "array" if step in ("arch", "binding") else "vector",
        "schedule": "serial" if step == "arch" else "pipelined",
        "array_edge": LANES,
        "vector_lanes": LANES,
        "buffer_bytes": 16 * MIB if step in ("arch", "binding") else 32 * MIB,
        "dram_gib_per_s": 400,
        "key_tiles": 1,
    }
    placed = _flat(a) if step == "flat" else (_block(step, a), "streamed", "onchip")
    return knobs | dict(zip(("query_tiles", "operands", "scores"), placed, strict=True))


def _flat(a: Attention) -> tuple[int, str, str]:
    """FLAT's own choice on its cloud platform: query tiles, operands on chip, scores."""
    if a.length >= LONG:
        return 4, "block", "offchip"
    tiles = 1 if a.length > 1 << 14 else 4 if a.length > 1 << 12 else a.length // LANES
    if a.head_dim == 64:
        return tiles, "streamed", "onchip"
    return tiles, "query" if a.length > 1 << 12 else "key", "onchip"


def _block(step: str, a: Attention) -> int:
    """Query tiles: the largest divisor that fits beside one key and value tile; the unfused run chose its own."""
    tiles = a.length // LANES
    if step == "unfused":
        return tiles if a.length < LONG else tiles * 64 // (8 * a.head_dim)
    return largest_block(tiles, 16 * MIB, LANES, a.head_dim, 0 if step != "cascade" else 2 * LANES)


def largest_block(tiles: int, buffer_bytes: int, edge: int, head_dim: int, score_rows: int = 0) -> int:
    """FuseMax's query block, in tiles: the largest divisor of ``tiles`` that fits beside a key and a value tile."""
    free = buffer_bytes - 4 * edge * head_dim
    fits = free // (2 * edge * (2 * head_dim + 2 + score_rows))
    return max(n for n in range(1, min(fits, tiles) + 1) if tiles % n == 0)


def figures(step: str, a: Attention) -> dict[str, float]:
    """Metrics of a published design, with the energy as published: slips included."""
    found = evaluate_values(design(step, a), a)
    return found | {"energy_j": found["energy_j"] + 1e-12 * a.instances * slips(step, a)}


def slips(step: str, a: Attention) -> float:
    """What the published run counted beside the law, pJ per head."""
    if step in ("arch", "binding"):
        return _lost_outputs(a)
    tiles = (a.length / LANES) ** 2
    score_rows = tiles * LANES * READ_32
    if step == "cascade":
        return _lost_one_pass(a, tiles, score_rows) - EXP * (a.length**2 + tiles * LANES)
    lost = a.instances * a.length**2 >= 1 << 46
    if step == "unfused":
        return lost * (score_rows + 1610.44 * tiles)
    output = a.length / LANES * a.head_dim * WRITE_32  # at 64 k FLAT's search places the output on chip
    return lost * (score_rows + 1609.03 * tiles) + (a.length == 1 << 16) * (score_rows - 482.947 * tiles + output)


def _lost_outputs(a: Attention) -> float:
    """FuseMax: outputs read once more from 256 k, a register's from 64 k; a third of them still counted for 768 heads."""
    tiles = (a.length / LANES) ** 2

    def share(first: int) -> float:
        return 0.0 if a.length < first else 2.0 / 3.0 if a.instances == 768 and a.length == first else 1.0

    outputs = a.head_dim * (READ_16 + 2.0 * REGISTER_READ)
    return tiles * (share(LONG) * outputs + share(LONG >> 2) * REGISTER_PAIR)


def _lost_one_pass(a: Attention, tiles: float, score_rows: float) -> float:
    """One pass on the vector unit: scores and exponentials from 256 k, outputs from 2^25 values per head."""
    scores = 2.0 * score_rows + 77.8048 * tiles if a.length >= LONG else 0.0
    outputs = a.length * a.head_dim >= 1 << 25
    return scores + outputs * tiles * a.head_dim * (READ_32 + REGISTER_PAIR)


def flat_alone(a: Attention, query_tiles: int, operands: str) -> dict[str, float]:
    """FLAT's cloud platform as its own cost model sees it: softmax takes no time, so the vector unit is as good as infinite."""
    knobs: dict[str, object] = {"query_tiles": query_tiles, "operands": operands, "scores": "onchip", "vector_lanes": 2**40}
    return evaluate_values(design("flat", a) | knobs, a)


def headlines() -> dict[str, float]:
    """The four headline figures from the closed forms alone, and the geometric mean of the first, slips included."""
    speed, energy, whole_speed, whole_energy = [], [], [], []
    for a in workloads():
        flat, ours = figures("flat", a), figures("binding", a)
        before, after = linear_layers(a, FLAT), linear_layers(a, FUSEMAX)
        speed.append(flat["latency_s"] / ours["latency_s"])
        energy.append(ours["energy_j"] / flat["energy_j"])
        whole_speed.append((flat["latency_s"] + before.latency_s) / (ours["latency_s"] + after.latency_s))
        whole_energy.append((ours["energy_j"] + after.energy_j) / (flat["energy_j"] + before.energy_j))
    means = [fmean(column) for column in (speed, energy, whole_speed, whole_energy)]
    return dict(zip(HEADLINES, means, strict=True)) | {"geometric mean speed-up": geometric_mean(speed)}


def law_energy_share() -> float:
    """Mean energy on attention against FLAT by the law alone, without the slips of the published run."""
    ratios = [
        evaluate_values(design("binding", a), a)["energy_j"] / evaluate_values(design("flat", a), a)["energy_j"]
        for a in workloads()
    ]
    return fmean(ratios)
