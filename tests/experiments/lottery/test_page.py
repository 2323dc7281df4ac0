"""The lottery's page: complete, well formed, self-contained, and safe against hostile names."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic import TASKS, make_digest

from archgym.experiments.lottery.analysis import Analysis, analyse
from archgym.experiments.lottery.analysis_tables import csv_tables
from archgym.experiments.lottery.digest import Digest, ordered
from archgym.experiments.lottery.page import page
from archgym.experiments.lottery.report import write_analysis

VOID = {"meta", "link", "br", "input", "img", "hr"}
HOSTILE = '<img src=x onerror="alert(1)">&</script>'


class Page(HTMLParser):
    """Checks that elements nest, and collects ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if tag == "a" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(small_analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the small lottery, with its files."""
    return write_analysis(small_analysis, tmp_path_factory.mktemp("lottery"))


def test_page_is_well_formed_and_every_link_leads_somewhere(written: Path) -> None:
    found = Page(written.read_text())
    assert not found.open
    assert len(found.ids) == len(set(found.ids))
    for link in found.links:
        assert link[1:] in found.ids if link.startswith("#") else (written.parent / link).is_file(), link


def test_page_needs_no_network(written: Path) -> None:
    text = re.sub(r'xmlns(:\w+)?="[^"]*"', "", written.read_text())
    assert not re.search(r'(src|href)="(https?:)?//', text) and "@import" not in text
    assert "default-src 'none'" in text


def test_every_section_is_there_with_its_figures(written: Path, small_analysis: Analysis) -> None:
    ids = Page(written.read_text()).ids
    parts = {
        "answer",
        "winners",
        "difficulty",
        "components",
        "aggregates",
        "pairs",
        "tuning",
        "rulesets",
        "time",
        "fronts",
        "tasks",
    }
    assert parts | {p.anchor for p in small_analysis.field.problems} <= set(ids)
    assert len(list((written.parent / "figures").glob("*.png"))) == len(list((written.parent / "figures").glob("*.svg"))) >= 21


def test_tables_beside_the_page_are_those_of_the_analysis(written: Path, small_analysis: Analysis) -> None:
    for name, table in csv_tables(small_analysis).items():
        with (written.parent / "tables" / f"{name}.csv").open(newline="") as file:
            head, *rows = csv.reader(file)
        assert tuple(head) == table.columns and len(rows) == len(table.rows)
    with (written.parent / "tables" / "agents.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    assert float(first["defaults"]) == pytest.approx(float(small_analysis.standings[0].defaults.value), rel=1e-5)


def test_names_from_a_digest_are_only_text() -> None:
    text = page(analyse(_renamed(make_digest(dict(list(TASKS.items())[:2]), {}, ("random", "genetic"), 2, 2, 8))), {})
    assert "<img" not in text and HOSTILE not in text
    assert "&lt;img src=x" in text
    assert not Page(text).open


def _renamed(digest: Digest) -> Digest:
    """Task, agent and family called something that a browser would run."""
    task = digest.lottery.tasks[0]
    rows = [
        replace(
            row,
            key=row.key._replace(
                task=HOSTILE if row.key.task == task else row.key.task,
                agent=HOSTILE if row.key.agent == "genetic" else row.key.agent,
            ),
        )
        for row in digest.rows
    ]
    names = {"tasks": (HOSTILE, *digest.lottery.tasks[1:]), "agents": ("random", HOSTILE)}
    facts = {HOSTILE if k == task else k: v.model_copy(update={"family": HOSTILE}) for k, v in digest.facts.items()}
    return replace(digest, lottery=digest.lottery.model_copy(update=names), rows=ordered(rows), facts=facts)


def test_incomplete_and_quick_lotteries_are_called_so(small_analysis: Analysis) -> None:
    digest = small_analysis.field.digest
    text = page(
        replace(small_analysis, field=replace(small_analysis.field, digest=replace(digest, planned=len(digest.rows) + 7))), {}
    )
    assert f"7 of {len(digest.rows) + 7:,} missing" in text
    assert "not evidence" in text
