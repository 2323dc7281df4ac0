"""The site: is it whole, are its figures those of the trials, and is nothing shown as verified that was not?"""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from site_helpers import Html, enter, flatter, make_suite, pose

from archgym.errors import BadInput
from archgym.experiments.designs import read_designs
from archgym.experiments.leaderboard import records, standings, stored, suites
from archgym.experiments.leaderboard.board import Board, Played, assemble
from archgym.experiments.leaderboard.checks import figures
from archgym.experiments.leaderboard.pages import badges, markup, method
from archgym.experiments.leaderboard.records import Records
from archgym.experiments.leaderboard.site import build, gather
from archgym.experiments.leaderboard.submission import read
from archgym.experiments.leaderboard.suites import Suite, SuiteTask
from archgym.experiments.report.curves import checkpoints
from archgym.files import read_json, write_json
from archgym.pareto import hypervolume_curve
from archgym.running import run
from archgym.spec import RunSpec

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp; $body ${title}"


@pytest.fixture(scope="module")
def pair(_plugin: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The suite pair-v0 alone."""
    folder = tmp_path_factory.mktemp("suites")
    make_suite(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "FOLDER", folder)
        yield folder


@pytest.fixture(scope="module")
def subs(pair: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three honest submissions, one that lies, a copy under another name, and something unreadable, in this order."""
    root = tmp_path_factory.mktemp("subs")
    honest = [enter(root / "blind", "random", method="Draws.\n\n" + EVIL, url="https://example.org/a?b=1&c=2")]
    honest.append(enter(root / "Family", "genetic"))
    tuned = {"ruleset": "external", "tuning": {"evaluations": 5000, "runs": []}}
    honest.append(enter(root / "tuned", "genetic", {"population": 6}, **tuned))
    liar, copy, junk = (Path(shutil.copytree(honest[1], root / name)) for name in ("liar", "copy", "junk"))
    pose(liar, "liar")
    flatter(liar)
    pose(copy, "copy")
    (junk / "submission.json").write_text('{"name": "<b>junk</b>"}')
    return [*honest, liar, copy, junk]


@pytest.fixture(scope="module")
def built(subs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of all six; never written to."""
    return build(subs, tmp_path_factory.mktemp("site")).parent


@pytest.fixture
def board(subs: list[Path], built: Path) -> Board:
    """The board of all six."""
    entrants, _ = gather(subs, Records(built / "verification"), "none", lambda line: None)
    return assemble(entrants)[0]


def _pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


# -- pages -----------------------------------------------------------------------------------------------------------------


def test_every_page_is_well_formed_and_every_link_leads_somewhere(built: Path) -> None:
    kinds = {str(p.relative_to(built).parent) for p in _pages(built)}
    assert kinds == {".", "pair-v0", "pair-v0/tasks", "pair-v0/methods", "pair-v0/failed"}
    for path in _pages(built):
        page = Html(path)
        assert len(page.values("id")) == len(set(page.values("id"))), f"{path}: an id is used twice"
        for href in (h for h in page.values("href") if not h.startswith(("#", "data:", "https://example.org/"))):
            assert (path.parent / href).is_file() or href == "", f"{path}: {href}"


def test_pages_load_nothing_and_run_only_scripts_of_ours(built: Path) -> None:
    for path in _pages(built):
        page, text = Html(path), path.read_text(encoding="utf-8")
        assert not page.values("src") and not re.search(r"url\((?!#)|@import", text)
        (policy,) = [v for v in page.values("content") if "default-src" in v]
        assert "default-src 'none'" in policy and re.search(r"script-src ([^;]*)", policy)
        allowed = set(re.findall(r"'sha256-([^']*)'", policy))
        code = [s for s in page.scripts if not s.startswith("{")]
        found = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in code}
        assert found == allowed and "unsafe-inline" not in re.findall(r"script-src ([^;]*)", policy)[0]
        assert not [n for _, n, _ in page.attributes if n.startswith("on")]


def test_tables_have_captions_and_headings_that_are_buttons(built: Path) -> None:
    for path in _pages(built):
        page, text = Html(path), path.read_text(encoding="utf-8")
        assert page.seen["caption"] == page.seen["table"]
        assert len(page.values("aria-sort", "th")) == len(re.findall(r'<th scope="col"[^>]*><button', text))


def test_texts_of_submissions_are_only_texts(built: Path) -> None:
    page = Html(built / "pair-v0" / "methods" / "blind.html")
    assert EVIL in page.text and page.seen["img"] == 0
    assert Html(built / "index.html").seen["b"] == 0
    link = next(i for i, a in enumerate(page.attributes) if a[2] == "https://example.org/a?b=1&c=2")
    assert page.attributes[link + 1][1:] == ("rel", "nofollow noopener noreferrer external")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//example.org", 'https://e.org/"><b>', "file:///etc"]
)
def test_addresses_that_are_not_http_are_no_links(url: str) -> None:
    assert "<a" not in markup.outward(url) and "<b>" not in markup.outward(url)


def test_whatever_a_manifest_says_is_escaped(board: Board) -> None:
    """Names and versions are narrow by their patterns; the pages do not rest on that."""
    hostile = {"name": EVIL, "agent": EVIL, "method": EVIL, "url": EVIL, "versions": {EVIL: EVIL}}
    entrant = replace(board.failed[0], manifest=board.failed[0].manifest.model_copy(update=hostile))
    text = markup.render(method.failed(board, entrant))
    assert "<img" not in text and "alert(1)</script>" not in text


def test_machine_paths_are_on_no_page(built: Path, subs: list[Path]) -> None:
    for path in [*_pages(built), *built.rglob("*.json"), *built.rglob("*.csv")]:
        assert str(subs[0].parent) not in path.read_text(encoding="utf-8")


def test_the_same_submissions_make_the_same_site(subs: list[Path], built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "verification", tmp_path / "verification")
    build(subs, tmp_path)
    for path in (p for p in built.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / path.relative_to(built)).read_bytes(), path


def test_pages_of_those_who_left_are_removed_and_nothing_else(subs: list[Path], built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "site")
    mine = [tmp_path / "site" / name for name in ("notes.html", "pair-v0/notes.html", "pair-v0/methods/notes.txt")]
    for path in mine:
        path.write_text("mine")
    build(subs[:2], tmp_path / "site")
    left = {p.name for p in (tmp_path / "site" / "pair-v0").rglob("*.html")}
    assert left == {"index.html", "notes.html", "blind.html", "family.html", "toy-latency-v0.html", "toy-energy-v0.html"}
    assert all(path.read_text() == "mine" for path in mine)


def test_nothing_entered_makes_a_page(pair: Path, tmp_path: Path) -> None:
    assert "Nothing was entered" in Html(build([], tmp_path)).text


def test_badges_can_be_read_in_both_themes() -> None:
    sheet = markup.asset("page.css") + markup.asset("site.css", markup.__package__)
    light, dark = ({k: v for block in found for k, v in re.findall(r"--(\w+):(#\w{6})", block)} for found in _themes(sheet))
    for theme in (light, dark):
        for name in ("ok", "claim", "bad", "ink", "muted", "accent"):
            assert min(_contrast(theme[name], theme[ground]) for ground in ("card", "paper", "soft")) >= 4.5, name


def _themes(sheet: str) -> tuple[list[str], list[str]]:
    return re.findall(r"^:root\{([^}]*)", sheet, re.M), re.findall(r"^:root\[data-theme=dark\]\{([^}]*)", sheet, re.M)


def _contrast(a: str, b: str) -> float:
    low, high = sorted(_luminance(c) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return float(np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


# -- what is verified ------------------------------------------------------------------------------------------------------


def test_liars_and_copies_are_listed_and_not_ranked(built: Path, board: Board) -> None:
    assert [e.name for e in board.ranked] == ["blind", "Family", "tuned"]
    assert [e.name for e in board.failed] == ["liar", "copy"]
    suite = Html(built / "pair-v0" / "index.html").text
    assert "Not ranked" in suite and "the same designs as Family" in suite and "claimed 0.97" in suite
    assert sorted(p.stem for p in (built / "pair-v0" / "methods").iterdir()) == ["blind", "family", "tuned"]
    for path in [*(built / "pair-v0" / "tasks").iterdir(), built / "pair-v0" / "results.csv"]:
        assert "liar" not in path.read_text(encoding="utf-8") and "copy" not in path.read_text(encoding="utf-8")
    assert "junk" in Html(built / "index.html").text


def test_no_check_of_a_liar_is_said_to_have_passed_that_was_not_made(board: Board) -> None:
    """The liar has the runs of another one, too; its trials are not kept, and so not compared."""
    liar = next(e for e in board.failed if e.name == "liar")
    assert {c.name: c.status for c in liar.checks}["others"] == "not checked"


def test_whoever_comes_first_keeps_the_runs(subs: list[Path], built: Path) -> None:
    entrants, _ = gather([subs[4], subs[1]], Records(built / "verification"), "none", lambda line: None)
    (board,) = assemble(entrants)
    assert [e.name for e in board.ranked] == ["copy"] and [e.name for e in board.failed] == ["Family"]


def test_a_name_is_taken_once_whatever_its_case(subs: list[Path], built: Path) -> None:
    entrants, _ = gather(subs[:2], Records(built / "verification"), "none", lambda line: None)
    twin = replace(entrants[1], manifest=entrants[1].manifest.model_copy(update={"name": "BLIND"}))
    (board,) = assemble([entrants[0], twin])
    assert [e.name for e in board.failed] == ["BLIND"]
    assert badges.badges(board.failed[0]) == ["failed"]


def test_a_verification_that_comes_with_a_submission_counts_for_nothing(subs: list[Path], tmp_path: Path) -> None:
    liar = Path(shutil.copytree(subs[3], tmp_path / "liar"))
    good = {"name": "search", "status": "passed", "detail": "all", "findings": []}
    contents = read(liar).contents
    forged = {"format": 1, "archgym": "0.1.0", "verdict": "verified", "contents": contents, "wanted": "all"}
    write_json(liar / "verification.json", {**forged, "checks": [good, {**good, "name": "trials"}]})
    entrants, _ = gather([liar], Records(tmp_path / "own"), "none", lambda line: None)
    assert entrants[0].standing == "failed" and entrants[0].played == ()


def test_badges_say_what_was_verified_and_what_is_only_claimed(subs: list[Path], board: Board, tmp_path: Path) -> None:
    said = {e.name: badges.badges(e) for e in board.entrants}
    assert said["blind"] == ["replayed", "budget claimed"]
    assert said["tuned"] == ["replayed", "budget claimed", "tuning claimed"]
    assert said["liar"] == said["copy"] == ["failed"]
    again, _ = gather(subs[:1], Records(tmp_path), "all", lambda line: None)
    assert badges.badges(again[0]) == ["re-run"]
    assert set(badges.MEANINGS) >= {word for words in said.values() for word in words}


def test_what_is_known_of_the_same_files_is_not_found_out_twice(
    subs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Records(tmp_path / "kept")
    (first,), _ = gather(subs[:1], kept, 2, lambda line: None)
    monkeypatch.setattr(records, "verify", lambda *_, **__: pytest.fail("verified again"))
    for wanted in ("none", 1, 2):
        (again,), _ = gather(subs[:1], kept, wanted, lambda line: None)
        assert again.checks == first.checks and again.standing == "re-run"


def test_a_record_is_of_the_very_files(subs: list[Path], tmp_path: Path) -> None:
    sub, kept = Path(shutil.copytree(subs[0], tmp_path / "sub")), Records(tmp_path / "kept")
    gather([sub], kept, "none", lambda line: None)
    flatter(sub)
    (changed,), _ = gather([sub], kept, "none", lambda line: None)
    assert changed.standing == "failed"


def test_more_runs_played_again_than_recorded_are_played(subs: list[Path], tmp_path: Path) -> None:
    kept = Records(tmp_path)
    for wanted, standing in (("none", "replayed"), ("all", "re-run")):
        (found,), _ = gather(subs[:1], kept, wanted, lambda line: None)
        assert found.standing == standing


# -- figures ---------------------------------------------------------------------------------------------------------------


def test_kept_designs_make_the_figures_of_all_trials(subs: list[Path], board: Board) -> None:
    entrant = next(e for e in board.ranked if e.name == "Family")
    for log in read(subs[1]).runs:
        run = next(r for r in entrant.runs[log.spec.task] if r.spec.seed == log.spec.seed)
        steps = checkpoints(log.spec.budget)
        assert run.best.tolist() == np.maximum.accumulate(log.score)[steps - 1].tolist()
        found = figures(log)
        assert (run.score, run.feasible, run.unique) == (found["best_score"], found["feasible"], found["unique"])
        assert run.volume[-1] == pytest.approx(found["hypervolume"], rel=1e-12)
        assert all((log.x[t] == x).all() for t, x in zip(run.front.trial, run.front.x, strict=True))


def test_kept_designs_show_how_a_front_grew(board: Board) -> None:
    """Of a task ranked by hypervolume the whole curve can be made again, of few of its trials."""
    log = run(RunSpec.create("attention-xlm64k-front-v0", "random", {}, 3, 200))
    played = Played.of(log)
    entry = SuiteTask(id=log.spec.task, role="search", fingerprint=log.task.fingerprint)
    suite = Suite(format=1, name="front-v0", title="One front", seeds=(3,), budget=200, task=(entry,))
    (again,) = replace(board.ranked[0], suite=suite, played=(played,)).runs[log.spec.task]
    curve = hypervolume_curve(log.task.front_values(log.costs))[checkpoints(200) - 1]
    assert again.volume == pytest.approx(curve, rel=1e-12) and len(set(curve)) > 10
    assert len(played.trial) < 100


def test_rankings_are_those_of_a_case_worked_by_hand(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interquartile means of three seeds are their means (nothing is cut of three)."""
    values = np.array(
        [[[0.2, 0.3, 0.4], [0.5, 0.5, 0.5]], [[0.9, 0.9, 0.9], [1.2, 1.2, 1.2]], [[0.6, 0.6, 0.6], [0.5, 0.5, 0.5]]]
    )
    monkeypatch.setattr(standings, "performances", lambda _, tasks: values[:, : len(tasks)])
    (ranking,) = standings.rankings(board)
    assert [line.entrant.name for line in ranking.lines] == ["Family", "tuned", "blind"]
    assert [line.mean_rank for line in ranking.lines] == [1.0, 2.25, 2.75]
    first, second, third = ranking.lines
    assert float(first.iqm.value) == pytest.approx(0.95), "performance ends at 1, and one of six is cut at either end"
    assert first.improvement is not None and float(first.improvement.value) == 1.0
    assert second.improvement is not None and float(second.improvement.value) == 0.75, "a tie counts one half"
    assert third.improvement is None
    assert ranking.difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 2)), abs=1e-3), "Demšar 2006, table 5"
    assert ranking.groups == ((0, 1, 2),)
    places = standings.places(board, "toy-latency-v0")
    assert [(p.entrant.name, float(p.rank.value), float(p.rank.low), float(p.rank.high)) for p in places] == [
        ("Family", 1.0, 1.0, 1.0),
        ("tuned", 2.0, 2.0, 2.0),
        ("blind", 3.0, 3.0, 3.0),
    ]


def test_random_search_is_the_verified_one_whoever_calls_itself_so(board: Board) -> None:
    blind, family, _ = board.ranked
    poser = replace(blind, manifest=blind.manifest.model_copy(update={"name": "a-random"}))
    again = replace(blind, checks=tuple(replace(c, status="passed") for c in blind.checks))
    for honest in (again, replace(blind, contents="")):
        lines = standings.rankings(Board(board.suite, [poser, honest, family]))[0].lines
        assert [line.entrant for line in lines if line.improvement is None] == [honest]


def test_downloaded_designs_have_the_scores_that_stand_beside_them(built: Path, board: Board) -> None:
    for path in (built / "pair-v0" / "designs").iterdir():
        task = board.suite.tasks[path.stem]
        x, other = read_designs(path, task.space)
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        score = task.objective.score(task.model.evaluate(x))
        assert [float(r["score"]) for r in rows] == score.tolist() and other[:3] == ["method", "seed", "trial"]
        assert {r["method"] for r in rows} == {"blind", "Family", "tuned"}


def test_results_have_one_line_per_ranked_run(built: Path, board: Board) -> None:
    with (built / "pair-v0" / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 3
    by_run = {p.spec.id: p.digest for e in board.ranked for p in e.played}
    assert {r["run"]: r["digest"] for r in rows} == by_run


# -- a board kept ----------------------------------------------------------------------------------------------------------


def test_a_kept_board_is_the_same_board(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "pair-v0.parquet"
    stored.save(board.ranked, path)
    (again,) = assemble(stored.load(path))
    assert [e.name for e in again.ranked] == [e.name for e in board.ranked]
    for was, now in zip(board.ranked, again.ranked, strict=True):
        assert [p.digest for p in was.played] == [p.digest for p in now.played]
        for task_id, runs in was.runs.items():
            for a, b in zip(runs, now.runs[task_id], strict=True):
                assert a.best.tolist() == b.best.tolist() and a.front.x.tolist() == b.front.x.tolist()
    assert [float(x.iqm.low) for x in standings.rankings(again)[0].lines] == [
        float(x.iqm.low) for x in standings.rankings(board)[0].lines
    ]


def test_a_baseline_comes_before_the_submissions(subs: list[Path], board: Board, tmp_path: Path) -> None:
    kept = tmp_path / "kept.parquet"
    stored.save([e for e in board.ranked if e.name == "Family"], kept)
    text = Html(build(subs[4:5], tmp_path / "site", baselines=[kept]).parent / "pair-v0" / "index.html").text
    assert "1 method ranked, 1 failed" in text and "the same designs as Family" in text


@pytest.mark.parametrize("what", ["text", "format", "suite"])
def test_a_file_that_is_no_kept_board_is_refused(what: str, board: Board, tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    stored.save(board.ranked, path)
    if what == "text":
        path.write_text("PAR1")
    else:
        table = pq.read_table(path)
        (key,) = (k for k in table.schema.metadata if k.startswith(b"archgym"))
        new = {
            "format": (b'"format": 1, "entrants"', b'"format": 7, "entrants"'),
            "suite": (board.suite.hash.encode(), b"0" * 16),
        }
        pq.write_table(table.replace_schema_metadata({key: table.schema.metadata[key].replace(*new[what])}), path)
    with pytest.raises(BadInput, match=str(path)):
        stored.load(path)


def test_what_is_published_of_a_verification_is_what_was_found(built: Path, board: Board) -> None:
    for entrant in board.entrants:
        kept = read_json(built / "verification" / f"{entrant.contents}.json")
        found = {c.name: (c.status, c.detail) for c in entrant.checks if c.name != "others"}
        assert {c["name"]: (c["status"], c["detail"]) for c in kept["checks"] if c["name"] != "others"} == found
