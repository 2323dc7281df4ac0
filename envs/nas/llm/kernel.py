"""The compiled loop over designs: shape, laws, the fastest training layout that fits, the service.

A row whose shape is the one before's takes over what was computed for it, so that walking a space in order costs little more
than its shapes. The result of a row depends on nothing but the row.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.parallelism import network, serving, training
from archgym.envs.parallelism.serving.fits import shortages
from archgym.envs.parallelism.serving.layout import Design, Part
from archgym.envs.parallelism.serving.layout import Out as Served
from archgym.envs.parallelism.serving.service import serve
from archgym.envs.parallelism.training.iteration import iteration
from archgym.envs.parallelism.training.layout import Machine, Mem, Net, Out, Run
from archgym.envs.parallelism.training.memory import memory
from archgym.envs.parallelism.training.rules import Rule as Legal
from archgym.envs.parallelism.training.rules import structure
from archgym.jit import inlined

from .laws import BITS, effective, excess
from .layout import Col, Cost, Fit, Rule, Size
from .layouts import BATCH, EXPERT_RANKS, SEQUENCE, VOCABULARY
from .space import MOST_QUERIES, NARROWEST, SHAPE, WIDEST

FARTHEST = 10.0  # times beyond a law's range
N_NET, N_MEM, N_OUT, N_LEGAL, N_PART = len(Net), len(Mem), len(Out), len(Legal), len(Part)
N_SERVED, N_DESIGN, N_SIZE = len(Served), len(Design), len(Size)
SERVING_RULES = 6
CONTINUOUS, LOAD, CACHE_BYTES = 1.0, 0.9, 2.0
ITEM_BYTES = (2.0, 1.0, 0.5625)  # of a weight, scales included
FORMATS = len(BITS)
SECONDS, FULLEST = 0, 1  # columns of what training a shape costs


@inlined
def shape(row: Any, n: Any) -> None:
    """Fill the model's vector from a design."""
    layers, width = row[Col.LAYERS], row[Col.WIDTH]
    n[:] = 0.0
    n[Net.LAYERS], n[Net.HIDDEN], n[Net.HEAD_DIM] = layers, width, row[Col.HEAD_DIM]
    n[Net.HEADS], n[Net.KV_HEADS] = width / row[Col.HEAD_DIM], row[Col.KV_HEADS]
    n[Net.FFN], n[Net.VOCAB] = row[Col.FFN_RATIO] * width, VOCABULARY
    n[Net.GATED], n[Net.TIED], n[Net.ATTENDED] = 1.0, 1.0, 1.0
    n[Net.SEQUENCE], n[Net.BATCH] = SEQUENCE, BATCH
    if row[Col.EXPERTS] > 1.0:
        n[Net.EXPERTS], n[Net.TOP_K] = row[Col.EXPERTS], row[Col.TOP_K]
        n[Net.DENSE_LAYERS], n[Net.DENSE_FFN] = layers / 2.0, n[Net.FFN]


@inlined
def count(n: Any, size: Any) -> None:
    """Fill all and active parameters."""
    h, part = n[Net.HIDDEN], 3.0 * n[Net.HIDDEN] * n[Net.FFN]
    common = 2.0 * h * n[Net.HEAD_DIM] * (n[Net.HEADS] + n[Net.KV_HEADS]) * n[Net.LAYERS] + n[Net.VOCAB] * h
    mixed = n[Net.LAYERS] - n[Net.DENSE_LAYERS] if n[Net.EXPERTS] > 0.0 else 0.0
    common += (n[Net.LAYERS] - mixed) * part + mixed * h * n[Net.EXPERTS]
    size[Size.ALL] = common + mixed * n[Net.EXPERTS] * part
    size[Size.ACTIVE] = common + mixed * n[Net.TOP_K] * part


@inlined
def judge(row: Any, n: Any, size: Any, far: Any) -> Any:
    """Fill ``far`` with the distances from the rules of the shape and of the laws; returns their sum."""
    far[:] = 0.0
    aspect, queries = row[Col.WIDTH] / row[Col.LAYERS], n[Net.HEADS] / n[Net.KV_HEADS]
    far[Rule.ASPECT] = max(aspect / WIDEST, NARROWEST / aspect, 1.0) - 1.0
    far[Rule.GROUPS] = max(queries / MOST_QUERIES, 1.0 / queries, 1.0) - 1.0 + queries % 1.0
    far[Rule.SPLIT] = row[Col.TP] / n[Net.HEADS] if n[Net.HEADS] % row[Col.TP] > 0.0 else 0.0
    far[Rule.RANGE] = max(size[Size.BEYOND] / FARTHEST - 1.0, 0.0)
    return far[Rule.ASPECT] + far[Rule.GROUPS] + far[Rule.SPLIT] + far[Rule.RANGE]


@inlined
def train(n: Any, m: Any, runs: Any, kind: int, time: Any, room: Any, r: Any, legal: Any, mem: Any, t: Any, found: Any) -> Any:
    """Seconds of the fastest layout's iteration and its memory into ``found``; returns how far the nearest is from fitting."""
    nearest, best = np.inf, np.inf
    for j in range(runs.shape[0]):
        for c in range(r.size):
            r[c] = runs[j, c]
        r[Run.PRECISION] = kind
        r[Run.EP] = EXPERT_RANKS if n[Net.EXPERTS] > 0.0 else 1.0
        structure(n, m, r, legal)  # type: ignore[no-untyped-call]
        far = 0.0
        for c in range(legal.size):
            far += legal[c]
        if far == 0.0:
            memory(n, m, r, room, mem)  # type: ignore[no-untyped-call]
            far = max(mem[Mem.TOTAL] / m[Machine.HBM_BYTES] - 1.0, 0.0)
        nearest = min(nearest, far)
        if far > 0.0:
            continue
        iteration(n, m, r, time, t)  # type: ignore[no-untyped-call]
        if t[Out.ITERATION] < best:
            best = t[Out.ITERATION]
            found[SECONDS], found[FULLEST] = best, mem[Mem.TOTAL]
    return nearest


@inlined
def ask(row: Any, d: Any) -> None:
    """Fill the service's design."""
    d[:] = 0.0
    d[Design.TP], d[Design.PP], d[Design.EP], d[Design.PREFILL_TP] = row[Col.TP], 1.0, 1.0, 1.0
    d[Design.BATCH], d[Design.SCHEDULER], d[Design.LOAD] = row[Col.BATCH], CONTINUOUS, LOAD
    d[Design.WEIGHT_BYTES], d[Design.KV_BYTES] = ITEM_BYTES[int(row[Col.WEIGHTS])], CACHE_BYTES


@inlined
def answer(n: Any, m: Any, use: Any, k: Any, row: Any, d: Any, short: Any, part: Any, out: Any) -> Any:
    """Fill the service's columns; returns how far its memory is from fitting."""
    ask(row, d)
    far = shortages(n, m, m, use, d, short)
    if far == 0.0:
        serve(n, m, m, k, use, d, part, out)
    return far


@inlined
def price(row: Any, m: Any, fit: Any, size: Any, trained: Any, served: Any, cost: Any) -> None:
    """Fill the metrics."""
    above = excess(size[Size.EFFECTIVE], row[Col.TOKENS], fit)
    cost[Cost.LOSS], cost[Cost.EXCESS_LOSS] = fit[Fit.E] + above, above
    rate = served[Served.TOKENS_PER_S]
    cost[Cost.TTFT_S], cost[Cost.TPOT_S], cost[Cost.TOKENS_PER_S] = served[Served.TTFT], served[Served.TPOT], rate
    cost[Cost.SERVING_USD] = served[Served.USD_PER_HOUR] / 3600.0 / rate * 1e6
    cost[Cost.MEMORY_BYTES], cost[Cost.WEIGHTS_BYTES] = served[Served.MEMORY], served[Served.WEIGHTS]
    cost[Cost.KV_BYTES] = served[Served.KV]
    seconds = row[Col.TOKENS] / (SEQUENCE * BATCH) * trained[SECONDS]
    cost[Cost.TRAINING_S], cost[Cost.TRAINING_GPU_HOURS] = seconds, seconds * m[Machine.GPUS] / 3600.0
    cost[Cost.TRAINING_USD] = cost[Cost.TRAINING_GPU_HOURS] * m[Machine.USD_PER_HOUR]
    cost[Cost.TRAINING_BYTES], cost[Cost.PARAMETERS] = trained[FULLEST], size[Size.ALL]
    cost[Cost.ACTIVE], cost[Cost.EFFECTIVE] = size[Size.ACTIVE], size[Size.EFFECTIVE]
    cost[Cost.EXTRAPOLATION], cost[Cost.UNSEEN_TOKENS], cost[Cost.GPUS] = size[Size.BEYOND], size[Size.UNSEEN], row[Col.TP]


@inlined
def alike(one: Any, other: Any, start: int, stop: int) -> bool:
    """Whether two designs have the same values in some columns."""
    for j in range(start, stop):  # noqa: SIM110 (numba compiles no generators inline)
        if one[j] != other[j]:
            return False
    return True


def make_loop(source: int) -> Callable[..., None]:
    """The loop over a batch; ``source`` makes the disk cache follow every file that it is made of."""

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def loop(
        designs: Any, fit: Any, cluster: Any, runs: Any, time: Any, room: Any, server: Any, use: Any, k: Any, out: Any, far: Any
    ) -> None:
        n, size, r, legal, mem = np.zeros(N_NET), np.zeros(N_SIZE), runs[0].copy(), np.zeros(N_LEGAL), np.zeros(N_MEM)
        t, d, short, part = np.zeros(N_OUT), np.zeros(N_DESIGN), np.zeros(SERVING_RULES), np.zeros(N_PART)
        trained, fits = np.zeros((FORMATS, 2)), np.full(FORMATS, -1.0)
        served, room_left, shaped, asked = np.zeros(N_SERVED), 0.0, -1, -1
        for i in range(designs.shape[0] if source else 0):
            row = designs[i]
            if shaped < 0 or not alike(row, designs[shaped], 0, SHAPE):
                shape(row, n)
                count(n, size)
                fits[:] = -1.0
                shaped, asked = i, -1
            weights, kind = BITS[int(row[Col.WEIGHTS])], int(row[Col.TRAINING])
            effective(max(row[Col.EXPERTS] / row[Col.TOP_K], 1.0), weights, BITS[kind], row[Col.TOKENS], fit, size)
            if judge(row, n, size, far[i]) > 0.0:
                continue
            if fits[kind] < 0.0:
                fits[kind] = train(n, cluster, runs, kind, time, room, r, legal, mem, t, trained[kind])
            if asked < 0 or not alike(row, designs[asked], Col.WEIGHTS, Col.TRAINING):
                room_left = answer(n, server, use, k, row, d, short, part, served)
                asked = i
            far[i, Rule.TRAINING], far[i, Rule.SERVING] = fits[kind], room_left
            if fits[kind] == 0.0 and room_left == 0.0:
                price(row, cluster, fit, size, trained[kind], served, out[i])

    kernel: Callable[..., None] = loop
    return kernel


def _source() -> int:
    folders = [Path(module.__file__ or "").parent for module in (network, serving, training)]
    found = source_hash(Path(__file__).parent)
    for folder in folders:
        found ^= source_hash(folder)
    return found | 1


loop = make_loop(_source())
