"""Kernel rows of models, clusters and measured runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TypeVar

import numpy as np

from archgym.errors import BadInput
from archgym.space import FloatArray

from .clusters import Cluster, Gpu, built_in_gpus, load_gpu
from .models import Llm, load_llm
from .training.layout import ATTENTIONS, GENERATIONS, PRECISIONS, RECOMPUTES, SCHEDULES, Machine, Net, Run

# Generations that the kernels have no constants of, and whose matrix units are nearest: Ada and the workstation Blackwell issue
# warp-wide products from registers as Ampere does; Gaudi's large systolic arrays are fed by software, as Ampere's are.
NEAREST = {"ada": "ampere", "blackwell_rtx": "ampere", "gaudi": "ampere"}
NEEDED = (
    "id", "framework", "model", "layers", "hidden", "ffn", "heads", "kv_heads", "seq", "vocab", "mlp", "attn", "precision",
    "gpu", "gpu_mem_gb", "n_gpus", "gpus_per_node", "inter_gbps_per_gpu", "gbs", "mbs", "tp", "pp", "dp", "cp", "ep", "vp",
    "recompute", "seq_par", "zero", "notes",
)  # fmt: skip
OPTIONAL = (
    "experts",
    "experts_per_token",
    "shared_experts",
    "dense_layers",
    "dense_ffn",
    "head_dim",
    "latent",
    "attended",
    "tied",
)
# Mixtures whose experts a run's columns do not tell, by the beginning of the model's name without marks
MIXTURES = {
    "deepseekv3": "deepseek-v3",
    "gptoss120b": "gpt-oss-120b",
    "qwen330b": "qwen3-30b-a3b",
    "qwen3235b": "qwen3-235b-a22b",
    "mixtral8x7b": "mixtral-8x7b",
    "mixtral8x22b": "mixtral-8x22b",
}
FORMATS = {"bf16": "bf16", "fp16": "fp16", "fp8": "fp8", "mxfp8": "fp8", "nvfp4": "fp4", "fp4": "fp4"}
KERNELS = {"unfused": "unfused", "fused": "unfused", "flash": "flash", "flash1": "flash1"}  # fused: softmax and mask only
# Frameworks of before 2022, as run then, wait for their collectives
WAITING = ("Megatron-LM", "Megatron-DeepSpeed")
GBITPS = 1e9 / 8
LARGEST_NODE = 16  # fast links that join more GPUs join several nodes (NVL72), whatever a run's table calls a node

Word = TypeVar("Word")


def net_vector(llm: Llm, sequence: int, batch: int) -> FloatArray:
    """A model and what it is trained on, float64 (len(Net),)."""
    row = np.zeros(len(Net))
    row[Net.LAYERS], row[Net.HIDDEN], row[Net.FFN] = llm.layers, llm.hidden, llm.ffn
    row[Net.HEADS], row[Net.KV_HEADS], row[Net.HEAD_DIM] = llm.heads, llm.kv_heads, llm.head_dim
    row[Net.VOCAB], row[Net.GATED], row[Net.TIED] = llm.vocab, llm.gated, llm.tied
    row[Net.EXPERTS], row[Net.TOP_K], row[Net.SHARED] = llm.experts, llm.experts_per_token, llm.shared_experts
    row[Net.DENSE_LAYERS], row[Net.DENSE_FFN] = llm.dense_layers, llm.dense_ffn
    row[Net.LATENT], row[Net.ATTENDED] = llm.latent, llm.attended
    row[Net.SEQUENCE], row[Net.BATCH] = sequence, batch
    return row


def machine_vector(cluster: Cluster) -> FloatArray:
    """A cluster, float64 (len(Machine),); of links that differ, the slowest between two nodes."""
    row = _gpu_vector(cluster.gpu)
    row[Machine.GPUS], row[Machine.DOMAIN] = cluster.gpus, cluster.domain
    row[Machine.LINK_BYTES_PER_S], row[Machine.NIC_BYTES_PER_S] = cluster.link_bytes_per_s, cluster.nic_bytes_per_s
    row[Machine.HOST_BYTES], row[Machine.USD_PER_HOUR] = cluster.host_bytes, cluster.usd_per_hour
    return row


def _gpu_vector(gpu: Gpu) -> FloatArray:
    row = np.zeros(len(Machine))
    row[Machine.GENERATION] = generation_index(gpu)
    row[Machine.DOMAIN], row[Machine.LINK_BYTES_PER_S] = gpu.domain, gpu.link_bytes_per_s
    row[Machine.FLOPS_16], row[Machine.FLOPS_8], row[Machine.FLOPS_4] = gpu.flops_16, gpu.flops_8, gpu.flops_4
    row[Machine.HBM_BYTES], row[Machine.HBM_BYTES_PER_S] = gpu.hbm_bytes, gpu.hbm_bytes_per_s
    row[Machine.SMS], row[Machine.BEST_16], row[Machine.BEST_8] = gpu.units, gpu.best_16, gpu.best_8
    row[Machine.HOST_BYTES_PER_S], row[Machine.HOST_BYTES] = gpu.host_bytes_per_s, gpu.host_bytes
    row[Machine.WATTS], row[Machine.IDLE_WATTS], row[Machine.USD_PER_HOUR] = gpu.watts, gpu.idle_watts, gpu.usd_per_hour
    return row


def generation_index(gpu: Gpu) -> int:
    """Place of its generation, or of the nearest one, in ``GENERATIONS``.

    Raises:
        BadInput: the kernels know neither.
    """
    name = NEAREST.get(gpu.generation, gpu.generation)
    if name not in GENERATIONS:
        raise BadInput(f"GPU '{gpu.name}': generation '{gpu.generation}' is none of {', '.join([*GENERATIONS, *NEAREST])}")
    return GENERATIONS.index(name)


def run_rows(rows: Sequence[Mapping[str, str]]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Measured runs, rows of a CSV with the columns of ``measured_training_runs.csv``.

    A run whose columns cannot tell how it was placed (no tp or mbs) is the caller's to leave out first. Columns of a mixture
    (``experts``, ``experts_per_token``, …, see ``OPTIONAL``) are read where the model's name is not one of ``MIXTURES``.

    Returns:
        nets (N, len(Net)), machines (N, len(Machine)) and runs (N, len(Run)), all float64.

    Raises:
        BadInput: a cell is missing or wrong; the message names its row and column.
    """
    cells = [_Cells(row, number) for number, row in enumerate(rows, 1)]
    nets = np.array([_net(row) for row in cells]).reshape(-1, len(Net))
    machines = np.array([_machine(row) for row in cells]).reshape(-1, len(Machine))
    return nets, machines, np.array([_run(row) for row in cells]).reshape(-1, len(Run))


def known_gpu(name: str) -> bool:
    """Whether a measured run's GPU is one that there is data for."""
    return name.lower() == "a100" or name.lower() in built_in_gpus()


class _Cells:
    """One row; asks for cells and names what is wrong with them."""

    def __init__(self, row: Mapping[str, str], number: int) -> None:
        self._row, self._number = row, number

    def text(self, column: str, default: str = "") -> str:
        return (self._row.get(column) or "").strip() or default

    def number(self, column: str, default: float | None = None, least: float = 0.0) -> float:
        word = self.text(column)
        if not word and default is not None:
            return default
        try:
            value = float(word)
        except ValueError:
            value = -1.0
        if not least <= value <= 1e15:
            raise self.wrong(column, f"must be a number of at least {least:g}")
        return value

    def count(self, column: str, default: float | None = None) -> float:
        value = self.number(column, default, 1.0)
        if value != int(value):
            raise self.wrong(column, "must be a whole number")
        return value

    def choice(self, column: str, known: Mapping[str, Word], default: str = "") -> Word:
        word = self.text(column, default).lower()
        if word not in known:
            raise self.wrong(column, f"must be one of {', '.join(known)}")
        return known[word]

    def wrong(self, column: str, reason: str) -> BadInput:
        name = self.text("id")
        return BadInput(
            f"row {self._number}{f' ({name})' if name else ''}: column {column}: {reason}, got '{self.text(column)}'"
        )


def _net(row: _Cells) -> FloatArray:
    sequence, batch = int(row.count("seq")), int(row.count("gbs"))
    name = "".join(c for c in row.text("model").lower() if c.isalnum())
    known = next((load_llm(llm) for start, llm in MIXTURES.items() if name.startswith(start)), None)
    return net_vector(known or _dense(row), sequence, batch)


def _dense(row: _Cells) -> Llm:
    """The model of a row's columns. GPT and MPT tie their embeddings, models with other activations do not."""
    mlp = row.choice("mlp", {word: word for word in ("gelu", "relu", "relu2", "swiglu")})
    whole = {name: int(row.count(name)) for name in ("layers", "hidden", "ffn", "heads", "kv_heads", "vocab")}
    extra = {name: row.number(name) for name in OPTIONAL if row.text(name)}
    kinds = {field.name: field.type for field in fields(Llm)}
    given = {name: value if kinds[name] == "float" else int(value) for name, value in extra.items()}
    head_dim = given.pop("head_dim", whole["hidden"] // whole["heads"])
    shape = {"tied": mlp in ("gelu", "relu"), **whole, "head_dim": head_dim, **given}
    return Llm(name=row.text("model"), gated=mlp == "swiglu", **shape)  # type: ignore[arg-type]


def _machine(row: _Cells) -> FloatArray:
    gpu = _gpu(row)
    machine = _gpu_vector(gpu)
    machine[Machine.GPUS] = row.count("n_gpus")
    node = row.count("gpus_per_node", gpu.domain)
    machine[Machine.DOMAIN] = max(node, gpu.domain) if gpu.domain > LARGEST_NODE else node
    machine[Machine.NIC_BYTES_PER_S] = row.number("inter_gbps_per_gpu", 400.0, 1e-3) * GBITPS
    return machine


def _gpu(row: _Cells) -> Gpu:
    """By name; the A100's two memories differ in speed too."""
    name = row.text("gpu").lower()
    if name == "a100":
        name = "a100-40" if row.number("gpu_mem_gb", 80.0) <= 40 else "a100-80"
    try:
        return load_gpu(name)
    except BadInput as error:
        raise row.wrong("gpu", str(error)) from None


def _run(row: _Cells) -> FloatArray:
    run = np.zeros(len(Run))
    degrees = {Run.TP: "tp", Run.PP: "pp", Run.DP: "dp", Run.MICRO_BATCH: "mbs"}
    for place, column in degrees.items():
        run[place] = row.count(column)
    for place, column in {Run.CP: "cp", Run.EP: "ep", Run.CHUNKS: "vp"}.items():
        run[place] = row.count(column, 1.0)
    framework, notes, precision = row.text("framework"), row.text("notes"), row.text("precision").lower()
    flags = {"0": 0.0, "1": 1.0}
    run[Run.SCHEDULE] = SCHEDULES.index("interleaved" if run[Run.CHUNKS] > 1 else "1f1b")
    run[Run.RECOMPUTE] = row.choice("recompute", {word: i for i, word in enumerate(RECOMPUTES)}, "none")
    run[Run.SEQUENCE_PARALLEL] = row.choice("seq_par", flags, "0")
    run[Run.ZERO] = row.choice("zero", {str(stage): stage for stage in range(4)}, "0")
    run[Run.OVERLAP] = row.choice("overlap", flags, "0" if framework in WAITING else "1")
    run[Run.PRECISION] = PRECISIONS.index(row.choice("precision", FORMATS))
    run[Run.ATTENTION] = ATTENTIONS.index("flash1" if framework == "Composer FSDP" else row.choice("attn", KERNELS))
    run[Run.BLOCKING] = "BLOCKING" in notes
    run[Run.GRAD_BYTES] = 2.0 if precision == "fp16" or "PURE" in notes else 4.0
    run[Run.GRAD_COPY] = 2.0 if precision == "bf16" and framework == "Megatron-DeepSpeed" else 0.0
    return run
