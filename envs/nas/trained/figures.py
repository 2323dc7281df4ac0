"""What a table of trained networks gives a cost model: means over the seeds, and sizes."""

from __future__ import annotations

import numpy as np

from archgym.costs import Metric
from archgym.envs.nas.trained.table import Table
from archgym.space import FloatArray

METRICS = (
    Metric("validation_loss", "nat", doc="cross-entropy on the validation images, mean of the seeds"),
    Metric("validation_error", doc="share of the validation images classified wrongly, mean of the seeds"),
    Metric("parameters", doc="trained parameters"),
    Metric("macs", doc="multiply-accumulates for one image"),
    Metric("test_loss", "nat", "none", "cross-entropy on the test images: for reports, not to be searched on"),
    Metric("test_error", "", "none", "share of the test images classified wrongly: for reports, not to be searched on"),
)


def figures(table: Table) -> FloatArray:
    """Columns of :data:`METRICS`, ``float64 (R, 6)``."""
    sizes = (table.parameters.astype(np.float64), table.macs.astype(np.float64))
    validation = (table.validation_loss.mean(axis=1), 1.0 - table.validation_accuracy.mean(axis=1))
    return np.stack([*validation, *sizes, table.test_loss.mean(axis=1), 1.0 - table.test_accuracy.mean(axis=1)], axis=1)
