"""The few layouts of a training run among which the model's own training picks the fastest that fits.

From plain data parallelism over sharded states to eight-way tensor parallelism with four pipeline stages, of the kind that
frameworks recommend from 0.1 to 100 billion parameters. All GPUs of the cluster are used, experts are spread over eight ranks.
"""

from __future__ import annotations

import numpy as np

from archgym.envs.parallelism.training.layout import ATTENTIONS, RECOMPUTES, Run
from archgym.errors import BadInput
from archgym.space import FloatArray

SEQUENCE, BATCH = 2048, 1024  # tokens of a sample, samples of an iteration: 2 million tokens, as Chinchilla's larger half
VOCABULARY = 32_000  # of the tokenizer that the laws were fitted with
EXPERT_RANKS = 8.0
# tensor, pipeline, ZeRO stage, micro-batch, recomputation
LAYOUTS = (
    (1, 1, 1, 4, "none"),
    (1, 1, 1, 1, "none"),
    (1, 1, 3, 2, "none"),
    (1, 1, 3, 1, "full"),
    (2, 1, 1, 4, "none"),
    (4, 1, 1, 4, "none"),
    (8, 1, 1, 8, "none"),
    (4, 4, 1, 1, "none"),
    (8, 2, 1, 2, "none"),
    (8, 4, 1, 1, "none"),
)
LARGEST = max(tp * pp for tp, pp, *_ in LAYOUTS)


def runs(gpus: int) -> FloatArray:
    """The layouts on so many GPUs, ``float64 (layouts, len(Run))``; format and expert ranks are the design's.

    Raises:
        BadInput: the GPUs cannot hold every layout, or have no whole micro-batch each.
    """
    if gpus % LARGEST or BATCH % gpus:
        raise BadInput(f"option gpus: must be a power of two from {LARGEST} to {BATCH}, got {gpus}")
    rows = np.zeros((len(LAYOUTS), len(Run)))
    for row, (tp, pp, zero, micro, recompute) in zip(rows, LAYOUTS, strict=True):
        row[[Run.TP, Run.PP, Run.DP, Run.CP, Run.EP, Run.CHUNKS]] = tp, pp, gpus // (tp * pp), 1, 1, 1
        row[Run.MICRO_BATCH] = min(micro, BATCH * tp * pp // gpus)
        row[Run.ZERO], row[Run.RECOMPUTE] = zero, RECOMPUTES.index(recompute)
        row[Run.SEQUENCE_PARALLEL], row[Run.OVERLAP] = tp > 1, 1.0
        row[Run.ATTENTION], row[Run.GRAD_BYTES] = ATTENTIONS.index("flash"), 4.0
    return rows
