"""A small suite with two ranked tasks, submissions to it, and what checks a page."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from leaderboard_helpers import cell, edit, edit_trials, first

from archgym import registry
from archgym.experiments.leaderboard import suites
from archgym.experiments.leaderboard.submitting import plan_of
from archgym.running import run

VOID = {"meta", "link", "br", "input", "img", "hr"}


def make_suite(folder: Path) -> None:
    """pair-v0: two ranked toys."""
    lines = ["format = 1", 'name = "pair-v0"', 'title = "Two <toys>"', "seeds = [0, 1, 2]", "budget = 24"]
    for name in ("toy-latency-v0", "toy-energy-v0"):
        print_ = registry.get_task(name).fingerprint
        lines += ["[[task]]", f'id = "{name}"', 'role = "search"', f'fingerprint = "{print_}"']
    (folder / "pair-v0.toml").write_text("\n".join(lines))


def enter(folder: Path, agent: str, config: dict[str, Any] | None = None, **says: Any) -> Path:
    """A submission to pair-v0, named after its folder."""
    suite = suites.load("pair-v0")
    for spec in plan_of(suite, agent, config or {}).specs:
        run(spec, folder / "runs" / spec.id)
    manifest = {
        "format": 1,
        "suite": {"name": suite.name, "hash": suite.hash},
        "name": folder.name,
        "agent": agent,
        "ruleset": "self",
        **says,
    }
    (folder / "submission.json").write_text(json.dumps(manifest))
    return folder


def flatter(folder: Path) -> None:
    """One score better than it was, and everything signed again."""
    edit_trials(first(folder), cell("score", 3, 0.97))


def pose(folder: Path, name: str) -> None:
    """The same runs under another name."""
    edit(folder / "submission.json", lambda m: m.update(name=name))


class Html(HTMLParser):
    """Checks that elements nest; collects attributes, ids, scripts and text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.seen: Counter[str] = Counter()
        self.scripts: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        else:
            self.text += data

    def values(self, name: str, tag: str = "") -> list[str]:
        """Every value of an attribute."""
        return [value for t, n, value in self.attributes if n == name and tag in ("", t)]
