"""Cells of NAS-Bench-201 as a cost model: published accuracies of all of them, and the price of each on a device of ours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archgym.costs import Metric
from archgym.envs.nas.cells.space import SPACE
from archgym.envs.nas.tabular import TabularModel
from archgym.errors import BadInput
from archgym.space import FloatArray

from .devices import device, prices
from .network import all_counts, macs, parameters
from .table import CELLS, COLUMNS, cifar_table

VERSION = "1"
WORKLOAD = "cifar10"
AGES = {"60": "minute", "3600": "hour", "86400": "day", "2592000": "month"}
KINDS = {
    "baseline_accuracy": "32-bit floating point",
    "ptq_accuracy": "quantised after training",
    "qat_accuracy": "trained quantised",
    "noisy_accuracy": "on analogue memory as trained, with its noise",
    "analog_accuracy": "on analogue memory, trained for it (hardware-aware)",
}
MISSING = "not in the table"


def _name(column: str) -> str:
    """``baseline_error`` of ``baseline_accuracy``, ``analog_month_error`` of ``analog_drift_2592000``."""
    kind, *_, last = column.split("_")
    return f"{kind}_{AGES[last]}_error" if last in AGES else f"{kind}_error"


def _doc(column: str) -> str:
    kind, *_, last = column.split("_")
    trained = "trained for analogue memory" if kind == "analog" else "trained as usual"
    return KINDS.get(column, f"{trained}, on it, a {AGES.get(last)} after programming: conductances have drifted")


METRICS = (
    *(Metric(_name(column), doc=f"1 - accuracy on the test images, {_doc(column)}") for column in COLUMNS),
    Metric("latency_s", "s", doc="per image on the device, layer by layer"),
    Metric("energy_j", "J", doc="per image on the device: array, SRAMs, DRAM"),
    Metric("parameters", doc="trained parameters of what is built"),
    Metric("macs", doc="multiply-accumulates for one image"),
)


class CifarModel(TabularModel):
    """The 15,625 cells on CIFAR-10, each trained once for 200 epochs (IBM, analog-nasbench 0.1.3), on one device.

    Search and report share the 10,000 test images: the package has no validation column. They were cropped and flipped at
    random while testing, so the accuracies are means of 25 evaluations and lie some tenths of a per cent below those of
    NAS-Bench-201. Cells that compute the same function were trained apart and differ by 0.2 points (median): none are
    folded. Latency and energy are our accelerator model's (see ``devices``).

    Raises:
        BadInput: no such device, or analog-nasbench is not installed or broken.
    """

    def __init__(self, device_name: str) -> None:
        chosen, table = device(device_name), cifar_table()
        sizes = np.array([(parameters(counts), macs(counts)) for counts in all_counts()], dtype=np.float64)
        figures: FloatArray = np.hstack([1.0 - table.accuracy / 100.0, prices(device_name), sizes])
        rows = np.arange(CELLS, dtype=np.int64)
        super().__init__(SPACE, METRICS, figures, rows, VERSION, MISSING, [table.digest, *chosen.facts])


def build(workload: str, options: Mapping[str, str]) -> CifarModel:
    """The model of a task; the workload is the data set, of which there is one. Option: device.

    Raises:
        BadInput: another data set; or as :class:`CifarModel`.
    """
    if workload != WORKLOAD:
        raise BadInput(f"the cells were trained on {WORKLOAD} only, not on '{workload}'")
    return CifarModel(options["device"])
