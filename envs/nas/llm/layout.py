"""Columns of the rows that the kernel reads and writes. All floating point: tokens, seconds, bytes, USD."""

from __future__ import annotations

from enum import IntEnum


class Col(IntEnum):
    """A design, in the order of the knobs."""

    LAYERS = 0
    WIDTH = 1
    HEAD_DIM = 2
    KV_HEADS = 3
    FFN_RATIO = 4
    EXPERTS = 5
    TOP_K = 6
    WEIGHTS = 7  # index of the format that the model is trained for and served in
    TP = 8
    BATCH = 9
    TRAINING = 10  # index of the format of training's products
    TOKENS = 11


class Fit(IntEnum):
    """A scaling law: constants of ``E + A / N^alpha + B / D^beta`` and the range it was fitted on."""

    E = 0
    A = 1
    ALPHA = 2
    B = 3
    BETA = 4
    FEWEST_PARAMETERS = 5
    MOST_PARAMETERS = 6
    FEWEST_TOKENS = 7
    MOST_TOKENS = 8


class Rule(IntEnum):
    """Bits of ``Costs.reason``."""

    ASPECT = 0
    GROUPS = 1
    SPLIT = 2
    RANGE = 3
    TRAINING = 4
    SERVING = 5


class Size(IntEnum):
    """Parameters of a model."""

    ALL = 0
    ACTIVE = 1  # those that a token visits
    EFFECTIVE = 2  # a dense 16-bit model's that would have the same loss
    BEYOND = 3  # how many times outside the range of a law's variables
    UNSEEN = 4  # how many times other than the tokens of a correction's runs


class Cost(IntEnum):
    """Metrics, in the model's order."""

    LOSS = 0
    EXCESS_LOSS = 1
    TTFT_S = 2
    TPOT_S = 3
    TOKENS_PER_S = 4
    SERVING_USD = 5
    MEMORY_BYTES = 6
    WEIGHTS_BYTES = 7
    KV_BYTES = 8
    TRAINING_USD = 9
    TRAINING_S = 10
    TRAINING_GPU_HOURS = 11
    TRAINING_BYTES = 12
    PARAMETERS = 13
    ACTIVE = 14
    EFFECTIVE = 15
    EXTRAPOLATION = 16
    UNSEEN_TOKENS = 17
    GPUS = 18
