"""Knobs of a language model, of how it is trained and of how it is served."""

from __future__ import annotations

import numpy as np

from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray, Param

LAYERS = (8, 12, 16, 20, 24, 28, 32, 40, 48, 64)
WIDTHS = (512, 768, 1024, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 8192)
HEAD_DIMS = (64, 128)
KV_HEADS = (1, 2, 4, 8, 16)
RATIOS = (2.0, 2.5, 3.0, 4.0)
EXPERTS = (1, 8, 16, 32, 64)
TOP_K = (1, 2)
FORMATS = ("bf16", "fp8", "fp4")
TP = (1, 2, 4, 8)
BATCHES = (1, 4, 16, 64, 256)
TOKENS = (5e9, 8e9, 12e9, 25e9, 50e9, 100e9, 200e9, 250e9, 500e9, 1000e9, 2000e9, 5000e9)
# width / layers: 32 to 256 holds every published model from GPT-2 to Llama 3; inside 33 to 715 Kaplan et al. 2020 (arXiv
# 2001.08361, section 3.1) find loss within 3 %
NARROWEST, WIDEST = 32, 256
MOST_QUERIES = 16  # query heads of a key-value head, as in Qwen3-235B: no law knows what more of them cost in loss

SPACE = DesignSpace(
    (
        Param("layers", LAYERS, "", True, "transformer layers"),
        Param("width", WIDTHS, "", True, "elements of a hidden state"),
        Param("head_dim", HEAD_DIMS, "", True, "elements of a head; there are width / head_dim heads"),
        Param("kv_heads", KV_HEADS, "", True, "key-value heads, shared by groups of query heads"),
        Param("ffn_ratio", RATIOS, "", True, "width of the gated feed-forward part, or of one expert, over the model's"),
        Param("experts", EXPERTS, "", True, "of every other layer; 1 is a dense model"),
        Param("top_k", TOP_K, "", True, "experts that a token visits; mixtures only"),
        Param("weights", FORMATS, "", True, "of the weights the model is trained for and served in; never wider than training"),
        Param("tp", TP, "", True, "GPUs of a serving replica, tensor-parallel"),
        Param("batch", BATCHES, "requests", True, "that a serving replica may hold"),
        Param("training", FORMATS, "", True, "format of training's matrix products"),
        Param("tokens", TOKENS, "", True, "training tokens, each seen once"),
    )
)
SHAPE = 7  # knobs of the model's shape, the first ones
EXPERTS_AT, TOP_K_AT, WEIGHTS_AT, TP_AT, TRAINING_AT, TOKENS_AT = (
    SPACE.names.index(name) for name in ("experts", "top_k", "weights", "tp", "training", "tokens")
)


def table() -> FloatArray:
    """What the kernel reads for each value of each knob, ``float64 (D, most values)``; formats are their index."""
    values = np.zeros((len(SPACE), int(SPACE.nvec.max())))
    for j, param in enumerate(SPACE.params):
        values[j, : len(param.values)] = [FORMATS.index(v) if isinstance(v, str) else float(v) for v in param.values]
    return values


def proportioned() -> BoolArray:
    """Which layers go with which width, ``(layers, width)``."""
    aspect = np.array(WIDTHS)[None, :] / np.array(LAYERS)[:, None]
    return np.asarray((aspect >= NARROWEST) & (aspect <= WIDEST))


def grouped() -> BoolArray:
    """Which key-value heads go with which width and size of heads, ``(width, head_dim, kv_heads)``."""
    queries = _heads()[:, :, None] / np.array(KV_HEADS)
    return np.asarray((queries == np.floor(queries)) & (queries >= 1) & (queries <= MOST_QUERIES))


def split() -> BoolArray:
    """Which serving GPUs divide the heads, ``(width, head_dim, tp)``."""
    return np.asarray(_heads()[:, :, None] % np.array(TP) == 0)


def _heads() -> IntArray:
    return np.asarray(np.array(WIDTHS)[:, None] // np.array(HEAD_DIMS))


def nearest(allowed: BoolArray) -> IntArray:
    """The allowed index nearest to each along the last axis, the smaller of two; every row allows one."""
    count = allowed.shape[-1]
    far = np.abs(np.arange(count)[:, None] - np.arange(count)[None, :])
    cost = np.where(allowed[..., None, :], far, 2 * count)
    return np.asarray(cost.argmin(axis=-1), dtype=np.int64)


def fold(x: IntArray) -> IntArray:
    """A dense model has no choice of experts; weights rounded in training are served no wider."""
    rows = np.array(x)
    rows[rows[:, EXPERTS_AT] == 0, TOP_K_AT] = 0
    rows[:, WEIGHTS_AT] = np.maximum(rows[:, WEIGHTS_AT], rows[:, TRAINING_AT])
    return rows


def shapes() -> IntArray:
    """Every canonical shape that keeps the rules of shapes, ``int64 (N, SHAPE)``."""
    rows = np.stack(np.unravel_index(np.arange(int(SPACE.nvec[:SHAPE].prod())), SPACE.nvec[:SHAPE]), axis=1)
    layers, width, dim, kv = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]
    keep = proportioned()[layers, width] & grouped()[width, dim, kv]
    keep &= (rows[:, EXPERTS_AT] > 0) | (rows[:, TOP_K_AT] == 0)
    return np.asarray(rows[keep], dtype=np.int64)


def services() -> IntArray:
    """Every canonical choice of the knobs behind the shape, ``int64 (N, D - SHAPE)``."""
    nvec = SPACE.nvec[SHAPE:]
    rows = np.stack(np.unravel_index(np.arange(int(nvec.prod())), nvec), axis=1)
    return np.asarray(rows[rows[:, WEIGHTS_AT - SHAPE] >= rows[:, TRAINING_AT - SHAPE]], dtype=np.int64)
