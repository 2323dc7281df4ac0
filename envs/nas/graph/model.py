"""Graph networks as a cost model: trained accuracy, measured latency and parameters of 26,206 networks, looked up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archgym.costs import Metric
from archgym.envs.nas.tabular import TabularModel
from archgym.space import FloatArray

from .space import space
from .table import graph_table, operations

VERSION = "1"
METRICS = (
    Metric("validation_error", doc="1 - validation accuracy (proteins: 1 - area under the ROC curve), mean of three seeds"),
    Metric("latency_s", "s", doc="measured by the benchmark's authors on their GPU; one forward pass, taken as seconds"),
    Metric("parameters", doc="trained parameters, to the benchmark's rounding"),
    Metric("test_error", sense="none", doc="the same on the test split: for reports, not to be searched on"),
)
NOTHING = "no operation but skips: there is no network to train"


class GraphModel(TabularModel):
    """One dataset of NAS-Bench-Graph (Qin et al., NeurIPS 2022): search on validation, report on test.

    Figures are the package's own means over three seeds, each network with the hyperparameters its authors tuned per dataset;
    the package names no unit for the latency: its figures of 0.4 ms to 0.6 s are read as seconds. Designs that are the same
    network by :func:`~archgym.envs.nas.graph.space.form` are folded. Left out: spread between seeds, training time.

    Raises:
        BadInput: no such dataset, or nas-bench-graph is not installed or broken.
    """

    def __init__(self, dataset: str) -> None:
        ops, table = operations(dataset), graph_table(dataset)
        super().__init__(
            space(ops),
            METRICS,
            _in_units(table.figures),
            table.row,
            VERSION,
            NOTHING,
            [dataset, table.digest],
            table.representative,
        )


def _in_units(figures: FloatArray) -> FloatArray:
    """Columns of :data:`METRICS` from those of the package."""
    validation, test, latency, millions = figures.T
    return np.stack([1.0 - validation, latency, np.rint(1e6 * millions), 1.0 - test], axis=1)


def build(workload: str, options: Mapping[str, str]) -> GraphModel:
    """The model of a task; the workload is the dataset."""
    return GraphModel(workload)
