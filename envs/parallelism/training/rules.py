"""What makes a configuration illegal: one rule a bit, each with how far a run is from keeping it.

As Megatron-LM and DeepSpeed have them, with three choices where frameworks differ. A pipeline may be uneven (its last stage
shorter) as long as it is not interleaved. ZeRO-3 may be combined with pipelines, as in torchtitan, and then gathers for every
micro-batch; ZeRO-2 with pipelines keeps its gradients until the last micro-batch and costs what ZeRO-1 does. A mixture on
tensor-parallel ranks needs sequence parallelism, as in Megatron-LM: each rank then routes its own share of the tokens.
"""

from __future__ import annotations

from enum import IntEnum
from math import ceil, floor

from archgym.jit import inlined

from .exchange import data_stride
from .layout import Machine, Net, Run
from .weights import copies, expert_copies

INTERLEAVED, ZERO_BUBBLE = 1, 2
FULL, ACTIVATIONS_TOO = 2, 2


class Rule(IntEnum):
    """Bits of ``Costs.reason``; those before ``MEMORY`` are told from the degrees alone."""

    GPUS = 0
    BATCH = 1
    HEADS = 2
    WIDTH = 3
    SEQUENCE = 4
    STAGES = 5
    CHUNKS = 6
    SCHEDULE = 7
    GROUPS = 8
    ZERO_BUBBLE = 9
    EXPERTS = 10
    MIXTURE = 11
    PARTITION = 12
    OFFLOAD = 13
    MEMORY = 14
    HOST = 15


RULES = (
    "tensor x pipeline x context x data are more GPUs than there are",
    "the batch is no multiple of data x micro_batch",
    "the attention heads are no multiple of tensor",
    "the hidden size or a feed-forward width is no multiple of tensor",
    "the sequence is no multiple of 2 x context",
    "a pipeline stage is left without layers",
    "the layers of a stage are no multiple of chunks, or stages differ",
    "the interleaved schedule needs stages and chunks, and chunks need it",
    "interleaving needs micro-batches in multiples of the stages",
    "the zero-bubble schedule needs stages, and as many micro-batches",
    "expert divides neither the experts nor tensor x context x data",
    "tensor parallelism of a mixture needs sequence parallelism",
    "shards inside a domain need replicas that fill whole domains",
    "activations go to the host as checkpoints only: with full recomputation",
    "the GPU's memory is too small",
    "the host's memory is too small",
)


@inlined
def structure(n, m, r, far):
    """Fill ``far`` ``(len(Rule),)`` with the distances from keeping the rules that need no memory model; 0: kept."""
    tp, pp, dp, cp = r[Run.TP], r[Run.PP], r[Run.DP], r[Run.CP]
    far[Rule.GPUS] = max(tp * pp * dp * cp / m[Machine.GPUS] - 1.0, 0.0)
    far[Rule.BATCH] = rest(n[Net.BATCH], dp * r[Run.MICRO_BATCH])
    far[Rule.HEADS] = rest(n[Net.HEADS], tp)
    far[Rule.WIDTH] = width(n, tp)
    far[Rule.SEQUENCE] = rest(n[Net.SEQUENCE], 2.0 * cp) if cp > 1.0 else 0.0
    pipeline(n, r, far)
    mixture(n, r, far)
    far[Rule.PARTITION] = partition(n, m, r)
    far[Rule.OFFLOAD] = 1.0 if r[Run.OFFLOAD] == ACTIVATIONS_TOO and r[Run.RECOMPUTE] != FULL else 0.0
    far[Rule.MEMORY], far[Rule.HOST] = 0.0, 0.0


@inlined
def rest(whole, part):
    """0 where ``part`` divides ``whole``; else what is left over, relative; above 1 where it is larger."""
    if whole < part:
        return part / whole
    return whole / part - floor(whole / part)


@inlined
def width(n, tp):
    """Left-overs of the widths that tensor parallelism divides; routed experts stay whole."""
    far = rest(n[Net.HIDDEN], tp)
    if n[Net.EXPERTS] == 0.0:
        return far + rest(n[Net.FFN], tp)
    if n[Net.SHARED] > 0.0:
        far += rest(n[Net.FFN], tp)
    return far + rest(n[Net.DENSE_FFN], tp) if n[Net.DENSE_LAYERS] > 0.0 else far


@inlined
def pipeline(n, r, far):
    """Stages, chunks and the schedule."""
    pp, chunks, layers = r[Run.PP], r[Run.CHUNKS], n[Net.LAYERS]
    counted = layers + 2.0 if rest(layers, pp) > 0.0 and rest(layers + 2.0, pp) == 0.0 else layers
    stage = ceil(counted / pp)
    missing = (pp - 1.0) * stage - layers if counted == layers else 2.0 - stage - 1.0
    far[Rule.STAGES] = 1.0 + missing / pp if missing >= 0.0 else 0.0
    uneven = rest(counted, pp)
    far[Rule.CHUNKS] = uneven + rest(stage, chunks) if chunks > 1.0 else 0.0
    batches = n[Net.BATCH] / (r[Run.DP] * r[Run.MICRO_BATCH])
    interleaved, several = r[Run.SCHEDULE] == INTERLEAVED, pp > 1.0
    far[Rule.SCHEDULE] = 1.0 if interleaved != (chunks > 1.0) or (interleaved and not several) else 0.0
    far[Rule.GROUPS] = rest(batches, pp) if chunks > 1.0 else 0.0
    far[Rule.ZERO_BUBBLE] = 0.0
    if r[Run.SCHEDULE] == ZERO_BUBBLE:
        far[Rule.ZERO_BUBBLE] = max(pp / batches - 1.0, 0.0) if several else 1.0


@inlined
def mixture(n, r, far):
    """Experts over ranks."""
    far[Rule.EXPERTS], far[Rule.MIXTURE] = 0.0, 0.0
    if n[Net.EXPERTS] == 0.0:
        far[Rule.EXPERTS] = r[Run.EP] - 1.0
        return
    far[Rule.EXPERTS] = rest(n[Net.EXPERTS], r[Run.EP]) + rest(r[Run.TP] * r[Run.CP] * r[Run.DP], r[Run.EP])
    far[Rule.MIXTURE] = 1.0 if r[Run.TP] > 1.0 and r[Run.SEQUENCE_PARALLEL] == 0.0 else 0.0


@inlined
def partition(n, m, r):
    """Left-overs of copies over domains, where ZeRO's shards stay inside one."""
    if r[Run.NODE_PARTITION] == 0.0:
        return 0.0
    stride = data_stride(r)
    far = unfilled(copies(r), stride, m[Machine.DOMAIN])
    if n[Net.EXPERTS] > 0.0:
        far += unfilled(expert_copies(r), max(stride * r[Run.EP] / r[Run.TP], 1.0), m[Machine.DOMAIN])
    return far


@inlined
def unfilled(n_copies, stride, domain):
    """0 where copies a stride apart all lie in one domain, or fill domains evenly."""
    if n_copies * stride <= domain or stride >= domain:
        return 0.0
    return rest(domain, stride) + rest(n_copies, domain / stride)
