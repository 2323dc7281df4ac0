"""Our own trained networks of inverted residual blocks as a cost model: loss, error, sizes, and latency on a device."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from archgym.costs import Metric
from archgym.envs.nas.cifar.devices import device
from archgym.envs.nas.tabular import MISSING, TabularModel
from archgym.envs.nas.trained.figures import METRICS, figures
from archgym.envs.nas.trained.shipped import table_file
from archgym.envs.nas.trained.table import Table, read_table
from archgym.errors import BadInput

from .devices import prices
from .shipped import FOLDER, KEY
from .space import CHOICES, SPACE

VERSION = "1"
UNTRAINED = "this network was not trained: the table holds a random part of them"
PRICES = (
    Metric("latency_s", "s", doc="per image on the device, layer by layer"),
    Metric("energy_j", "J", doc="per image on the device: array, SRAMs, DRAM"),
)


class MacroModel(TabularModel):
    """Networks of inverted residual blocks trained by us on scikit-learn's digits (``architecture``, ``protocol``).

    Search is on validation. In a table that is not complete, a network that was not trained is invalid, as far away as there
    are knobs to change until a trained one (see ``tabular``).
    Left out: the spread between seeds, which the table holds and the documentation reports; choices of single layers.

    Args:
        table: the trained networks.
        device_name: adds latency and energy on a device (see ``devices``); none are given where it is empty.

    Raises:
        BadInput: there is no such device.
    """

    def __init__(self, table: Table, device_name: str = "") -> None:
        row = np.full(SPACE.size, MISSING, dtype=np.int64)
        row[table.number] = np.arange(len(table.number))
        metrics: tuple[Metric, ...] = METRICS
        columns, facts = figures(table), [table.digest]
        if device_name:
            metrics, facts = (*METRICS, *PRICES), [*facts, *device(device_name).facts]
            columns = np.hstack([columns, prices(device_name)[table.number]])
        super().__init__(SPACE, metrics, columns, row, VERSION, UNTRAINED, facts)


def build(workload: str, options: Mapping[str, str]) -> MacroModel:
    """The model of a task; the workload is a shipped table, or the path of another that ``collect`` wrote. Option: device.

    Raises:
        BadInput: there is no such file or device, or it is no table, or one of other choices.
    """
    path = table_file(FOLDER, workload)
    table = read_table(path, KEY)
    if table.manifest["protocol"].get("choices") != json.loads(json.dumps(asdict(CHOICES))):
        raise BadInput(f"{path}: its networks were chosen from other values than this space has")
    return MacroModel(table, options.get("device", ""))
