"""The accelerator that the hardware spaces size: six levels, as ArchGym's Timeloop environment has them, and its dataflows.

DRAM holds everything; the global buffer (GLB) holds inputs and outputs and feeds columns of processing elements; the column
level stores nothing (ArchGym's dummy buffer: area only); each element has scratch pads for inputs, weights and outputs.
"""

from __future__ import annotations

import numpy as np

from archgym.envs.accelerator.mapper.space import Limits, MapSpace
from archgym.space import IntArray

DRAM, GLB, COLUMN, IFMAP, WEIGHTS, PSUM = range(6)
LEVELS = ("DRAM", "GLB", "column", "ifmap_spad", "weights_spad", "psum_spad")
KEEPS = (("Weights", "Inputs", "Outputs"), ("Inputs", "Outputs"), (), ("Inputs",), ("Weights",), ("Outputs",))
KEEP: IntArray = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=np.int64)
PADS = (IFMAP, WEIGHTS, PSUM)

_INNER = "GNMPQSCR"

ROW_STATIONARY = MapSpace(
    "row stationary",
    (
        Limits("GCMNQ", order="RSPCMNQG"),
        Limits("GNCMP", x="QM", order="QRSCPNMG"),
        Limits(y="SCM", order=_INNER),
        Limits(order=_INNER),
        Limits("CR", order=_INNER),
        Limits("M", order=_INNER),
    ),
)
"""Eyeriss (Chen et al., ISCA 2016) as ArchGym limits it: a filter row per element, its rows down a column, output columns or
channels across. Exactly the limits of its Timeloop constraints files."""

WEIGHT_STATIONARY = MapSpace(
    "weight stationary",
    (
        Limits("GCMNP"),
        Limits("PQNRS", x="MG", order="QPNRSGCM"),
        Limits(y="C", order=_INNER),
        Limits(order=_INNER),
        Limits("CRS", order="SRCGNMPQ"),
        Limits("M", order="MGCRSNPQ"),
    ),
)
"""As NVDLA: output channels or groups across, input channels down the columns, weights stay while the outputs pass by."""

OUTPUT_STATIONARY = MapSpace(
    "output stationary",
    (
        Limits("GCMNPQ"),
        Limits("GCMRS", x="QM", order="SRCMGNPQ"),
        Limits(y="PN", order=_INNER),
        Limits(order=_INNER),
        Limits(order=_INNER),
        Limits("M", order="MGCRSNPQ"),
    ),
)
"""As ShiDianNao (Du et al., ISCA 2015): one output pixel per element, its sum stays until it is complete."""

DATAFLOWS = {
    "row_stationary": ROW_STATIONARY,
    "weight_stationary": WEIGHT_STATIONARY,
    "output_stationary": OUTPUT_STATIONARY,
}
