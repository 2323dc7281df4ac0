"""The cell as a design: one operation on each of its six edges."""

from __future__ import annotations

from archgym.space import DesignSpace, Param

from .topology import EDGES, OPS

SPACE = DesignSpace([Param(f"edge_{a}{b}", OPS, doc=f"operation from node {a} to node {b}") for a, b in EDGES])
"""15,625 designs; a design's number is its cell's, see :func:`~archgym.envs.nas.cells.topology.index_of`."""
