"""From an agent to a verified submission in two commands: does each say what is missing, and leave nothing half-done?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from experiment_helpers import plan_of
from leaderboard_helpers import cell, edit, edit_trials, first, honest, respec

from archgym import registry
from archgym.experiments.cli import main
from archgym.experiments.leaderboard import suites
from archgym.experiments.leaderboard.submission import read
from archgym.experiments.leaderboard.verification import verify

PLAY = ["leaderboard", "play", "toy-v0", "--serial", "--agent"]
SUBMIT = ["leaderboard", "submit"]


@pytest.fixture
def here(toy_suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _submit(*more: str, runs: str = "results/toy-v0-random", name: str = "mine") -> int:
    return main([*SUBMIT, runs, "--suite", "toy-v0", "--name", name, *more])


def _error(capsys: pytest.CaptureFixture[str]) -> str:
    printed = capsys.readouterr().err
    return printed.splitlines()[-1].removeprefix("error: ")


def test_two_commands_make_a_submission_that_verifies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PLAY, "random"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "submit them: archgym leaderboard submit results/toy-v0-random --suite toy-v0 --name NAME"
    )
    assert _submit("--method", "As <b>usual</b>.") == 0
    assert capsys.readouterr().out == "submissions/mine: 48 trials of 2 runs evaluated again: every bit the same\n"
    assert main(["leaderboard", "verify", "submissions/mine", "--rerun", "all"]) == 0
    assert "2 of 2 runs played again" in capsys.readouterr().out
    assert sorted(p.name for p in Path("submissions/mine").iterdir()) == ["runs", "submission.json", "verification.json"]
    assert [p.name for p in Path("submissions").iterdir()] == ["mine"]
    assert read(Path("submissions/mine")).manifest.method == "As <b>usual</b>."


def test_a_tuned_submission_has_its_tuning_beside(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PLAY, "random", "--set", "batch=3"]) == 0
    assert main([*PLAY, "random", "--set", "batch=3", "--tuning"]) == 0
    assert _submit("--ruleset", "external", "--tuning", "results/toy-v0-tuning-random") == 0
    sub = read(Path("submissions/mine"))
    assert sub.manifest.tuning.evaluations == 48 and [len(log.x) for log in sub.tuning] == [24, 24]
    assert _submit("--ruleset", "external", "--tuning-evaluations", "1000", name="b") == 0
    (done,) = verify([Path("submissions/b")])
    assert done.checks[4].status == "not checked" and "1,000 of 1,000 evaluations" in done.checks[4].detail


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--name", "../x"], "--name must be 1 to 40 letters, digits and . _ -"),
        (["--name", "a\n"], "--name must be 1 to 40 letters, digits and . _ -"),
        (["--suite", "toy-v7"], "there is no suite 'toy-v7'"),
        (["--agent", "genetic"], "2 of 2 runs of toy-v0 are missing: toy-latency-v0 seed 0, toy-latency-v0 seed 1; "),
        (["--ruleset", "mine"], "submission: ruleset: "),
        (["--url", "javascript:alert(1)"], "submission: url: must be an https:// address"),
        (["--method", "\x1b[31m"], "submission: method: must be printable text"),
        (["--out", "results"], "results: is there already; choose another --out"),
        (["--tuning", "nowhere"], "nowhere: no such folder"),
        (["--ruleset", "self", "--tuning-evaluations", "5"], "ruleset: self-tuning, but a tuning is declared"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    main([*PLAY, "random"])
    before = sorted(here.rglob("*"))
    assert _submit(*arguments) == 2
    assert _error(capsys).startswith(line)
    assert [p for p in sorted(here.rglob("*")) if p not in before] in ([], [here / "submissions"])


def test_a_set_that_is_not_complete_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*PLAY, "random"])
    gone = next(p.parent for p in here.rglob("run.json") if json.loads(p.read_text())["spec"]["seed"] == 1)
    shutil.rmtree(gone)
    assert _submit() == 2
    assert _error(capsys).startswith(
        "1 of 2 runs of toy-v0 are missing: toy-latency-v0 seed 1; archgym leaderboard play toy-v0"
    )


def test_a_study_of_several_agents_needs_a_choice(
    here: Path, play: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    play(plan_of(agents=["random", "sobol"], seeds=3), here / "results/s")
    assert _submit(runs="results/s") == 2
    assert _error(capsys) == "there are 2 runs of toy-latency-v0 with seed 0; choose by --agent: random, sobol"
    assert _submit("--agent", "sobol", runs="results/s") == 0
    assert read(Path("submissions/mine")).manifest.agent == "sobol"


def test_edited_results_are_not_submitted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*PLAY, "random"])
    place = next(Path("results/toy-v0-random").glob("*/trials.parquet")).parent
    edit_trials(place, cell("score", 3, 9.0), sign=False)
    assert _submit() == 2
    assert "score: claimed 9.0, evaluated" in _error(capsys) and not list(here.glob("submissions/*"))


# -- verify ----------------------------------------------------------------------------------------------------------------


def test_exit_codes_say_which(copy: Callable[[str], Path], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, wrong, broken = copy("good"), copy("wrong"), copy("broken")
    edit(wrong / "submission.json", lambda m: m.update(name="wrong", agent="sobol"))
    (broken / "submission.json").write_text("{")
    codes = [main(["leaderboard", "verify", str(f), "--rerun", "none"]) for f in (good, wrong, broken)]
    assert codes == [0, 1, 2]
    capsys.readouterr()
    assert main(["leaderboard", "verify", str(wrong), str(broken), "--json"]) == 2
    assert [v["verdict"] for v in json.loads(capsys.readouterr().out)] == ["wrong", "refused"]
    assert main(["leaderboard", "verify", str(good), f"{good}/."]) == 2
    assert _error(capsys) == "the same submission is given twice"
    for text in ("some", "-1", "1.5", "²"):
        assert main(["leaderboard", "verify", str(good), f"--rerun={text}"]) == 2
        assert _error(capsys) == f"--rerun takes a number, all or none, got '{text}'"


@pytest.mark.parametrize("agent", ["sobol", "annealing", "genetic", "cma_es", "nsga2", "ant_colony"])
def test_our_agents_repeat(agent: str, toy_suites: Path, tmp_path: Path) -> None:
    (done,) = verify([honest(tmp_path / "sub", agent)], "all")
    assert {c.name: c.status for c in done.checks} == {
        **dict.fromkeys(("runs", "budget", "agent", "ruleset", "tuning", "copies", "trials", "figures"), "passed"),
        "others": "not checked",
        "search": "passed",
        "ledger": "passed",
    }


def _statuses(folder: Path, wanted: Any = "all") -> dict[str, tuple[str, str]]:
    (done,) = verify([folder], wanted)
    assert done.verdict == "verified", done.checks
    return {c.name: (c.status, c.detail) for c in done.checks}


def test_an_unknown_agent_is_believed_in_its_budget_only(copy: Callable[[str], Path]) -> None:
    """Trials, figures, seeds and copies are checked all the same; what cannot be checked is said."""
    folder = copy("sub")
    edit(folder / "submission.json", lambda m: m.update(agent="nobody"))
    for seed in (0, 1):
        respec(first(folder, seed), agent="nobody")
    found = _statuses(folder)
    assert found["trials"][0] == found["figures"][0] == found["copies"][0] == "passed"
    assert found["agent"][0] == "not checked" and "there is no agent 'nobody'" in found["agent"][1]
    assert found["ruleset"][0] == "not checked"
    assert found["search"] == ("not checked", "not re-run: agent nobody is not installed")
    assert found["ledger"][0] == "not checked" and "the budget is claimed, not checked" in found["ledger"][1]


def test_a_plug_ins_agent_is_played_again_but_its_ledger_is_not_proved(toy_suites: Path, tmp_path: Path) -> None:
    """An agent shares its process with the cost model: what it looked at past the ledger, only its source could tell."""
    found = _statuses(honest(tmp_path / "sub", "toy_busy"))
    assert found["search"] == ("passed", "2 of 2 runs played again: the same trials")
    assert found["ledger"][0] == "not checked" and "not one of ArchGym's own" in found["ledger"][1]


def test_of_a_few_runs_played_again_the_rest_is_claimed(copy: Callable[[str], Path]) -> None:
    found = _statuses(copy("sub"), 1)
    assert found["search"] == ("passed", "1 of 2 runs played again: the same trials")
    assert found["ledger"] == ("not checked", "1 of 2 runs hide no evaluation; of the others the budget is claimed")
    assert _statuses(copy("other"), "none")["search"] == ("not checked", "not asked for")


def test_the_report_says_what_was_checked_and_of_which_files(copy: Callable[[str], Path]) -> None:
    folder = copy("sub")
    (done,) = verify([folder])
    found = json.loads((folder / "verification.json").read_text())
    assert [(c["name"], c["status"]) for c in found["checks"]] == [(c.name, c.status) for c in done.checks]
    assert found["contents"] == read(folder).contents and found["suite"]["hash"] == suites.load("toy-v0").hash
    best = {(r["task"], r["seed"]): r["figures"]["best_score"] for r in found["results"]}
    assert best == {(log.spec.task, log.spec.seed): float(log.score.max()) for log in read(folder).runs}
    edit(folder / "submission.json", lambda m: m.update(name="renamed"))
    assert found["contents"] != read(folder).contents


# -- suites ----------------------------------------------------------------------------------------------------------------


def test_alone_it_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard"]) == 0
    printed = capsys.readouterr()
    assert "submit" in printed.out and not printed.err
    assert main(["leaderboard", "verfy"]) == 2


def test_suites_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", "suites"]) == 0 and "toy-v0" in capsys.readouterr().out
    assert main(["leaderboard", "suites", "toy-v0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["hash"] == suites.load("toy-v0").hash and [t["role"] for t in told["task"]] == ["search", "tuning"]


def test_a_suite_of_another_model_version_is_not_played(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (suites.FOLDER / "toy-v0.toml").read_text()
    print_ = registry.get_task("toy-latency-v0").fingerprint
    monkeypatch.setattr(suites, "FOLDER", here)
    (here / "toy-v0.toml").write_text(text.replace(print_, "0" * 16, 1))
    assert main([*PLAY, "random"]) == 2
    assert "was frozen with another model version (0000000000000000, here " in _error(capsys)
    assert not (here / "results").exists()
