"""``archgym fidelity parallelism``: training times, memory and collectives against published measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archgym.errors import BadInput
from archgym.family import Fidelity

from .network import fidelity as network
from .training import fidelity as training
from .training.fidelity import GOAL_ERROR, GOAL_MEMORY, GOAL_RANK, GOAL_REGRET
from .training.measured import GROUPS


def fidelity(reference: Path | None = None, workloads: Path | None = None) -> Fidelity:
    """Hold training and collectives against what was measured.

    Args:
        reference: a CSV with the columns of ``measured_training_runs.csv``: only it is then compared, under the shipped
            constants. The shipped references where None, with constants fitted without the source they are compared with.
        workloads: must be None: the rows describe their models themselves.

    Raises:
        BadInput: a file is missing or broken, the line names file, row and reason; or ``workloads`` is given.
    """
    if workloads is not None:
        raise BadInput(f"{workloads}: --workloads is of no use here: the reference rows describe their models themselves")
    if reference is not None:
        return training.against(reference)
    tables, figures = training.tables()
    more, measured = network.tables()
    return Fidelity([*tables, *more], figures | measured, {}, _passed(figures | measured))


def _passed(figures: dict[str, Any]) -> bool:
    """Unseen sources within 10 %, every group below Calculon and the constant, ranks, memory, collectives within 8 %."""
    time, ranking, memory = figures["time"], figures["ranking"], figures["memory"]
    ranks = ranking["mean_regret_percent"] <= GOAL_REGRET and ranking["spearman"] >= GOAL_RANK
    groups = all(_better(time[group]) for group in GROUPS)
    bytes_right = memory["held_out_percent"] <= GOAL_MEMORY and memory["refused"] == 0
    return bool(time["16_bit"] <= GOAL_ERROR and groups and ranks and bytes_right and figures["collectives"]["passed"])


def _better(group: dict[str, Any]) -> bool:
    peer = group["calculon"] is None or group["ours_there"] < group["calculon"]
    return bool(peer and group["ours"] < group["constant"])
