"""Knobs of a systolic accelerator, and which designs can work at all.

Sizes of arrays and grids span SCALE-Sim's studies (8 x 8 to 256 x 256, scale-up against scale-out; ISPASS 2020). SRAMs are
named as CACTI knows them: depth x block words in so many banks; 2^10 to 2^16 blocks and 16 banks or more are the points of
our table.
"""

from __future__ import annotations

import numpy as np

from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray, Param

SIZES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
GRIDS = (1, 2, 4)
DEPTHS = tuple(2**k for k in range(10, 17))
BLOCKS = (1, 2, 4)
BANKS = (16, 32, 64, 128)
CHANNELS = (1, 2, 4, 8, 16)
BATCHES = (1, 2, 4, 8, 16, 32)
TENSORS = ("ifmap", "filter", "ofmap")

SPACE = DesignSpace(
    (
        Param("rows", SIZES, "", True, "rows of one array"),
        Param("cols", SIZES, "", True, "columns of one array"),
        Param("grid_rows", GRIDS, "", True, "rows of arrays: parts of what the dataflow folds over rows"),
        Param("grid_cols", GRIDS, "", True, "columns of arrays"),
        Param("dataflow", ("os", "ws", "is", "flexible"), "", False, "what stays; flexible takes the fastest per layer"),
        Param("block", BLOCKS, "words", True, "words per bank and access, all SRAMs"),
        *(Param(f"{t}_depth", DEPTHS, "blocks", True, f"blocks in the {t} SRAM of one array") for t in TENSORS),
        *(Param(f"{t}_banks", BANKS, "", True, f"banks of the {t} SRAM, each a block per cycle") for t in TENSORS),
        Param("dram_channels", CHANNELS, "", True, "DRAM channels, shared by all arrays"),
        Param("batch", BATCHES, "images", True, "images computed together"),
    )
)
COLUMN = {name: j for j, name in enumerate(SPACE.names)}
ROWS_PER_BANK = 64  # CACTI's smallest array; below it our table only scales linearly
RULES = (
    *(f"half the {t} SRAM is smaller than one array of stationary words" for t in TENSORS),
    *(f"the {t} SRAM has fewer than {ROWS_PER_BANK} blocks per bank" for t in TENSORS),
)
STATIONARY = (2, 1, 0)
"""Tensor that stays in the array under os, ws, is; a flexible array needs room for all three."""

_FLOW, _BLOCK = COLUMN["dataflow"], COLUMN["block"]
_DEPTH = [COLUMN[f"{t}_depth"] for t in TENSORS]
_BANKS = [COLUMN[f"{t}_banks"] for t in TENSORS]
_CELLS: IntArray = np.multiply.outer(np.array(SIZES), np.array(SIZES)).astype(np.int64)
_HALF: IntArray = (np.multiply.outer(np.array(BLOCKS), np.array(DEPTHS)) // 2).astype(np.int64)
_THIN: FloatArray = np.maximum(np.divide.outer(ROWS_PER_BANK * np.array(BANKS), np.array(DEPTHS)) - 1.0, 0.0)


def shortage(x: IntArray) -> FloatArray:
    """How many times too small each tensor's SRAM is, minus 1, per rule: ``float64 (N, 6)``; 0 where it is large enough.

    The next fold is loaded while the last one runs, so what stays in the array (rows x columns words) has to fit half of its
    double-buffered SRAM; and a bank of a few rows is no SRAM.
    """
    cells, flow = _CELLS[x[:, 0], x[:, 1]], x[:, _FLOW]
    short = np.zeros((len(x), len(RULES)))
    for dataflow, tensor in enumerate(STATIONARY):
        missing = cells / _HALF[x[:, _BLOCK], x[:, _DEPTH[tensor]]] - 1.0
        short[:, tensor] = np.where((flow == dataflow) | (flow == len(STATIONARY)), np.maximum(missing, 0.0), 0.0)
        short[:, len(TENSORS) + tensor] = _THIN[x[:, _BANKS[tensor]], x[:, _DEPTH[tensor]]]
    return short


def allowed(prefix: IntArray, knob: int) -> BoolArray | None:
    """Values of ``knob`` that can still become valid: exact for blocks, depths and banks; everything before leaves a way."""
    if knob != _BLOCK and knob not in (*_DEPTH, *_BANKS):
        return None
    kindest = SPACE.nvec - 1
    kindest[_BANKS] = 0
    trial = np.tile(kindest, (int(SPACE.nvec[knob]), 1))
    trial[:, :knob] = prefix
    trial[:, knob] = np.arange(len(trial))
    return np.asarray((shortage(trial) == 0.0).all(axis=1), dtype=np.bool_)


def enlarge(x: IntArray) -> IntArray:
    """Rows whose SRAMs fit: depths grow as far as needed, then blocks; valid rows stay as they are."""
    rows = np.array(x)
    while True:
        short = (shortage(rows) > 0.0).reshape(len(rows), 2, len(TENSORS)).any(axis=1)
        if not short.any():
            return rows
        grown = rows[:, _DEPTH] + short
        stuck = (grown >= len(DEPTHS)).any(axis=1)
        rows[:, _DEPTH] = np.minimum(grown, len(DEPTHS) - 1)
        rows[stuck, _BLOCK] += 1
