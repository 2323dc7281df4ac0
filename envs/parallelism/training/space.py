"""Knobs of a training run, with the values that can matter for one model on one cluster.

Degrees are powers of two; pipelines also the divisors of the layers, and of the layers with embedding and loss counted as
two more; data-parallel degrees also three times powers of two where the batch has that factor. Tensor parallelism ends at the
domain of fast links and divides it: its all-reduces are on every layer's critical path, and no published run takes them over a
network. Knobs of a single value are left out: expert parallelism of a dense model, precision on a GPU without FP8, partition
on a cluster of one domain. Fused attention recomputes its scores anyway, so ``selective`` is offered with unfused only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, gcd

from archgym.space import DesignSpace, Param, Value

from ..clusters import Cluster
from ..models import Llm
from .layout import OFFLOADS, ORDERS, RECOMPUTES, SCHEDULES, Run

COLUMNS = {
    "tensor": Run.TP,
    "pipeline": Run.PP,
    "context": Run.CP,
    "data": Run.DP,
    "expert": Run.EP,
    "micro_batch": Run.MICRO_BATCH,
    "chunks": Run.CHUNKS,
    "schedule": Run.SCHEDULE,
    "recompute": Run.RECOMPUTE,
    "sequence_parallel": Run.SEQUENCE_PARALLEL,
    "zero": Run.ZERO,
    "order": Run.ORDER,
    "partition": Run.NODE_PARTITION,
    "offload": Run.OFFLOAD,
    "overlap": Run.OVERLAP,
    "precision": Run.PRECISION,
}
"""Column of the kernel's row that each knob sets, in the order of the knobs: what prunes most comes first."""

PARTITIONS = ("global", "domain")
NAMES: dict[str, tuple[str, ...]] = {
    "schedule": SCHEDULES,
    "recompute": RECOMPUTES,
    "partition": PARTITIONS,
    "offload": OFFLOADS,
    "precision": ("bf16", "fp8"),
    "order": ORDERS,
}
"""Knobs whose values are names, which the kernel knows by number."""

DOCS = {
    "tensor": "GPUs that share every layer",
    "pipeline": "stages of layers",
    "context": "GPUs that share a sequence",
    "data": "replicas that share the batch",
    "expert": "GPUs that share the experts of a layer; folded over tensor, context and data ranks",
    "micro_batch": "samples that a replica computes at once",
    "chunks": "parts of a stage, interleaved with the other stages'",
    "schedule": "of forward and backward passes over the stages",
    "recompute": "activations computed again in the backward pass",
    "sequence_parallel": "norms and residuals split over tensor-parallel ranks too",
    "zero": "states split over replicas: optimizer (1), gradients (2), weights (3)",
    "partition": "ZeRO's shards over all replicas, or over those inside a domain of fast links",
    "offload": "states kept in the host's memory",
    "overlap": "communication beside computation where it can",
    "precision": "of the inputs of the layers' multiplications",
    "order": "how ranks are numbered, innermost first",
}
UNITS = {"micro_batch": "samples", "tensor": "GPUs", "context": "GPUs", "data": "replicas", "pipeline": "stages"}
UNORDERED = {"schedule", "partition", "overlap", "sequence_parallel", "precision", "order"}
LARGEST_DOMAIN = 64  # of a rack of 72 GPUs, jobs take 64: sizes stay powers of two (NVIDIA's published runs do so)
MOST_CONTEXT, MOST_MICRO_BATCH, MOST_CHUNKS = 16, 16, 16


@dataclass(frozen=True)
class Setting:
    """What is trained on what.

    Args:
        llm: the model.
        cluster: the GPUs there are; a run may use fewer.
        sequence, batch: tokens of a sample, samples of an iteration.
        attention: one of ``layout.ATTENTIONS``.
    """

    llm: Llm
    cluster: Cluster
    sequence: int
    batch: int
    attention: str

    @property
    def domain(self) -> int:
        """GPUs that runs take of a domain of fast links."""
        return min(self.cluster.domain, LARGEST_DOMAIN)


def build_space(setting: Setting) -> DesignSpace:
    """The knobs that have a choice, in the order of ``COLUMNS``."""
    offered = {name: values(name, setting) for name in COLUMNS}
    chosen = {name: found for name, found in offered.items() if len(found) > 1}
    return DesignSpace([Param(name, v, UNITS.get(name, ""), name not in UNORDERED, DOCS[name]) for name, v in chosen.items()])


def values(name: str, setting: Setting) -> tuple[Value, ...]:
    """What a knob can be; the first value is the plain one, legal with every choice of the knobs before it."""
    if name in ("sequence_parallel", "overlap"):
        return (False, True)
    if name == "zero":
        return (0, 1, 2, 3)
    if name in NAMES:
        return _names(name, setting)
    return _degrees(name, setting)


def _names(name: str, setting: Setting) -> tuple[Value, ...]:
    gpu = setting.cluster.gpu
    if name == "precision" and gpu.flops_8 <= gpu.flops_16:
        return ("bf16",)
    if name == "partition" and setting.cluster.gpus <= setting.domain:
        return ("global",)
    if name == "recompute" and setting.attention != "unfused":
        return ("none", "full")
    return NAMES[name]


def _degrees(name: str, setting: Setting) -> tuple[int, ...]:
    llm, gpus = setting.llm, setting.cluster.gpus
    if name in ("pipeline", "chunks"):
        stages = [p for p in range(1, min(gpus, llm.layers) + 1) if spreads(llm.layers, p) and _usual(llm.layers, p)]
        return tuple(stages) if name == "pipeline" else _chunks(llm.layers, stages, setting.batch)
    if name == "data":
        triples = [3 * d for d in _doubles(min(gpus, setting.batch) // 3)] if setting.batch % 3 == 0 else []
        return tuple(sorted([*_doubles(min(gpus, setting.batch)), *triples]))
    most, divided = {
        "tensor": (min(setting.domain, gpus), gcd(llm.heads, setting.domain)),
        "context": (min(MOST_CONTEXT, gpus), setting.sequence // 2),
        "expert": (min(llm.experts, gpus), llm.experts),
        "micro_batch": (MOST_MICRO_BATCH, setting.batch),
    }[name]
    return tuple(d for d in _doubles(most) if d == 1 or divided % d == 0)


def _chunks(layers: int, stages: list[int], batch: int) -> tuple[int, ...]:
    """What divides the stages of an even pipeline that can be interleaved: micro-batches come in multiples of its stages."""
    sizes = {stage_layers(layers, p) for p in stages if p > 1 and even(layers, p) and batch % p == 0}
    return (1, *(c for c in range(2, MOST_CHUNKS + 1) if any(size % c == 0 for size in sizes)))


def even(layers: int, stages: int) -> bool:
    """Whether the layers, or those with embedding and loss as one more each, spread evenly."""
    return layers % stages == 0 or (layers + 2) % stages == 0


def stage_layers(layers: int, stages: int) -> int:
    """Layers of a stage in the middle, as ``weights.middle_layers`` counts them."""
    if layers % stages and (layers + 2) % stages == 0:
        return (layers + 2) // stages
    return ceil(layers / stages)


def spreads(layers: int, stages: int) -> bool:
    """Whether every stage gets a layer: the last may have fewer than the others (BLOOM's 78 over 12 are 11 x 7 + 1)."""
    if layers % stages and (layers + 2) % stages == 0:
        return (layers + 2) // stages > 1
    return (stages - 1) * stage_layers(layers, stages) < layers


def _usual(layers: int, stages: int) -> bool:
    return even(layers, stages) or stages & (stages - 1) == 0


def _doubles(most: int) -> tuple[int, ...]:
    """1, 2, 4, … up to ``most``."""
    return tuple(2**k for k in range(max(most, 1).bit_length()))
