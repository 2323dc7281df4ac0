"""Synthetic block scores: a declared problem generator, **not data**. None are published per block that we know of.

The damage of keeping attention ``a`` and feed-forward part ``f`` in block ``i`` of ``B`` is ``w (x + y + x y / 2)``:

* ``w = exp(-2 i / (B - 1))`` times a log-normal factor (sigma 0.3): later blocks matter less, as pruning studies find of all
  but the very last (ShortGPT, arXiv 2403.03853);
* ``x`` and ``y`` are the nominal damages below, each alternative of each block times a log-normal factor of its own (sigma
  0.4); an alternative is never better than the wider one before it;
* what the whole block keeps is 0, and losing both halves hurts more than the sum.

The sum over blocks stands for what Puzzle adds up, the divergence of the outputs with one block replaced. The nominal damages
are ours, ordered by what is left of each half.
"""

from __future__ import annotations

import numpy as np

from archgym.space import FloatArray

ATTENTION_DAMAGE = (0.0, 0.02, 0.05, 0.1, 0.6, 1.0)  # in the order of `space.ATTENTIONS`
FFN_DAMAGE = (0.0, 0.01, 0.03, 0.12, 0.35, 0.42, 0.6, 0.8, 1.0)  # and of `space.FFNS`
DECAY, IMPORTANCE_SPREAD, SPREAD, TOGETHER = 2.0, 0.3, 0.4, 0.5


def scores(blocks: int, seed: int) -> FloatArray:
    """Damage of every pair of alternatives, ``float64 (blocks, attentions, ffns)``."""
    rng = np.random.default_rng([seed, blocks])
    depth = np.arange(blocks) / max(blocks - 1, 1)
    weight = np.exp(-DECAY * depth + IMPORTANCE_SPREAD * rng.standard_normal(blocks))
    x, y = (_drawn(rng, blocks, nominal) for nominal in (ATTENTION_DAMAGE, FFN_DAMAGE))
    both = x[:, :, None] + y[:, None, :] + TOGETHER * x[:, :, None] * y[:, None, :]
    return np.asarray(weight[:, None, None] * both)


def _drawn(rng: np.random.Generator, blocks: int, nominal: tuple[float, ...]) -> FloatArray:
    factors = np.exp(SPREAD * rng.standard_normal((blocks, len(nominal))))
    return np.asarray(np.maximum.accumulate(np.array(nominal) * factors, axis=1))
