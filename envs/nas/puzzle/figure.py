"""The picture of one design: what every block keeps, and which blocks the damage comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from archgym.space import IntArray

from .space import ATTENTIONS, FFNS

if TYPE_CHECKING:
    from .model import PuzzleModel


def draw(model: PuzzleModel, row: IntArray) -> Figure:
    """Above the alternative of each half of each block, below the block's damage."""
    chosen = row.reshape(-1, 2)
    figure = Figure(figsize=(11, 6), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True)
    _choices(above, chosen[:, 0], ATTENTIONS, "attention")
    _choices(middle, chosen[:, 1], FFNS, "feed-forward part")
    blocks = np.arange(1, len(chosen) + 1)
    below.bar(blocks, model.scores[blocks - 1, chosen[:, 0], chosen[:, 1]], color="C3")
    below.set(xlabel="block", ylabel="damage (synthetic)")
    costs = model.evaluate(row[None])
    figure.suptitle(
        f"damage {costs['damage'][0]:.3g}: {costs['tokens_per_s'][0]:,.0f} tokens/s, "
        f"prompts {costs['ttft_s'][0]:.3g} s, {1e3 * costs['tpot_s'][0]:.3g} ms per step, {costs['parameters'][0] / 1e9:.3g} B"
    )
    return figure


def _choices(axes: Any, chosen: IntArray, names: tuple[str, ...], title: str) -> None:
    """A step per block, the parent's part on top."""
    axes.bar(np.arange(1, len(chosen) + 1), len(names) - 1 - chosen, color="C0")
    axes.set(title=title)
    axes.set_yticks(range(len(names)), reversed(names))
