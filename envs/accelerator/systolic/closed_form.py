"""SCALE-Sim's systolic array in closed form: compute cycles, SRAM accesses, DRAM traffic without capacity misses.

A convolution is a matrix product of ``pixels`` x ``window`` by ``window`` x ``filters``. On an array of R rows and C columns
each dataflow folds two of the three over the array (Sr over rows, Sc over columns) and streams the third (T):

===  =======  =======  =======  ======================  ===========================
     Sr       Sc       T        cycles of one fold      what stays in the array
===  =======  =======  =======  ======================  ===========================
os   pixels   filters  window   T + R + C - 2           outputs
ws   window   filters  pixels   T + 2 R + C - 2         weights, loaded in R cycles
is   window   pixels   filters  T + 2 R + C - 2         inputs, loaded in R cycles
===  =======  =======  =======  ======================  ===========================

Source: Samajdar et al., ISPASS 2020; checked against SCALE-Sim 3.0.0 itself (see `fidelity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Dataflow = Literal["os", "ws", "is"]
DATAFLOWS: tuple[Dataflow, ...] = ("os", "ws", "is")


@dataclass(frozen=True)
class Product:
    """One group of a layer as a matrix product.

    Args:
        pixels: output pixels, over all images of a batch.
        window: filter height x width x input channels of the group.
        filters: output channels of the group.
        repeat: number of groups, which run one after the other as in SCALE-Sim.
    """

    pixels: int
    window: int
    filters: int
    repeat: int = 1

    def spread(self, dataflow: Dataflow) -> tuple[int, int, int]:
        """``(Sr, Sc, T)``: what is folded over rows, over columns, and streamed."""
        if dataflow == "os":
            return self.pixels, self.filters, self.window
        if dataflow == "ws":
            return self.window, self.filters, self.pixels
        return self.window, self.pixels, self.filters


@dataclass(frozen=True)
class Accesses:
    """Words that the array reads from the input and weight SRAMs and writes to the output SRAM."""

    ifmap_reads: int
    filter_reads: int
    ofmap_writes: int


def folds(product: Product, rows: int, cols: int, dataflow: Dataflow) -> tuple[int, int]:
    """Folds over rows and over columns of one group."""
    sr, sc, _ = product.spread(dataflow)
    return -(-sr // rows), -(-sc // cols)


def fold_overhead(rows: int, cols: int, dataflow: Dataflow) -> int:
    """Cycles of a fold beyond its stream: skewed fill and drain, and the load of what stays."""
    return (1 if dataflow == "os" else 2) * rows + cols - 2


def compute_cycles(product: Product, rows: int, cols: int, dataflow: Dataflow) -> int:
    """Cycles of a layer that never waits for memory. SCALE-Sim's "total cycles" report is this minus 1."""
    row_folds, col_folds = folds(product, rows, cols, dataflow)
    stream = product.spread(dataflow)[2]
    return product.repeat * row_folds * col_folds * (stream + fold_overhead(rows, cols, dataflow))


def sram_accesses(product: Product, rows: int, cols: int, dataflow: Dataflow, *, scalesim: bool = False) -> Accesses:
    """Words between the SRAMs and the array.

    Args:
        scalesim: count output writes as SCALE-Sim 3.0.0 reports them under ``os``: it adds rows + columns to the counter once
            per fold, which are no writes.
    """
    sr, sc, stream = product.spread(dataflow)
    row_folds, col_folds = folds(product, rows, cols, dataflow)
    by_row, by_col, stay = sr * stream * col_folds, stream * sc * row_folds, sr * sc
    if dataflow == "os":
        surplus = row_folds * col_folds * (rows + cols) if scalesim else 0
        counts = by_row, by_col, stay + surplus
    elif dataflow == "ws":
        counts = by_row, stay, by_col
    else:
        counts = stay, by_row, by_col
    return Accesses(*(product.repeat * n for n in counts))


def prefetched_words(product: Product, rows: int, cols: int, dataflow: Dataflow, words_per_cycle: int = 10) -> tuple[int, int]:
    """DRAM reads of inputs and weights where SCALE-Sim prefetches under a given bandwidth (its ``USER`` mode).

    It lists the unrolled operands fold by fold, the idle rows and columns of the last fold included, and asks for them once, in
    whole requests of ``words_per_cycle`` words. Nothing is shared between the overlapping windows of a convolution.
    """
    sr, _, stream = product.spread(dataflow)
    row_folds, col_folds = folds(product, rows, cols, dataflow)
    by_row, by_col = row_folds * rows * stream, col_folds * cols * stream
    stay = sr * col_folds * cols
    words = {"os": (by_row, by_col), "ws": (by_row, stay), "is": (stay, by_row)}[dataflow]
    ifmap, weights = (product.repeat * -(-n // words_per_cycle) * words_per_cycle for n in words)
    return ifmap, weights
