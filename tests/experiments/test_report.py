"""The report page: complete, well formed, self-contained, safe against hostile names, tolerant of broken runs."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym import registry
from archgym.card import BestKnown, Card, FrontPoint
from archgym.costs import Metric
from archgym.errors import BadInput
from archgym.experiments.report import curves, tables, write_report
from archgym.experiments.report.front import staircase
from archgym.experiments.report.page import script_json
from archgym.experiments.report.reading import read_study
from archgym.experiments.report.style import DARK, LIGHT, Style
from archgym.experiments.report.words import clean, metric_label, objective_in_words, scale_for
from archgym.experiments.units import count
from archgym.objective import Constraint, Maximise, Minimise, Product
from archgym.runlog import RunLog
from archgym.running import run
from archgym.spec import RunSpec
from archgym.task import Task
from archgym.testing import ToyModel, toy_task

VOID = {"meta", "link", "br", "input", "img", "hr"}
FIGURES = {f"{name}.{suffix}" for name in ("anytime", "hypervolume", "final", "overhead", "front") for suffix in ("svg", "png")}


class Page(HTMLParser):
    """Checks that elements nest, and collects attributes and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.data = ""
        self.seen: Counter[str] = Counter()
        self.feed(text)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._take(attrs)
        self.seen[tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._take(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"] and data.startswith("{"):
            self.data = data

    def _take(self, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(k, v or "") for k, v in attrs]
        self.ids += [v or "" for k, v in attrs if k == "id"]


def known(task: Task) -> Card:
    """A card as `archgym difficulty` would make it, by hand."""
    design = {"tile": 16, "buffer": 32, "ports_0": 3, "ports_1": 8, "ports_2": 5, "order": "d", "flow": "d", "mode": "h"}
    front = (
        FrontPoint(design, {"latency_s": 1e-3, "energy_j": 4e-3}),
        FrontPoint(design, {"latency_s": 6e-3, "energy_j": 1e-3}),
    )
    return Card(task.id, task.fingerprint, BestKnown(1.0, design, True, 10**6, 0.8, front), 10, {"256": 0.9}, 0.6, 0.6, 0.0, 9)


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Task]:
    """Three toys: with a card, with a constraint and no card, and one that nothing can satisfy."""
    toy = toy_task()
    impossible = Minimise("latency_s", 1e-3, constraints=(Constraint("energy_j", 1e-9),))
    bounded = Product({"latency_s": 1, "energy_j": 1}, 4e-6, constraints=(Constraint("energy_j", 4e-3),))
    made = [toy, replace(toy, id="toy-edp-v0", objective=bounded), replace(toy, id="toy-none-v0", objective=impossible)]
    toy.__dict__["card"] = known(toy)
    for task in made:
        monkeypatch.setitem(registry._tasks(), task.id, task)
    return {t.id: t for t in made}


def play(
    folder: Path, task_ids: list[str], seeds: int = 2, budget: int = 24, agents: tuple[str, ...] = ("random",)
) -> list[RunSpec]:
    """Runs with a plan beside them."""
    specs = [RunSpec.create(t, a, seed=s, budget=budget) for t in task_ids for a in agents for s in range(seeds)]
    for spec in specs:
        run(spec, folder / spec.id)
    runs = [{"id": s.id, "label": s.agent, "draw": None, "spec": s.to_dict()} for s in specs]
    (folder / "study.json").write_text(json.dumps({"format": 1, "name": "small", "runs": runs}))
    return specs


def opened(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_page_is_whole(tasks: dict[str, Task], tmp_path: Path) -> None:
    agents = ("random", "sobol") if "sobol" in registry.agent_names() else ("random",)
    tasks = {k: v for k, v in tasks.items() if k != "toy-none-v0"}
    specs = play(tmp_path, list(tasks), agents=agents)
    path = write_report(tmp_path)
    page, text = opened(path), path.read_text(encoding="utf-8")
    assert path == tmp_path / "report" / "index.html"
    assert all(t in text for t in (*tasks, *agents)) and "small" in text
    assert len(page.ids) == len(set(page.ids)), "an id is used twice"
    assert not [v for k, v in page.attributes if k in ("src", "href", "xlink:href", "action") and "//" in v]
    assert not re.search(r"url\((?!#)|@import", text), "the style sheet loads something"
    data = json.loads(page.data)
    assert [t["task"] for t in data["tasks"]] == sorted(tasks) and len(data["agents"]) == len(agents)
    assert {r["id"] for t in data["tasks"] for r in t["runs"]} == {s.id for s in specs}
    assert str(tmp_path) not in text, "a machine's path is on the page"
    for k in range(1, 3):
        assert {p.name.split("-")[-1] for p in (path.parent / "figures").glob(f"task-{k}-*")} == FIGURES
    assert not [p for p in path.parent.rglob(".*") if p.is_file()], "a temporary file was left"


def test_the_design_that_is_drawn_has_the_best_score(
    tasks: dict[str, Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The best design of this one lies at the far end from the front.
    wasteful = replace(tasks["toy-latency-v0"], id="toy-waste-v0", objective=Maximise("energy_j", 1e-3))
    monkeypatch.setitem(registry._tasks(), wasteful.id, wasteful)
    drawn: list[list[int]] = []
    monkeypatch.setattr(ToyModel, "render", lambda self, row: drawn.append(row.tolist()))
    specs = play(tmp_path, [wasteful.id], seeds=3)
    write_report(tmp_path)
    logs = [RunLog.load(tmp_path / spec.id) for spec in specs]
    best = max(logs, key=lambda log: float(log.score.max()))
    assert drawn == [best.x[int(best.score.argmax())].tolist()]


def test_downloads_exist(tasks: dict[str, Task], tmp_path: Path) -> None:
    play(tmp_path, ["toy-latency-v0"])
    path = write_report(tmp_path)
    links = [v for k, v in opened(path).attributes if k == "href" and not v.startswith("#")]
    assert len(links) == len(FIGURES) and all((path.parent / link).is_file() for link in links)


def test_points_are_what_was_logged(tasks: dict[str, Task], tmp_path: Path) -> None:
    specs = play(tmp_path, ["toy-latency-v0"], seeds=1)
    log = run(specs[0])
    task = json.loads(opened(write_report(tmp_path)).data)["tasks"][0]
    assert task["points"] and task["exact"] and len(task["known"]) == 2
    for _, trial, score, design, values in task["points"]:
        assert log.x[trial].tolist() == design
        assert np.allclose([score, *values], [log.score[trial], *log.costs.values[trial]], rtol=1e-5)


def test_same_runs_same_figures(tasks: dict[str, Task], tmp_path: Path) -> None:
    play(tmp_path, ["toy-latency-v0"])
    before = {p.name: p.read_bytes() for p in (write_report(tmp_path).parent / "figures").iterdir()}
    page = (tmp_path / "report" / "index.html").read_bytes()
    after = {p.name: p.read_bytes() for p in (write_report(tmp_path).parent / "figures").iterdir()}
    assert before == after and page == (tmp_path / "report" / "index.html").read_bytes()
    assert all(b"<dc:date>" not in data for name, data in after.items() if name.endswith(".svg"))


def test_old_page_survives_a_failure(tasks: dict[str, Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play(tmp_path, ["toy-latency-v0"], seeds=1)
    path = write_report(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr("archgym.experiments.report.page._page", lambda *_: "\ud800")
    with pytest.raises(UnicodeEncodeError):
        write_report(tmp_path)
    assert path.read_bytes() == before


def test_hostile_names(tasks: dict[str, Task], tmp_path: Path) -> None:
    names = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "$title ${css} $5 \\frac",
        "a\x00\u202eb\n",
        '"><b>',
    ]
    specs = play(tmp_path, ["toy-latency-v0"], seeds=len(names), budget=4)
    evil = [{"id": s.id, "label": n, "draw": None, "spec": s.to_dict()} for s, n in zip(specs, names, strict=True)]
    lost = [{"id": f"feed{n}", "label": n, "spec": {"task": n, "agent": n, "seed": n}} for n in names]
    (tmp_path / "study.json").write_text(json.dumps({"format": 1, "name": "".join(names), "runs": evil + lost}))
    page = opened(write_report(tmp_path))
    assert not [k for k, _ in page.attributes if k.startswith("on") or k == "src"]
    assert "b" not in page.seen and page.seen["script"] == 2
    assert {a["label"] for a in json.loads(page.data)["agents"]} == {clean(n, 28) for n in names}


def test_broken_runs_are_listed(tasks: dict[str, Task], tmp_path: Path) -> None:
    good, torn, lost, strange, half, *_ = play(tmp_path, ["toy-latency-v0"], seeds=6)
    (tmp_path / torn.id / "trials.parquet").write_bytes(b"PAR1 not really")
    shutil.rmtree(tmp_path / lost.id)
    (tmp_path / strange.id / "run.json").write_text("{")
    manifest = json.loads((tmp_path / half.id / "run.json").read_text())
    (tmp_path / half.id / "run.json").write_text(json.dumps({**manifest, "status": "running"}))
    study = read_study(tmp_path)
    assert {p.run for p in study.problems} == {torn.id, lost.id, strange.id, half.id}
    assert good.id in {r.id for r in study.runs} and len(study.runs) == 2
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "Runs left out" in text and "not started" in text and "not finished" in text and str(tmp_path) not in text


def test_odd_manifests(tasks: dict[str, Task], tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [{"timing": None}, {"timing": {"agent_s": "x"}}, {"versions": 3}, {"model": []}, {"summary": 1}]
    broken: list[dict[str, Any]] = [{"spec": {}}, {"format": 99}, {"status": None}]
    for spec, change in zip(play(tmp_path, ["toy-latency-v0"], seeds=8, budget=4), odd + broken, strict=True):
        path = tmp_path / spec.id / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    study = read_study(tmp_path)
    assert (len(study.runs), len(study.problems)) == (len(odd), len(broken))
    assert opened(write_report(tmp_path)).data


def test_nothing_finished_yet(tasks: dict[str, Task], tmp_path: Path) -> None:
    for spec in play(tmp_path, ["toy-latency-v0"]):
        shutil.rmtree(tmp_path / spec.id)
    assert "No finished run yet" in write_report(tmp_path).read_text(encoding="utf-8")
    with pytest.raises(BadInput, match="neither a study nor a run"):
        write_report(tmp_path / "report")


def test_a_single_run(tasks: dict[str, Task], tmp_path: Path) -> None:
    run(RunSpec.create("toy-edp-v0", "random", budget=1), tmp_path)
    page = opened(write_report(tmp_path))
    assert len(json.loads(page.data)["tasks"]) == 1


def test_all_infeasible(tasks: dict[str, Task], tmp_path: Path) -> None:
    play(tmp_path, ["toy-none-v0"])
    text = write_report(tmp_path).read_text(encoding="utf-8")
    task = json.loads(Page(text).data)["tasks"][0]
    assert task["points"] == [] and "no run found a feasible design" in text and "no feasible design was found" in text


def test_budgets_and_configurations_stay_apart(tasks: dict[str, Task], tmp_path: Path) -> None:
    for budget, batch in ((8, 1), (8, 2), (16, 1)):
        spec = RunSpec.create("toy-latency-v0", "random", {"batch": batch}, budget=budget)
        run(spec, tmp_path / spec.id)
    study = read_study(tmp_path)
    assert [s.budget for s in study.sections] == [8, 16]
    assert list(study.sections[0].groups) == ["random batch=1", "random batch=2"]


def test_draws_are_pooled(tasks: dict[str, Task], tmp_path: Path) -> None:
    specs = [RunSpec.create("toy-latency-v0", "random", {"batch": b}, budget=8) for b in (1, 2, 3)]
    for spec in specs:
        run(spec, tmp_path / spec.id)
    runs = [{"id": s.id, "label": f"random#{k}", "draw": k, "spec": s.to_dict()} for k, s in enumerate(specs)]
    (tmp_path / "study.json").write_text(json.dumps({"format": 1, "name": "lottery", "runs": runs}))
    assert {k: len(v) for k, v in read_study(tmp_path).sections[0].groups.items()} == {"random": 3}


def test_curves() -> None:
    assert curves.checkpoints(1).tolist() == [1] and curves.checkpoints(5).tolist() == [1, 2, 3, 4, 5]
    steps = curves.checkpoints(100_000)
    assert len(steps) <= 300 and steps[-1] == 100_000 and (np.diff(steps) > 0).all()
    assert curves.best_so_far(np.array([1.0, 3.0, 2.0]), np.array([1, 2, 3, 9])).tolist() == [1, 3, 3, 3]
    assert curves.quartiles(np.array([[-0.5], [2.0]]))[1].tolist() == [-0.5], "nothing between infeasible and feasible"
    assert curves.quartiles(np.array([[1.0], [2.0]]))[:, 0].tolist() == [1.25, 1.5, 1.75]
    assert curves.average_ranks([3.0, 1.0, 3.0, float("nan")]).tolist() == [1.5, 3.0, 1.5, 4.0]
    assert curves.corners(np.array([[1.0, 1.0, 2.0, 2.0, 2.0]])).tolist() == [0, 2, 4]
    assert np.isnan(curves.regret_curve(np.array([-1.0]), 1.0, 1e-3)).all()
    assert curves.regret_curve(np.array([1.0, 0.5]), 1.0, 1e-3).tolist() == [1e-3, 1.0]
    x, y = staircase(np.array([3.0, 1.0, 2.0, 2.5]), np.array([1.0, 3.0, 2.0, 2.5]))
    assert x.tolist() == [1.0, 2.0, 3.0] and y.tolist() == [3.0, 2.0, 1.0]


def test_words(tasks: dict[str, Task]) -> None:
    task = tasks["toy-edp-v0"]
    assert objective_in_words(task.objective, task.model) == "minimise latency × energy subject to energy ≤ 4.00 mJ"
    assert metric_label(Metric("latency_s", "s")) == "latency" and metric_label(Metric("row_hits", "")) == "row hits"
    assert (
        scale_for("s", [2e-3, 5e-3]).unit == "ms" and scale_for("s", []).unit == "s" and scale_for("m2", [1e-6]).unit == "mm²"
    )
    assert count(19_200_000) == "19,200,000" and count(10**24) == "1 × 10²⁴"
    assert script_json({"a": "</script>&"}) == '{"a":"\\u003c/script\\u003e\\u0026"}'
    assert tables.table("<", [tables.Column("<b>")], [[tables.Cell("<i>")]]).count("<b>") == 0


def test_agents_can_be_told_apart() -> None:
    styles = [Style(i) for i in range(32)]
    assert len({(s.colour, s.dashes) for s in styles}) == 32
    assert min(_contrast(c, "#ffffff") for c in LIGHT) >= 3 and min(_contrast(c, "#181d26") for c in DARK) >= 3


def _contrast(a: str, b: str) -> float:
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
