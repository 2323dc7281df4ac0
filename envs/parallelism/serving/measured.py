"""Published serving throughput as kernel rows.

What the tables leave to their sources: TensorRT-LLM's rows are runs of ``trtllm-bench throughput``, all requests queued at
once; how many there were, and how the benchmark sizes batch and token budget from the cache, is NVIDIA's documentation
(TensorRT-LLM, docs/source/performance/perf-overview.md; tensorrt_llm/bench/build/tuning.py). Its mixtures of experts run with
attention data parallelism over the tensor-parallel ranks. Quantised checkpoints keep their cache in 8 bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from archgym.errors import BadInput
from archgym.files import read_table
from archgym.space import FloatArray

from ..clusters import load_cluster
from ..models import Llm, load_llm
from ..training.layout import Machine, Net
from ..vectors import machine_vector, net_vector
from .constants import CACHE_BYTES, WEIGHT_BYTES
from .kernel import explain
from .layout import SCHEDULERS, Design, Fact, Part, S, Use

REFERENCE = Path(__file__).parents[1] / "reference" / "measured_inference.csv.gz"
NEEDED = ("model", "gpu", "tp", "pp", "precision", "in_len", "out_len", "scenario")
THROUGHPUT = "output_tokens_per_s_total"
CLUSTERS = {
    "a100": "a100-hdr", "h100": "h100-ndr", "h200": "h200-efa", "gh200": "gh200-ndr", "b200": "b200-ndr",
    "gb200": "gb200-nvl72", "b300": "b300-xdr", "gb300": "gb300-nvl72", "mi300x": "mi300x-400g", "mi325x": "mi325x-400g",
    "gaudi2": "gaudi2-100g", "l40s": "l40s-100g", "rtx6000-pro": "rtx6000-pro-100g",
}  # fmt: skip
# Requests of a run by (input, output) tokens; other lengths: enough for a steady state
REQUESTS = {
    (128, 128): 30000, (128, 2048): 3000, (128, 4096): 1500, (500, 2000): 3000, (1000, 1000): 3000, (1000, 2000): 1500,
    (2048, 128): 3000, (2048, 2048): 1500, (5000, 500): 1500, (20000, 2000): 1000,
}  # fmt: skip
# Served, and not among the models that are trained here; Meta's model cards (2025). Maverick has experts in every other layer.
_LLAMA4 = Llm(
    "llama-4-scout", layers=48, hidden=5120, ffn=8192, heads=40, kv_heads=8, head_dim=128, vocab=202048, gated=True,
    experts=16, experts_per_token=1, shared_experts=1,
)  # fmt: skip
SERVED = {
    "llama-4-scout": _LLAMA4,
    "llama-4-maverick": replace(_LLAMA4, name="llama-4-maverick", experts=128, dense_layers=24, dense_ffn=16384),
}
MOST_REQUESTS, MOST_TOKENS = 4096.0, 32768.0
STATIC = re.compile(r"static batch (\d+)")
FIRST_TOKEN = re.compile(r"first-token latency ([\d.]+) ms at batch (\d+)")


@dataclass(frozen=True)
class Runs:
    """Measured runs: kernel rows of N runs, and what was measured, NaN where it was not."""

    nets: FloatArray
    machines: FloatArray
    uses: FloatArray
    designs: FloatArray
    tokens_per_s: FloatArray
    ttft_s: FloatArray
    models: tuple[str, ...]
    gpus: tuple[str, ...]
    kinds: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.designs)


def expressible(row: Mapping[str, str]) -> bool:
    """Whether a row names a model and a GPU that there is data for."""
    try:
        cells = _Cells(row, "")
        cells.net(), cells.machine()
    except BadInput as error:
        return ": model: " not in str(error) and ": gpu: " not in str(error)
    return True


def measured(path: Path = REFERENCE) -> Runs:
    """The runs of a file with the columns of ``measured_inference.csv``.

    Raises:
        BadInput: a column is missing or a cell is wrong; the message names file, row and column.
    """
    return to_runs(read_table(path, NEEDED), path)


def to_runs(rows: Sequence[Mapping[str, str]], path: Path, numbers: Sequence[int] = ()) -> Runs:
    """Kernel rows of a table's rows; ``numbers``: of these rows in the file, where they are not all."""
    read = [_run(row, f"{path}: row {i + 2}") for i, row in zip(numbers or range(len(rows)), rows, strict=True)]
    nets, machines, uses, designs, rates, firsts, kinds = zip(*read, strict=True)
    vectors = [np.array(column, dtype=np.float64) for column in (nets, machines, uses, designs, rates, firsts)]
    names = [tuple(row[name] for row in rows) for name in ("model", "gpu")]
    return Runs(vectors[0], vectors[1], vectors[2], vectors[3], vectors[4], vectors[5], names[0], names[1], kinds)


def _run(row: Mapping[str, str], where: str) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, float, float, str]:
    cells = _Cells(row, where)
    net, machine = cells.net(), cells.machine()
    use = np.array([cells.count("in_len"), cells.count("out_len"), 0.0])
    design = np.zeros(len(Design))
    design[Design.TP], design[Design.PP], design[Design.EP] = cells.count("tp", 1), cells.count("pp", 1), cells.count("ep", 1)
    if net[Net.EXPERTS] > 0.0 and design[Design.EP] == 1.0:
        design[Design.TP], design[Design.EP] = 1.0, design[Design.TP]
    precision = cells.choice("precision", WEIGHT_BYTES)
    design[Design.WEIGHT_BYTES], design[Design.KV_BYTES] = WEIGHT_BYTES[precision], CACHE_BYTES[precision]
    design[Design.LOAD] = 1.0
    scenario, want = row["scenario"] or "", cells.number(THROUGHPUT)
    static, first = STATIC.search(scenario), FIRST_TOKEN.search(scenario)
    if static or first:
        design[Design.SCHEDULER] = SCHEDULERS.index("static")
        design[Design.BATCH] = float(static.group(1)) if static else float(first.group(2)) if first else 1.0
        ttft = float(first.group(1)) * 1e-3 if first else np.nan
        return net, machine, use, design, want, ttft, "static batch" if static else "first token"
    _fill(net, machine, use, design)
    return net, machine, use, design, want, np.nan, "in-flight batching"


def _fill(net: FloatArray, machine: FloatArray, use: FloatArray, design: FloatArray) -> None:
    """Batch and token budget of an offline run, as the benchmark picks them: what the cache holds, in equal waves."""
    design[Design.SCHEDULER] = SCHEDULERS.index("chunked")
    pp, groups = design[Design.PP], design[Design.EP]
    known = facts(net, machine, use, design)
    held = max(known[Fact.ROOM] / known[Fact.REQUEST], 1.0) * groups
    each_pass = MOST_TOKENS / (1.0 + use[Use.INPUT] / use[Use.OUTPUT]) * groups * pp
    batch = min(held, MOST_REQUESTS * groups, each_pass)
    requests = REQUESTS.get((int(use[Use.INPUT]), int(use[Use.OUTPUT])))
    if requests:
        batch = requests / ceil(requests / batch)
    design[Design.BATCH] = batch
    design[Design.CHUNK] = batch / (pp * groups) * (1.0 + use[Use.INPUT] / use[Use.OUTPUT])


def facts(net: FloatArray, machine: FloatArray, use: FloatArray, design: FloatArray) -> FloatArray:
    """Columns of `layout.Fact` of a run, whatever the constants."""
    first, step, found = np.zeros(len(Part)), np.zeros(len(Part)), np.zeros(len(Fact))
    explain(net, machine, np.ones(len(S)), use, design, first, step, found)
    return found


class _Cells:
    """One row; names what is wrong with it."""

    def __init__(self, row: Mapping[str, str], where: str) -> None:
        self.row, self.where = row, where

    def count(self, column: str, default: int | None = None) -> float:
        word = (self.row.get(column) or "").strip()
        if not word and default is not None:
            return float(default)
        if not re.fullmatch(r"[1-9]\d{0,8}(\.0)?", word):
            raise BadInput(f"{self.where}: {column} must be a whole number above 0, got '{word}'")
        return float(word)

    def number(self, column: str) -> float:
        word = (self.row.get(column) or "").strip()
        try:
            value = float(word or "nan")
        except ValueError:
            raise BadInput(f"{self.where}: {column} must be a number, got '{word}'") from None
        return value

    def choice(self, column: str, known: Mapping[str, float]) -> str:
        word = (self.row.get(column) or "").strip().lower()
        if word not in known:
            raise BadInput(f"{self.where}: {column} must be one of {', '.join(known)}, got '{word}'")
        return word

    def net(self) -> FloatArray:
        name = (self.row["model"] or "").strip().lower().replace(" ", "-").removesuffix("-instruct")
        try:
            return net_vector(SERVED.get(name) or load_llm(name), 1, 1)
        except BadInput as error:
            raise BadInput(f"{self.where}: model: {error}") from None

    def machine(self) -> FloatArray:
        name = (self.row["gpu"] or "").strip().lower().replace("_", "-")
        try:
            machine = machine_vector(load_cluster(CLUSTERS.get(name, name)))
        except BadInput as error:
            raise BadInput(f"{self.where}: gpu: {error}") from None
        machine[Machine.GPUS] = self.count("tp", 1) * self.count("pp", 1)
        return machine
