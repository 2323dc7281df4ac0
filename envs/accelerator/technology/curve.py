"""Positive figures along one axis as power laws between known points."""

from __future__ import annotations

import numpy as np

from archgym.space import FloatArray


class PowerCurve:
    """``figures (n, k)`` known at ``nodes (n,)``, straight lines between them in log-log space.

    A node gives its figures back bit for bit. Below the first node figures follow the exponents ``below (k,)``, above the
    last one ``above (k,)``; left out, the nearest segment goes on.
    """

    def __init__(
        self, nodes: FloatArray, figures: FloatArray, below: FloatArray | None = None, above: FloatArray | None = None
    ) -> None:
        self._nodes, self._figures = nodes, figures
        inner = np.diff(np.log(figures), axis=0) / np.diff(np.log(nodes))[:, None]
        first = inner[0] if below is None else below
        last = inner[-1] if above is None else above
        self._exponents = np.vstack([first, inner, last])

    @property
    def nodes(self) -> FloatArray:
        """The known points, ascending."""
        return self._nodes

    def __call__(self, x: FloatArray) -> FloatArray:
        """Figures ``(len(x), k)`` at the positive ``x``."""
        segment = np.searchsorted(self._nodes, x, side="right")
        anchor = np.maximum(segment - 1, 0)
        ratio = (x / self._nodes[anchor])[:, None]
        powers: FloatArray = self._figures[anchor] * ratio ** self._exponents[segment]
        return powers
