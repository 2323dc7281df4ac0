"""What the study and each of its tasks are, in words: definition lists, knob tables, how to run it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from archgym.card import EASY_BELOW, Card
from archgym.experiments.report.reading import Section, StudyData
from archgym.experiments.report.tables import Cell, Column, table
from archgym.experiments.report.words import clean, objective_in_words, plural
from archgym.experiments.units import count, objective_unit, percent, si
from archgym.space import Param
from archgym.spec import RunSpec
from archgym.task import Task

_VALUES_SHOWN = 24


def study_facts(study: StudyData) -> str:
    """Runs, evaluations, versions, and the commands that make it again."""
    evaluations = sum(r.evaluations for r in study.runs)
    left_out = f", {len(study.problems)} left out (listed below)" if study.problems else ""
    facts = [
        ("Runs", escape(f"{len(study.runs):,} finished{left_out}")),
        ("Evaluations", f"{evaluations:,}"),
        ("Tasks and agents", f"{plural(len(study.sections), 'task')}, {plural(len(study.labels), 'agent')}"),
        ("Versions", escape(_versions(study))),
        ("Run it again", _commands(study)),
    ]
    return _definitions(facts) + _agents(study)


def task_facts(section: Section) -> str:
    """Knobs, size, workload, objective, budget, difficulty, best known."""
    task, space = section.task, section.task.space
    options = ", ".join(f"{k} = {v}" for k, v in sorted(task.options.items()) if v)  # empty: as the workload says
    goal = objective_in_words(task.objective, task.model)
    facts = [
        ("Sought", escape(goal[0].upper() + goal[1:])),
        ("Workload", escape(clean(task.workload, 120) + (f" ({options})" if options else ""))),
        ("Design space", escape(f"{len(space)} knobs, {count(space.size)} designs")),
        ("Budget", f"{plural(section.budget, 'evaluation')} per run" + _usual(section)),
        ("Difficulty", _difficulty(section.card)),
        ("Best known", escape(_best_known(section))),
        ("Best of this study", escape(_best_here(section))),
        ("Model", escape(", ".join(sorted({_model(r.facts["model"]) for r in section.runs})))),
    ]
    return _definitions(facts)


def knobs(task: Task) -> str:
    """Every knob with its values, every metric with its unit."""
    rows = [[Cell(p.name), Cell(_values(p)), Cell(str(len(p.values)), len(p.values)), Cell(p.doc)] for p in task.space.params]
    first = [
        Column("knob", numeric=False, short=True),
        Column("values", numeric=False),
        Column("number"),
        Column("what it does", numeric=False),
    ]
    senses = {"min": "less is better", "max": "more is better", "none": "for information"}
    metrics = [[Cell(m.name), Cell(m.unit or "–"), Cell(senses[m.sense]), Cell(m.doc)] for m in task.model.metrics]
    second = [Column(n, numeric=False, short=n != "what is measured") for n in ("metric", "unit", "sense", "what is measured")]
    return table(f"Knobs of {task.id}", first, rows) + table(f"Metrics of {task.id}", second, metrics)


# -- inside ---------------------------------------------------------------------------------------------------------------


def _definitions(facts: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{items}</dl>'


def _versions(study: StudyData) -> str:
    found: dict[str, set[str]] = {}
    for run in study.runs:
        for name, version in run.facts["versions"].items():
            found.setdefault(name, set()).add(str(version))
    first = [n for n in ("archgym", "python") if n in found]
    return ", ".join(clean(f"{n} {' / '.join(sorted(found[n]))}") for n in [*first, *sorted(set(found) - set(first))]) or "–"


def _commands(study: StudyData) -> str:
    made = (
        f"archgym study {clean(study.name)}.toml --out DIR" if study.planned else "archgym search TASK --agent NAME --out DIR"
    )
    lines = [made, "archgym replay DIR  # checks each trial", "archgym report DIR  # makes this page"]
    return f"<pre><code>{escape(chr(10).join(lines))}</code></pre>"


def _agents(study: StudyData) -> str:
    """Every agent's hyperparameters; of a lottery's draws, how many there are."""
    columns = [Column(n, numeric=False, short=n != "hyperparameters") for n in ("label", "agent", "hyperparameters")]
    configs: dict[str, dict[str, str]] = {}
    for section in study.sections:
        for label, runs in section.groups.items():
            configs.setdefault(label, {}).update({_settings(r.spec): r.spec.agent for r in runs})
    rows = [[Cell(k), Cell(clean(next(iter(c.values())))), Cell(_one_of(list(c)))] for k, c in sorted(configs.items())]
    return f"<details><summary>Agents and their hyperparameters</summary>{table('Agents', columns, rows)}</details>"


def _settings(spec: RunSpec) -> str:
    return ", ".join(f"{k} = {v:.6g}" if isinstance(v, float) else f"{k} = {v}" for k, v in spec.config.items())


def _one_of(settings: list[str]) -> str:
    return settings[0] if len(settings) == 1 else f"{len(settings)} configurations, pooled"


def _usual(section: Section) -> str:
    return "" if section.budget == section.task.budget else f" (a standard run has {section.task.budget:,})"


def _difficulty(card: Card | None) -> str:
    if card is None:
        return "no difficulty card for this task and model"
    label = '<span class="tag easy">easy</span>' if card.easy else '<span class="tag">discriminating</span>'
    regret = percent(card.random_regret["256"])
    side = "under" if card.easy else "at or over"
    return (
        f"{label} random search at 256 evaluations is {escape(regret)} from the best ({side} {100 * EASY_BELOW:g} %); "
        f"{percent(card.feasible)} of designs are feasible, {percent(card.within_1_percent)} within 1 % of the best"
    )


def _best_known(section: Section) -> str:
    known = section.known
    if known is None:
        return "not known; regret here is against the best of this study"
    how = f"best of {count(known.designs)} designs, {'proved' if known.proved else 'not proven'}"
    how = "exact: the whole space was enumerated" if known.exact else how
    return f"score {si(known.score)} ({how}); front of {len(known.front)} designs, hypervolume {si(known.hypervolume)}"


def _best_here(section: Section) -> str:
    label, run = max(((k, r) for k, g in section.groups.items() for r in g), key=lambda pair: pair[1].score)
    if run.score <= 0.0:
        return "no run found a feasible design"
    value = f", value {si(run.best_value, objective_unit(section.task)).replace('*', '·')}"
    beaten = ", better than the best known" if section.known and run.score > section.known.score * (1 + 1e-12) else ""
    return f"score {si(run.score)}{value} by {label}, seed {run.spec.seed}{beaten}"


def _model(model: Mapping[str, Any]) -> str:
    return clean(f"version {model.get('version', '–')}, fingerprint {model.get('fingerprint', '–')}")


def _values(param: Param) -> str:
    unit = f" {param.unit}" if param.unit else ""
    shown: Sequence[object] = param.values
    if len(shown) > _VALUES_SHOWN:
        shown = [*param.values[:6], "…", *param.values[-2:]]
    return ", ".join(str(v) for v in shown) + unit
