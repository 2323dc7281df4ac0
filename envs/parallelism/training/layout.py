"""Columns of the rows that the training kernels read and write. All floating point; ratios without unit, times in seconds."""

from __future__ import annotations

from enum import IntEnum

GENERATIONS = ("ampere", "hopper", "blackwell", "cdna")
PRECISIONS = ("bf16", "fp8", "fp4", "fp16")
RECOMPUTES = ("none", "selective", "full")
SCHEDULES = ("1f1b", "interleaved", "zero_bubble")
OFFLOADS = ("none", "optimizer", "optimizer_activations")
ORDERS = ("tp_cp_dp_pp", "tp_cp_pp_dp")
ATTENTIONS = ("unfused", "flash", "flash1")


class Net(IntEnum):
    """A model and what it is trained on."""

    LAYERS = 0
    HIDDEN = 1
    FFN = 2  # of a dense layer, or of one expert
    HEADS = 3
    KV_HEADS = 4
    HEAD_DIM = 5
    VOCAB = 6
    GATED = 7  # 1: gate, up and down projection (SwiGLU); 0: up and down
    EXPERTS = 8  # routed experts of a layer, 0 for a dense model
    TOP_K = 9  # routed experts of a token
    SHARED = 10  # experts that every token visits
    DENSE_LAYERS = 11  # layers of a mixture that have no experts
    DENSE_FFN = 12
    LATENT = 13  # 1: multi-head latent attention (DeepSeek)
    ATTENDED = 14  # share of the causal positions that a token attends to: below 1 with sliding windows
    TIED = 15  # 1: the output projection is the embedding
    SEQUENCE = 16  # tokens of a sample
    BATCH = 17  # samples of an iteration, over all GPUs


class Machine(IntEnum):
    """A cluster of equal GPUs. Bandwidths are of one direction, per GPU."""

    GENERATION = 0
    GPUS = 1
    DOMAIN = 2  # GPUs joined by the fast links
    LINK_BYTES_PER_S = 3  # inside a domain
    NIC_BYTES_PER_S = 4  # a GPU's share of its node's network cards
    FLOPS_16 = 5
    FLOPS_8 = 6
    FLOPS_4 = 7
    HBM_BYTES = 8
    HBM_BYTES_PER_S = 9
    SMS = 10
    BEST_16 = 11  # share of the peak that the best measured GEMM shape reaches
    BEST_8 = 12
    HOST_BYTES_PER_S = 13  # to and from the host's memory
    HOST_BYTES = 14  # host memory of a GPU's share
    WATTS = 15  # of a GPU under load, with its share of the node
    IDLE_WATTS = 16
    USD_PER_HOUR = 17


class Run(IntEnum):
    """How a model is trained: one design."""

    TP = 0
    PP = 1
    DP = 2
    CP = 3
    EP = 4
    MICRO_BATCH = 5
    CHUNKS = 6  # model chunks per pipeline stage (interleaving)
    SCHEDULE = 7
    RECOMPUTE = 8
    SEQUENCE_PARALLEL = 9
    ZERO = 10
    NODE_PARTITION = 11  # 1: ZeRO's shards stay inside a fast-link domain and are replicated between domains
    OFFLOAD = 12
    OVERLAP = 13  # 1: communication runs beside computation where it can
    PRECISION = 14
    ORDER = 15
    ATTENTION = 16
    BLOCKING = 17  # 1: the host waits for every kernel (CUDA_LAUNCH_BLOCKING), as in BLOOM's tuning runs
    GRAD_BYTES = 18  # of a gradient where it is accumulated and reduced
    GRAD_COPY = 19  # bytes of a further copy of each gradient, where the backward pass does not add to the accumulator itself


class Out(IntEnum):
    """Time of an iteration and its parts, seconds."""

    ITERATION = 0
    GEMM = 1
    ATTENTION = 2
    ELEMENTWISE = 3
    RECOMPUTE = 4
    TP = 5
    CP = 6
    EP = 7
    SHARD = 8  # exposed gathering and scattering of ZeRO-3 and FSDP
    P2P = 9
    BUBBLE = 10
    DP = 11  # exposed reduction of gradients, gathering of parameters
    OPTIMIZER = 12
    OFFLOAD = 13
    HOST = 14
    MODEL_FLOPS = 15  # of an iteration over all GPUs, recomputation not counted


class Mem(IntEnum):
    """Memory of the fullest GPU, bytes."""

    TOTAL = 0
    WEIGHTS = 1
    GRADIENTS = 2
    OPTIMIZER = 3
    ACTIVATIONS = 4
    LOGITS = 5
    RESERVED = 6  # context, communication buffers, allocator
    HOST = 7  # in the host's memory, not part of the total


class K(IntEnum):
    """Fitted constants of the time model; `calibrate` holds what each is expected to be and why."""

    SUSTAINED_A = 0  # share of the best measured GEMM that training sustains, one per generation
    SUSTAINED_H = 1
    SUSTAINED_B = 2
    SUSTAINED_C = 3
    HALF_FLOP_A = 4  # FLOP of a GEMM that reaches half its efficiency, one per generation
    HALF_FLOP_H = 5
    HALF_FLOP_B = 6
    HALF_FLOP_C = 7
    FLASH1_A = 8  # share of the 16-bit peak of first-generation fused attention
    FLASH1_H = 9
    FLASH1_B = 10
    FLASH1_C = 11
    FLASH_A = 12  # and of today's
    FLASH_H = 13
    FLASH_B = 14
    FLASH_C = 15
    FP8 = 16  # sustained share under FP8, relative to 16 bit
    FP4 = 17
    WAVE = 18  # weight of idle SMs in the last wave of tiles
    ALIGN_64 = 19  # extra time of a dimension that is no multiple of 64 elements
    ALIGN_8 = 20
    HEAD_8 = 21  # factor on unfused attention whose head size is no multiple of 8
    UNFUSED = 22  # share of the peak of batched attention GEMMs
    SCORES = 23  # bytes moved per attention score, unfused
    ELEMENTWISE = 24  # bytes moved, relative to a count of reads and writes
    HBM = 25  # sustained share of the memory bandwidth
    CAST = 26
    LAUNCH = 27  # seconds per kernel
    BLOCKING = 28
    LINK = 29  # sustained share of the fast links
    NIC = 30
    HALF_BYTES = 31  # message that reaches half its bandwidth
    LATENCY = 32
    TP_HIDDEN = 33  # share of tensor-parallel communication that runs beside computation
    OVERLAP = 34  # share of overlappable communication that is hidden
    P2P = 35
    ITERATION = 36  # seconds of host work per iteration
    OPTIMIZER = 37
    STRAGGLER = 38  # slowdown per doubling of the number of nodes
    GROUPED = 39  # sustained share of grouped expert GEMMs, relative to dense ones
    PERMUTE = 40
    LOSS = 41  # bytes moved per logit, relative to a count of reads and writes
    HOP = 42  # seconds of a ring's step inside a domain of fast links, and between domains
    NIC_HOP = 43
    HOST_ADAM = 44  # parameters that a GPU's share of the host's cores updates per second


class M(IntEnum):
    """Fitted constants of the memory model; all 1, and 0 bytes reserved, is the bare arithmetic."""

    RESIDENT = 0  # weights and gradients, relative to their bytes
    SHARDED = 1  # optimizer states, relative to 12 bytes per parameter
    ACTIVATIONS = 2
    LOGITS = 3
    RESERVED_BYTES = 4
