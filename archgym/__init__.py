"""ArchGym: a gym for design-space exploration of computer systems.

>>> import archgym
>>> task = archgym.get_task("memory-cloud-latency-v0")
>>> log = archgym.run(archgym.RunSpec.create(task.id, "genetic", seed=1, budget=256))
"""

from __future__ import annotations

__version__ = "0.1.0"

from archgym.agent import Agent, AskTellAgent
from archgym.config import Config, hp
from archgym.costs import Costs, Metric
from archgym.errors import ArchGymError, BadInput, BudgetExhausted
from archgym.evaluator import Evaluation, Evaluator
from archgym.family import Family
from archgym.model import CostModel
from archgym.objective import Constraint, Legacy, Maximise, Minimise, Objective, Product, TargetSpec
from archgym.registry import agent_names, get_agent, get_task, task_ids
from archgym.runlog import RunLog
from archgym.running import run
from archgym.space import DesignSpace, Param
from archgym.spec import RunSpec
from archgym.task import FrontMetric, Task
from archgym.views import register_gymnasium

__all__ = [
    "Agent",
    "ArchGymError",
    "AskTellAgent",
    "BadInput",
    "BudgetExhausted",
    "Config",
    "Constraint",
    "CostModel",
    "Costs",
    "DesignSpace",
    "Evaluation",
    "Evaluator",
    "Family",
    "FrontMetric",
    "Legacy",
    "Maximise",
    "Metric",
    "Minimise",
    "Objective",
    "Param",
    "Product",
    "RunLog",
    "RunSpec",
    "TargetSpec",
    "Task",
    "get_agent",
    "agent_names",
    "hp",
    "run",
    "get_task",
    "task_ids",
]

register_gymnasium()
