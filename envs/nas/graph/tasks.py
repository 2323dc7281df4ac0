"""Tasks on the nine datasets of NAS-Bench-Graph; no table is read.

The score is the validation error, for its differences are what a search is about: 94 % against 93 % accuracy is an error of 6 %
against 7 %. Reference values are round figures near each table's best.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Minimise, Product
from archgym.task import FrontMetric, Task, front_metrics, new_task

_task = partial(
    new_task,
    "nas",
    family="nas",
    build="archgym.envs.nas.graph.model:build",
    cards="archgym.envs.nas",
    tags=("tabular",),
)

# dataset -> (error near its best, error and latency_s at the reference point of its front, what it is)
FACTS: dict[str, tuple[float, float, float, str]] = {
    "cora": (0.18, 0.45, 0.01, "citations, 2,708 papers"),
    "citeseer": (0.27, 0.45, 0.02, "citations, 3,327 papers"),
    "pubmed": (0.19, 0.30, 0.02, "citations, 19,717 papers; validation says least of test here but for proteins"),
    "cs": (0.08, 0.80, 0.02, "co-authors, 18,333"),
    "physics": (0.06, 0.20, 0.1, "co-authors, 34,493; one network stands out"),
    "photo": (0.06, 0.25, 0.03, "bought together, 7,650 products"),
    "computers": (0.08, 0.35, 0.02, "bought together, 13,752 products"),
    "arxiv": (0.26, 0.50, 0.15, "citations, 169,343 papers; random search does well on accuracy alone"),
    "proteins": (0.145, 0.26, 0.6, "132,534 proteins, five operations; area under the ROC curve"),
}


def tasks() -> list[Task]:
    """The error on each dataset, and fronts on the two where that alone is easy."""
    return [*(_accuracy(name) for name in FACTS), _front_task("arxiv", 7e-6), _front_task("proteins", 1e-6)]


def _accuracy(name: str) -> Task:
    best, _, _, doc = FACTS[name]
    return _task(f"graph-{name}-accuracy", name, Minimise("validation_error", best), _front(name), doc)


def _front_task(name: str, reference: float) -> Task:
    goal = Product({"validation_error": 4.0, "latency_s": 1.0}, reference)
    doc = f"accuracy against measured latency on {name}"
    return _task(f"graph-{name}-front", name, goal, _front(name), doc, "hypervolume")


def _front(name: str) -> tuple[FrontMetric, ...]:
    _, error, latency, _ = FACTS[name]
    return front_metrics(validation_error=error, latency_s=latency)
