"""What a layer asks of an array, per dataflow and array shape, as tables that the kernel only has to look up.

Every dataflow has the same shape (see `closed_form`): Sr is folded over rows, Sc over columns, T is streamed. So the
tensors have three roles: X (Sr x T) changes with the row fold, Y (T x Sc) with the column fold, Z (Sr x Sc) with both and
stays in the array.

==  =======  =======  =======
    X        Y        Z
==  =======  =======  =======
os  inputs   weights  outputs
ws  inputs   outputs  weights
is  weights  outputs  inputs
==  =======  =======  =======

**Several arrays** (SCALE-Sim's scale-out, Samajdar et al., ISPASS 2020): an ungrouped layer is cut into
a grid of ``ceil(Sr / grid rows)`` by ``ceil(Sc / grid cols)`` parts, one per array; the largest part decides the time.
Groups of a grouped or depthwise layer are dealt out whole, one to an array at a time. Halos between parts are left out.

**Inputs in the SRAM** lie as they are, not unrolled, so overlapping windows share words. With W the input's width, H W
words per channel, C channels, a filter of R x S and a window ordered by channel first:

* p neighbouring pixels need ``C ((R - 1) W + S)`` words for the first window with its retained rows, and ``C H W / pixels``
  fresh words for each further one: :func:`_footprint`;
* a slice of r window rows touches ``ceil(r / R S)`` channels, and one more where R S does not divide r, as does every sweep
  over the slices for each boundary that cuts a channel: :func:`_channels`, :func:`_sweep`.

**Batches** are further pixels of every layer. Only the products of an attention (groups of
plain products: R = S = Q = 1) have "weights" that belong to one image, so there a batch is further groups.

All counts are of one group and exact in float64 (below 2^53).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archgym.space import FloatArray

from ..layer import Layer, Network
from .closed_form import DATAFLOWS, Dataflow, Product
from .layout import N_COL, N_LAYER, N_ROW, Col, Each, Row


@dataclass(frozen=True)
class Job:
    """One group of a layer on a batch of images, under one dataflow."""

    layer: Layer
    batch: int
    dataflow: Dataflow

    @property
    def images(self) -> int:
        """Images that share one group's weights: all, but for the products of an attention (see the module)."""
        return self.layer.N * (1 if attends(self.layer) else self.batch)

    @property
    def product(self) -> Product:
        """The matrix product of one group."""
        a = self.layer
        return Product(self.images * a.P * a.Q, a.R * a.S * a.C, a.M, groups(a, self.batch))

    @cached_property
    def spread(self) -> tuple[int, int, int]:
        """``(Sr, Sc, T)``."""
        return self.product.spread(self.dataflow)

    @property
    def channel(self) -> int:
        """Words of one input channel over the batch."""
        return self.images * self.layer.input_height * self.layer.input_width

    @property
    def unrolled(self) -> int:
        """Words of the inputs, every window apart."""
        return self.product.pixels * self.product.window

    @property
    def inputs(self) -> int:
        """Distinct input words: what a stride jumps over is not fetched."""
        return min(self.channel * self.layer.C, self.unrolled)


def attends(layer: Layer) -> bool:
    """Whether both operands belong to one image: groups of plain matrix products."""
    return layer.G > 1 and layer.R == layer.S == layer.Q == 1


def groups(layer: Layer, batch: int) -> int:
    """Groups of a batch."""
    return layer.G * (batch if attends(layer) else 1)


def network_tables(
    network: Network, batches: tuple[int, ...], rows: list[tuple[int, int]], cols: list[tuple[int, int]]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Tables of a network for all batches, dataflows and ``(array, grid)`` sizes.

    Returns:
        ``float64 (batches, 3, L, N_LAYER)``, ``(batches, 3, rows, L, N_ROW)`` and ``(batches, 3, cols, L, N_COL)``; the columns
        are those of `layout.Each`, `layout.Row` and `layout.Col`.
    """
    shape, count = (len(batches), len(DATAFLOWS)), len(network.layers)
    each = np.zeros((*shape, count, N_LAYER))
    by_row = np.zeros((*shape, len(rows), count, N_ROW))
    by_col = np.zeros((*shape, len(cols), count, N_COL))
    for b, batch in enumerate(batches):
        for d, dataflow in enumerate(DATAFLOWS):
            for k, (layer, times) in enumerate(network.layers):
                job = Job(layer, batch, dataflow)
                each[b, d, k] = _each(job, times)
                by_row[b, d, :, k] = [_row(job, *size) for size in rows]
                by_col[b, d, :, k] = [_col(job, *size) for size in cols]
    return each, by_row, by_col


def _each(job: Job, times: int) -> list[float]:
    sr, sc, stream = job.spread
    x = job.inputs if job.dataflow != "is" else sr * stream
    z = job.inputs if job.dataflow == "is" else sr * sc
    out = {
        Each.T: stream, Each.X: x, Each.X_UNROLLED: sr * stream, Each.Y: stream * sc, Each.Z: z, Each.Z_UNROLLED: sr * sc,
        Each.GROUPS: job.product.repeat, Each.TIMES: times, Each.MACS: sr * sc * stream * job.product.repeat, Each.SC: sc,
    }  # fmt: skip
    return [float(out[c]) for c in Each]


def _row(job: Job, array: int, grid: int) -> list[float]:
    """Everything that the number of array rows and of grid rows decides."""
    sr, _, stream = job.spread
    part, cuts = _cut(sr, grid if job.layer.G == 1 else 1)
    sizes = [part] * (cuts - 1) + [sr - part * (cuts - 1)]
    folds = [-(-s // array) for s in sizes]
    first = min(array, part)
    out = {
        Row.PARTS: cuts, Row.FOLDS: folds[0], Row.ALL_FOLDS: sum(folds), Row.PART: part,
        Row.SHIFTS: sum(_triangle(s, array) for s in sizes),
        **_x_role(job, first, part, array, sum(folds), stream), **_z_role(job, first, part, array, sum(folds)),
    }  # fmt: skip
    return [float(out[c]) for c in Row]


def _x_role(job: Job, tile: int, part: int, array: int, folds: int, stream: int) -> dict[Row, int]:
    """Sizes of X: of one row fold, of one part; the words a sliding stream has to retain, and reads in one sweep."""
    if job.dataflow == "is":
        return {Row.X_TILE: tile * stream, Row.X_PART: part * stream, Row.X_LINE: 0, Row.X_SWEEP: job.spread[0] * stream}
    if job.dataflow == "os":
        line = job.layer.C * _line(job)
        kept = {Row.X_TILE: _footprint(job, tile), Row.X_PART: _footprint(job, part)}
        return {**kept, Row.X_LINE: line, Row.X_SWEEP: job.inputs}
    kept = {Row.X_TILE: _channels(job, tile) * job.channel, Row.X_PART: min(job.inputs, _channels(job, part) * job.channel)}
    return {**kept, Row.X_LINE: _channels(job, tile) * _line(job), Row.X_SWEEP: _sweep(job, array, folds)}


def _z_role(job: Job, tile: int, part: int, array: int, folds: int) -> dict[Row, int]:
    """The same of Z; only inputs that stay have windows that overlap."""
    if job.dataflow != "is":
        return {Row.Z_PART: 0, Row.Z_LINE: 0, Row.Z_SWEEP: job.spread[0] * job.spread[1]}
    whole = min(job.inputs, _channels(job, part) * job.channel)
    return {Row.Z_PART: whole, Row.Z_LINE: _channels(job, tile) * _line(job), Row.Z_SWEEP: _sweep(job, array, folds)}


def _col(job: Job, array: int, grid: int) -> list[float]:
    """Everything that the number of array columns and of grid columns decides."""
    _, sc, stream = job.spread
    part, cuts = _cut(sc, grid if job.layer.G == 1 else 1)
    folds = (cuts - 1) * -(-part // array) + -(-(sc - part * (cuts - 1)) // array)
    tile = min(array, part)
    pixels = _footprint(job, tile) if job.dataflow == "is" else 0
    out = {
        Col.PARTS: cuts, Col.FOLDS: -(-part // array), Col.ALL_FOLDS: folds, Col.PART: part,
        Col.Y_TILE: stream * tile, Col.Y_PART: stream * part, Col.Z_PIXELS: pixels,
    }  # fmt: skip
    return [float(out[c]) for c in Col]


def _cut(size: int, parts: int) -> tuple[int, int]:
    """Size of a part, and how many are not empty."""
    part = -(-size // parts)
    return part, -(-size // part)


def _triangle(size: int, array: int) -> int:
    """Registers that one column's words pass on their way to row 1 … r, over all folds of ``size`` rows."""
    full, rest = divmod(size, array)
    return full * (array * (array + 1) // 2) + rest * (rest + 1) // 2


def _line(job: Job) -> int:
    """Words of one channel that a window sliding over all pixels has to retain."""
    return (job.layer.R - 1) * job.layer.input_width + job.layer.S


def _footprint(job: Job, pixels: int) -> int:
    """Input words that neighbouring pixels need, all channels."""
    fresh = -(-(pixels - 1) * job.channel * job.layer.C // job.product.pixels)
    return min(job.inputs, job.layer.C * _line(job) + fresh)


def _channels(job: Job, window: int) -> int:
    """Channels that a slice of the window touches at most."""
    taps = job.layer.R * job.layer.S
    return min(job.layer.C, -(-window // taps) + (1 if window % taps else 0))


def _sweep(job: Job, array: int, folds: int) -> int:
    """Input words of one pass over all slices of the window: a channel that a boundary cuts is read on both sides."""
    cut = folds - 1 if array % (job.layer.R * job.layer.S) else 0
    return min(job.unrolled, job.inputs + cut * job.channel)
