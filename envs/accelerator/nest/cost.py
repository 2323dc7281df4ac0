"""From access counts to cycles and energy, and whether a mapping fits: the same arithmetic, in the same order, as Timeloop."""

from __future__ import annotations

import math

from archgym.jit import inlined

from .counts import FILLS, READS, UPDATES, tile_words

BLOCK, READ_BANDWIDTH, WRITE_BANDWIDTH, READ_PJ, WRITE_PJ = 0, 1, 2, 3, 4
NOT_COVERED, TOO_LARGE, TOO_WIDE, TOO_HIGH = 1, 2, 4, 8


@inlined
def level_cycles(steps, port, counts):
    """Cycles that one level's ports need, for counts ``(3, 3)`` per instance: reads and writes go on side by side.

    In doubles, words per step summed over the tensors, as Timeloop computes it: the last bit can decide a ``ceil``.
    """
    read, write = 0.0, 0.0
    for t in range(3):
        read += counts[t, READS] / steps
        write += (counts[t, FILLS] + counts[t, UPDATES]) / steps
    slowdown = 1.0
    if read > port[READ_BANDWIDTH]:
        slowdown = port[READ_BANDWIDTH] / read
    if write > port[WRITE_BANDWIDTH]:
        slowdown = min(slowdown, port[WRITE_BANDWIDTH] / write)
    return math.ceil(steps / slowdown)


@inlined
def level_energy(port, counts):
    """Energy in pJ of one instance: every tensor's reads and writes in whole blocks."""
    energy = 0.0
    for t in range(3):
        energy += math.ceil(counts[t, READS] / port[BLOCK]) * port[READ_PJ]
        writes = math.ceil(counts[t, FILLS] / port[BLOCK]) + math.ceil(counts[t, UPDATES] / port[BLOCK])
        energy += writes * port[WRITE_PJ]
    return energy


@inlined
def cost(layer, ports, mac_pj, spatial, steps, counts):
    """Cycles, energy in pJ, and multipliers used.

    Levels work at the same time, with perfect overlap: the slowest decides, nothing fills or drains. Energy is that of the
    instances used and of the multiplications; wires, adders of the network and address generators are not counted here.
    """
    cycles, energy, used, macs = steps, 0.0, 1.0, 1.0
    for d in range(8):
        macs *= layer[d]
    for i in range(ports.shape[0]):
        cycles = max(cycles, level_cycles(steps, ports[i], counts[i]))
        energy += used * level_energy(ports[i], counts[i])
        for d in range(8):
            used *= spatial[i, d]
    return cycles, energy + macs * mac_pj, used


@inlined
def legal(layer, keep, limits, bounds, along_x, along_y):
    """Broken rules as bits, and by which factor in all the limits are exceeded (as a sum of logarithms, 0 if legal)."""
    reason, excess = 0, 0.0
    for d in range(8):
        if bounds[0, d] != layer[d]:
            reason |= NOT_COVERED
            excess += abs(math.log(bounds[0, d] / layer[d]))
    for i in range(keep.shape[0]):
        words, x, y = 0.0, 1, 1
        for t in range(3):
            if keep[i, t]:
                words += tile_words(t, bounds[i], layer[8])
        for d in range(8):
            x *= along_x[i, d]
            y *= along_y[i, d]
        if words > limits[i, 0]:
            reason |= TOO_LARGE
            excess += math.log(words / max(limits[i, 0], 1))
        if x > limits[i, 1]:
            reason |= TOO_WIDE
            excess += math.log(x / limits[i, 1])
        if y > limits[i, 2]:
            reason |= TOO_HIGH
            excess += math.log(y / limits[i, 2])
    return reason, excess
