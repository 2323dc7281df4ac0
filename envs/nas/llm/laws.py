"""Published scaling laws, and the range each was fitted on.

**Loss** (nats per token): ``E + A / N^alpha + B / D^beta`` of N parameters and D tokens, in one of three fits that are never
mixed, as each has its own data and its own E:

* ``epoch``: Besiroglu et al. 2024 (arXiv 2404.10102), a refit of Hoffmann et al.'s runs; the default, its optimum of 18 tokens
  per parameter at 5.8e23 FLOP is the one that Chinchilla was built by.
* ``hoffmann``: Hoffmann et al. 2022 (arXiv 2203.15556), approach 3 as printed; its rounded exponents ask for 93 instead.
* ``muennighoff``: Muennighoff et al. 2023 (arXiv 2305.16264) on C4, without its terms for repeated data: all tokens are new.

N counts every parameter that a token visits, embeddings included, as Hoffmann et al. do.

**Mixtures** (Clark et al. 2022, arXiv 2202.01169, S-BASE): ``log10 L = a n + b e + c n e + d``, ``n = log10 N``, ``e`` of a
saturated number of experts. The dense model of the same loss has ``n' = (a n + b (e - e1) + c n e) / (a + c e1)``. Every other
layer is routed, as in their runs. Of two experts a token the law takes E / 2: what their second form knows is the ratio of
all parameters to active ones.

**Formats** (Kumar et al. 2024, arXiv 2411.04330): ``N_eff = N (1 - exp(-Pw / gw)) (1 - exp(-Pa / ga))`` of a model trained with
weights of Pw and activations of Pa bits; divided by the same at 16 bits, which the laws of the loss were measured in. The cache
stays at 16 bits. Quantising after training is not offered: not all of its constants could be checked.

Both corrections act as factors on N and leave E, A and B alone; neither formula knows tokens, so that the factors are *assumed*
to be the same for any number of them. Their runs saw 130 billion tokens, and up to 26. ``Size.BEYOND`` tells how many times a
design is outside the range of a variable that some law takes, ``Size.UNSEEN`` how far its tokens are from those of the
corrections' runs.
"""

from __future__ import annotations

from math import exp, log10
from typing import Any

import numpy as np

from archgym.errors import BadInput, did_you_mean
from archgym.jit import inlined
from archgym.space import FloatArray

from .layout import Fit, Size

# E, A, alpha, B, beta; fewest and most parameters, fewest and most tokens of the runs (the papers' abstracts)
LAWS: dict[str, tuple[float, ...]] = {
    "epoch": (1.8172, 482.01, 0.3478, 2085.43, 0.3658, 70e6, 16e9, 5e9, 500e9),
    "hoffmann": (1.69, 406.4, 0.34, 410.7, 0.28, 70e6, 16e9, 5e9, 500e9),
    "muennighoff": (1.87, 521.0, 0.353, 1488.0, 0.353, 7e6, 9e9, 1e8, 900e9),
}
BITS = (16.0, 8.0, 4.0)  # of the formats, in the order of `space.FORMATS`
ROUTED_A, ROUTED_B, ROUTED_C = -0.082, -0.108, 0.009  # d drops out
EXPERTS_START, EXPERTS_MOST = 1.847, 314.478
ROUTED_FEWEST, ROUTED_MOST, ROUTED_EXPERTS = 15e6, 1.3e9, 512.0  # parameters of the dense base, experts
ROUTED_TOKENS = 130e9
GAMMA_WEIGHTS, GAMMA_ACTIVATIONS = 2.6745, 2.2102
NARROW_FEWEST, NARROW_MOST, NARROW_TOKENS = 30e6, 1.7e9, 26e9  # fitted on 30 to 220 million parameters, checked up to 1.7e9


def law(name: str) -> FloatArray:
    """Constants and range of a law, ``float64 (len(Fit),)``.

    Raises:
        BadInput: there is none of that name.
    """
    if name not in LAWS:
        raise BadInput(f"there is no scaling law '{name}'" + did_you_mean(name, LAWS))
    return np.array(LAWS[name])


@inlined
def excess(n: float, d: float, fit: Any) -> Any:
    """Loss above E of a dense 16-bit model of ``n`` parameters after ``d`` tokens, nats per token."""
    return fit[Fit.A] / n ** fit[Fit.ALPHA] + fit[Fit.B] / d ** fit[Fit.BETA]


@inlined
def saturated(experts: float) -> Any:
    """Clark's number of experts that count, from ``EXPERTS_START`` at one to ``EXPERTS_MOST``."""
    start = 1.0 / (1.0 / EXPERTS_START - 1.0 / EXPERTS_MOST)
    return 1.0 / (1.0 / (experts - 1.0 + start) + 1.0 / EXPERTS_MOST)


@inlined
def routed(n: float, experts: float) -> Any:
    """Parameters of the dense model that a mixture of ``n`` active ones equals."""
    if experts <= 1.0:
        return n
    size, e, one = log10(n), log10(saturated(experts)), log10(EXPERTS_START)
    dense = (ROUTED_A * size + ROUTED_B * (e - one) + ROUTED_C * size * e) / (ROUTED_A + ROUTED_C * one)
    return max(10.0**dense, n)  # the law itself has an end: beyond it routing gains nothing


@inlined
def kept(weights: float, activations: float) -> Any:
    """Share of the parameters that still count at so many bits, relative to 16."""
    share = (1.0 - exp(-weights / GAMMA_WEIGHTS)) * (1.0 - exp(-activations / GAMMA_ACTIVATIONS))
    return share / ((1.0 - exp(-16.0 / GAMMA_WEIGHTS)) * (1.0 - exp(-16.0 / GAMMA_ACTIVATIONS)))


@inlined
def outside(value: float, fewest: float, most: float) -> Any:
    """How many times a value is outside a range; 1 inside."""
    return max(value / most, fewest / value, 1.0)


@inlined
def effective(experts: float, weights: float, activations: float, tokens: float, fit: Any, size: Any) -> None:
    """Fill ``size`` behind ``ACTIVE``, from experts per chosen one, bits and training tokens."""
    active = size[Size.ACTIVE]
    beyond = outside(active, fit[Fit.FEWEST_PARAMETERS], fit[Fit.MOST_PARAMETERS])
    beyond, unseen = max(beyond, outside(tokens, fit[Fit.FEWEST_TOKENS], fit[Fit.MOST_TOKENS])), 1.0
    if experts > 1.0:
        beyond = max(beyond, outside(active, ROUTED_FEWEST, ROUTED_MOST), experts / ROUTED_EXPERTS)
        unseen = outside(tokens, ROUTED_TOKENS, ROUTED_TOKENS)
    if weights < 16.0 or activations < 16.0:
        beyond, unseen = max(beyond, outside(active, NARROW_FEWEST, NARROW_MOST)), max(unseen, tokens / NARROW_TOKENS)
    size[Size.EFFECTIVE] = routed(active, experts) * kept(weights, activations)
    size[Size.BEYOND], size[Size.UNSEEN] = beyond, unseen
