"""The compiled loops over rows: evaluate, repair, and what may follow a prefix. Rows and tables as in `space.MappingSpace`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from archgym.batch import source_hash
from archgym.envs.accelerator.nest import compiled as nest
from archgym.envs.accelerator.nest.cost import NOT_COVERED, legal, level_cycles, level_energy
from archgym.envs.accelerator.nest.counts import READS, UPDATES, count_accesses, relevant, tile_bounds, tile_words
from archgym.jit import inlined

STEPS, CYCLES, ENERGY, MULTIPLIERS, DRAM_WORDS, OF_LEVELS = 0, 1, 2, 3, 4, 5
Kernel = Callable[..., None]


@inlined
def _decode(row, known, dims, primes, places, base, factors):
    """Fill ``factors`` (3, L, 8) from the first ``known`` knobs; later factors count as 1."""
    for axis in range(3):
        for i in range(base.shape[1]):
            for d in range(8):
                factors[axis, i, d] = base[axis, i, d]
    for k in range(min(known, dims.shape[0])):
        place = places[k, row[k]]
        factors[place % 3, place // 3, dims[k]] *= primes[k]


@inlined
def _spread(factors, spatial):
    for i in range(spatial.shape[0]):
        for d in range(8):
            spatial[i, d] = factors[1, i, d] * factors[2, i, d]


def make_evaluate(source: int) -> Kernel:
    """Costs of a batch: ``out`` (N, 5 + L) takes steps, cycles, pJ, multipliers, DRAM words, then pJ per level.

    The sums are those of `nest.cost.cost`, in its order, with every level's energy kept.
    """

    @njit(nogil=True, cache=True)
    def evaluate_rows(x, dims, primes, places, base, choices, columns, layer, keep, limits, ports, mac_pj, out, reason, excess):
        levels = base.shape[1]
        factors, order = np.ones((3, levels, 8), np.int64), np.zeros((levels, 8), np.int64)
        bounds, spatial = np.ones((levels + 1, 8), np.int64), np.ones((levels, 8), np.int64)
        counts = np.zeros((levels, 3, 3))
        macs = 1.0
        for d in range(8):
            macs *= layer[d]
        for n in range(x.shape[0] if source else 0):
            _decode(x[n], x.shape[1], dims, primes, places, base, factors)
            for i in range(levels):
                choice = x[n, columns[i]] if columns[i] >= 0 else 0
                for d in range(8):
                    order[i, d] = choices[i, choice, d]
            _spread(factors, spatial)
            tile_bounds(factors[0], spatial, bounds)
            reason[n], excess[n] = legal(layer, keep, limits, bounds, factors[1], factors[2])
            if reason[n]:
                continue
            steps = count_accesses(layer[8], keep, factors[0], order, spatial, bounds, counts)
            used, energy, cycles = 1.0, 0.0, steps
            for i in range(levels):
                out[n, 5 + i] = used * level_energy(ports[i], counts[i])
                energy += out[n, 5 + i]
                cycles = max(cycles, level_cycles(steps, ports[i], counts[i]))
                for d in range(8):
                    used *= spatial[i, d]
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = steps, cycles, energy + macs * mac_pj, used
            out[n, 4] = counts[0, :, READS].sum() + counts[0, :, UPDATES].sum()

    kernel: Kernel = evaluate_rows
    return kernel


def make_decode(source: int) -> Kernel:
    """Factors of a batch, ``out`` int64 (N, 3, L, 8): temporal, along X, along Y."""

    @njit(nogil=True, cache=True)
    def decode_rows(x, dims, primes, places, base, out):
        for n in range(x.shape[0] if source else 0):
            _decode(x[n], x.shape[1], dims, primes, places, base, out[n])

    kernel: Kernel = decode_rows
    return kernel


@inlined
def _kept_words(keep, b, stride):
    words = 0.0
    for t in range(3):
        if keep[t]:
            words += tile_words(t, b, stride)
    return words


@inlined
def _matter(keep, matter):
    """Fill ``matter`` (L, 8): whether a tensor that a level keeps has a tile that grows with a dim."""
    for i in range(keep.shape[0]):
        for d in range(8):
            matter[i, d] = False
            for t in range(3):
                matter[i, d] = matter[i, d] or (keep[i, t] and relevant(t, d))


@inlined
def _place(row, dims, primes, places, at, tiles, wide):
    """Fill where every knob's factor is ``at``, tile bounds ``tiles`` (L, 8) of all levels but the outermost, and factors
    along both axes ``wide`` (L, 3)."""
    tiles[:, :] = 1
    wide[:, :] = 1
    for k in range(dims.shape[0]):
        at[k] = places[k, row[k]]
        level, axis = at[k] // 3, at[k] % 3
        if axis:
            wide[level, axis] *= primes[k]
        for i in range(1, level + 1):
            tiles[i, dims[k]] *= primes[k]


@inlined
def _pick_inside(at, dims, primes, matter, level):
    """The knob to move out of a tile of ``level``: the outermost place, loops before axes, then the smallest prime."""
    best, found = 1 << 62, -1
    for k in range(dims.shape[0]):
        rank = (at[k] << 32) + primes[k]
        if at[k] >= 3 * level and matter[dims[k]] and rank <= best:
            best, found = rank, k
    return found


@inlined
def _pick_at(at, primes, wanted):
    """The knob with the smallest prime at a place, the last of equals."""
    best, found = 1 << 62, -1
    for k in range(primes.shape[0]):
        if at[k] == wanted and primes[k] <= best:
            best, found = primes[k], k
    return found


@inlined
def _move(row, k, wanted, places, at):
    while places[k, row[k]] != wanted:
        row[k] -= 1
    at[k] = wanted


def make_repair(source: int) -> Kernel:
    """Move factors outwards, in place, until rows are legal; see `model.MappingModel.repair`."""

    @njit(nogil=True, cache=True)
    def repair_rows(x, dims, primes, places, base, layer, keep, limits):
        levels = base.shape[1]
        tiles, wide = np.ones((levels, 8), np.int64), np.ones((levels, 3), np.int64)
        at, matter = np.zeros(dims.shape[0], np.int64), np.zeros((levels, 8), np.bool_)
        _matter(keep, matter)
        for n in range(x.shape[0] if source else 0):
            row = x[n]
            _place(row, dims, primes, places, at, tiles, wide)  # fixed factors are at the outermost level, and limit nothing
            for i in range(levels - 1, -1, -1):
                for axis in range(1, 3):
                    while wide[i, axis] > limits[i, axis]:
                        k = _pick_at(at, primes, 3 * i + axis)
                        wide[i, axis] //= primes[k]
                        _move(row, k, 3 * i, places, at)
                while i > 0 and _kept_words(keep[i], tiles[i], layer[8]) > limits[i, 0]:
                    k = _pick_inside(at, dims, primes, matter[i], i)
                    for j in range(i, at[k] // 3 + 1):
                        tiles[j, dims[k]] //= primes[k]
                    _move(row, k, 3 * (i - 1), places, at)

    kernel: Kernel = repair_rows
    return kernel


def make_open(source: int) -> Kernel:
    """Which places of knob ``len(prefix)`` do not break a limit by themselves, later factors counting as 1."""

    @njit(nogil=True, cache=True)
    def open_places(prefix, dims, primes, places, base, layer, keep, limits, allowed):
        levels, knob = base.shape[1], prefix.shape[0]
        factors = np.ones((3, levels, 8), np.int64)
        bounds, spatial = np.ones((levels + 1, 8), np.int64), np.ones((levels, 8), np.int64)
        _decode(prefix, knob, dims, primes, places, base, factors)
        for value in range(allowed.shape[0] if source else 0):
            place = places[knob, value]
            factors[place % 3, place // 3, dims[knob]] *= primes[knob]
            _spread(factors, spatial)
            tile_bounds(factors[0], spatial, bounds)
            reason, _ = legal(layer, keep, limits, bounds, factors[1], factors[2])
            allowed[value] = reason & ~NOT_COVERED == 0
            factors[place % 3, place // 3, dims[knob]] //= primes[knob]

    kernel: Kernel = open_places
    return kernel


_SOURCE = source_hash(Path(__file__).parent) ^ source_hash(Path(nest.__file__).parent) << 1
evaluate_rows, decode_rows, repair_rows, open_places = (
    make(_SOURCE) for make in (make_evaluate, make_decode, make_repair, make_open)
)
