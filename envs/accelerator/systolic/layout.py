"""Columns of the tables that `roles` and `model` fill and the kernel reads."""

from __future__ import annotations

from enum import IntEnum


class Each(IntEnum):
    """Of one group of a layer, per batch and dataflow, in words unless said otherwise."""

    T = 0  # length of the stream
    X = 1  # distinct words of X
    X_UNROLLED = 2  # words of X as the array takes them
    Y = 3
    Z = 4
    Z_UNROLLED = 5
    GROUPS = 6
    TIMES = 7  # how often the layer occurs
    MACS = 8  # of all groups
    SC = 9


class Row(IntEnum):
    """What array rows and grid rows decide."""

    PARTS = 0
    FOLDS = 1  # of the largest part
    ALL_FOLDS = 2
    PART = 3  # Sr of the largest part
    SHIFTS = 4  # register hops per column while the array is loaded or drained, all folds
    X_TILE = 5
    X_PART = 6
    X_LINE = 7
    X_SWEEP = 8
    Z_PART = 9
    Z_LINE = 10
    Z_SWEEP = 11


class Col(IntEnum):
    """What array columns and grid columns decide."""

    PARTS = 0
    FOLDS = 1
    ALL_FOLDS = 2
    PART = 3
    Y_TILE = 4
    Y_PART = 5
    Z_PIXELS = 6  # inputs that stay: footprint of one column fold


class Sram(IntEnum):
    """Of one SRAM, per block size, depth and banks."""

    HALF_WORDS = 0  # what one of the two buffers holds
    READ_PJ = 1  # per word
    WRITE_PJ = 2
    CYCLES_PER_WORD = 3
    AREA_UM2 = 4
    LEAKAGE_W = 5


class Index(IntEnum):
    """Of one design: where to look, and the array's own size."""

    BATCH = 0
    DATAFLOW = 1
    BY_ROW = 2
    BY_COL = 3
    GRID = 4
    CHANNELS = 5
    IFMAP = 6
    FILTER = 7
    OFMAP = 8
    ROWS = 9
    COLS = 10


class Out(IntEnum):
    """What the kernel gives of a layer, all its groups, once; of a network, summed over layers and their counts."""

    CYCLES = 0  # the largest of the next three
    COMPUTE = 1
    PORTS = 2
    DRAM = 3
    SRAM_WORDS = 4
    SRAM_PJ = 5
    REGISTER_PJ = 6
    IFMAP_READS = 7  # words between SRAM and array
    FILTER_READS = 8
    OFMAP_WRITES = 9
    IFMAP_DRAM = 10  # words between DRAM and SRAM
    FILTER_DRAM = 11
    OFMAP_DRAM = 12
    DATAFLOW = 13  # that ran; no sum


N_LAYER, N_ROW, N_COL, N_SRAM, N_INDEX, N_OUT = len(Each), len(Row), len(Col), len(Sram), len(Index), len(Out)
