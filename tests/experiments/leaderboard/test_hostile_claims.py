"""Whatever a readable submission claims falsely: is it found, and is the submission called wrong (or refused)?"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from leaderboard_helpers import RANKED, TUNED, cell, edit, edit_trials, first, honest, play, put, respec, sign_again

from archgym import registry
from archgym.space import IntArray

Case = Callable[[Path], Any]
WRONG: dict[str, tuple[Case, str]] = {}
REFUSED: dict[str, tuple[Case, str]] = {}


def _valid(place: Path) -> int:
    """The first valid trial of a run."""
    import pyarrow.parquet as pq

    return pq.read_table(place / "trials.parquet")["valid"].to_pylist().index(True)


def _cell(column: str, value: Any, sign: bool = True) -> Case:
    return lambda f: edit_trials(first(f), cell(column, _valid(first(f)), value), sign)


def _manifest(**changes: Any) -> Case:
    return lambda f: edit(f / "submission.json", lambda m: m.update(changes))


def _run(change: Callable[[dict[str, Any]], Any], seed: int = 0) -> Case:
    return lambda f: edit(first(f, seed) / "run.json", change)


def _summary(**changes: Any) -> Case:
    return _run(lambda m: m["summary"].update(changes))


WRONG |= {
    "an edited metric": (_cell("latency_s", 1e-6, sign=False), "latency_s: claimed 1e-06, evaluated"),
    "an edited metric, signed again": (_cell("latency_s", 1e-6), "latency_s: claimed 1e-06, evaluated"),
    "an edited score, signed again": (_cell("score", 99.0), "score: claimed 99.0, evaluated"),
    "an edited distance, signed again": (_cell("distance", 1.0), "distance: claimed 1.0, evaluated 0.0"),
    "a reason at a valid design": (_cell("reason", 1), "reason: claimed 1.0, evaluated 0.0"),
    "NaN in a metric of a valid design": (_cell("latency_s", math.nan), "latency_s: claimed nan, evaluated"),
    "infinity in a metric": (_cell("energy_j", math.inf), "energy_j: claimed inf, evaluated"),
    "a negative metric": (_cell("latency_s", -1.0), "latency_s: claimed -1.0, evaluated"),
    "a NaN for a score": (_cell("score", math.nan, sign=False), "score: claimed nan, evaluated"),
    "an infinite score": (_cell("score", math.inf, sign=False), "score: claimed inf, evaluated"),
    "a summary's score": (_summary(best_score=7.5), "best_score: claimed 7.5, found"),
    "a summary's value": (_summary(best_value=1e-9), "best_value: claimed 1e-09, found"),
    "a summary's hypervolume": (_summary(hypervolume=1.0), "hypervolume: claimed 1.0, found"),
    "a summary's design": (_summary(best_design={"tile": 1}), "best_design: claimed {'tile': 1}, found"),
    "a summary's count": (_summary(unique=1), "unique: claimed 1, found"),
    "a digest": (_run(lambda m: m.update(digest="0" * 64)), "the trials are not those of its digest"),
    "a model's fingerprint": (_run(lambda m: m["model"].update(fingerprint="0" * 16)), "made with another model version"),
    "a model's version": (_run(lambda m: m["model"].update(version="2")), "made with another model version"),
    "another agent's name": (_manifest(agent="genetic"), "of agent random, not genetic"),
    "self-tuning with a tuning": (_manifest(tuning={"evaluations": 5, "runs": []}), "self-tuning, but a tuning is declared"),
}


def wrong(line: str) -> Callable[[Case], Case]:
    """Put a case into the table; its name is the function's."""

    def add(case: Case) -> Case:
        WRONG[case.__name__.strip("_").replace("_", " ")] = (case, line)
        return case

    return add


@wrong("missing: toy-latency-v0 with seed 1")
def _a_seed_left_out(folder: Path) -> None:
    import shutil

    shutil.rmtree(first(folder, 1))


@wrong("seed 0 | missing: toy-latency-v0 with seed 1")
def _no_run_at_all(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder / "runs")


@wrong("not a seed of toy-v0: toy-latency-v0 with seed 7")
def _an_extra_seed(folder: Path) -> None:
    play(folder, seed=7)


@wrong("2 runs of toy-latency-v0 with seed 0")
def _a_second_try_of_a_seed(folder: Path) -> None:
    play(folder, config={"batch": 3})


@wrong("the same designs as")
def _a_run_copied_under_another_seed(folder: Path) -> None:
    _copied(folder, slice(None))


@wrong("the same designs as")
def _a_run_copied_in_another_order(folder: Path) -> None:
    _copied(folder, slice(None, None, -1))


def _copied(folder: Path, order: slice) -> None:
    source, target = first(folder, 0), first(folder, 1)

    def change(table: pa.Table) -> pa.Table:
        import pyarrow.parquet as pq

        rows = pq.read_table(source / "trials.parquet").take(list(range(24))[order])
        return put("trial", table["trial"])(rows)

    edit_trials(target, change)


@wrong("30 evaluations")
def _an_overspent_budget(folder: Path) -> None:
    import shutil

    shutil.rmtree(first(folder))
    play(folder, budget=30)


@wrong("20 evaluations")
def _an_underspent_budget(folder: Path) -> None:
    import shutil

    shutil.rmtree(first(folder))
    play(folder, budget=20)


@wrong("another search: from trial 0 on other designs")
def _our_agent_with_designs_that_it_did_not_choose(folder: Path) -> None:
    _replace_designs(first(folder), 0, lambda rng, space: space.sample(rng, 24))


@wrong("another search: from trial 23 on other designs")
def _the_best_design_smuggled_into_the_last_trial(folder: Path) -> None:
    best = {"tile": 16, "buffer": 32, "ports_0": 3, "ports_1": 8, "ports_2": 5, "order": "d", "flow": "d", "mode": "h"}
    _replace_designs(first(folder), 23, lambda rng, space: space.encode(best)[None, :])


def _replace_designs(place: Path, start: int, choose: Callable[[Any, Any], IntArray]) -> None:
    """Evaluate other designs honestly in place of a run's, from trial ``start`` on."""
    from archgym.runlog import RunLog

    task = registry.get_task(RANKED)
    log = RunLog.load(place)
    x = np.concatenate([log.x[:start], choose(np.random.default_rng(99), task.space)])
    costs = task.model.evaluate(x)
    RunLog(log.manifest, x, costs, task.objective.score(costs)).save(place)
    sign_again(place)


@wrong("unknown hyperparameter 'luck'")
def _a_hyperparameter_that_the_agent_does_not_have(folder: Path) -> None:
    _configured(folder, {"batch": 64, "luck": 9})


@wrong("not all hyperparameters are written out")
def _hyperparameters_left_out(folder: Path) -> None:
    _configured(folder, {})


@wrong("not the defaults")
def _tuned_but_called_the_defaults(folder: Path) -> None:
    _configured(folder, {"batch": 3})


@wrong("not the agent's defaults, but no tuning is declared")
def _tuned_but_nothing_declared(folder: Path) -> None:
    _configured(folder, {"batch": 3})
    _manifest(ruleset="external")(folder)


def _configured(folder: Path, config: dict[str, Any]) -> None:
    for seed in (0, 1):
        respec(first(folder, seed), config=config)


@wrong("2 configurations in the family toy; one is allowed")
def _tuned_to_each_seed(folder: Path) -> None:
    respec(first(folder, 1), config={"batch": 3})
    _manifest(ruleset="external", tuning={"evaluations": 9, "runs": []})(folder)


@wrong("of agent genetic, not random")
def _a_better_agent_for_one_seed(folder: Path) -> None:
    import shutil

    shutil.rmtree(first(folder, 1))
    play(folder, agent="genetic", seed=1)


def _tuned(folder: Path, named: bool, evaluations: int) -> None:
    place = play(folder, "tuning", task=TUNED)
    _manifest(ruleset="external", tuning={"evaluations": evaluations, "runs": [place.name] if named else []})(folder)


@wrong("not named in the manifest")
def _a_tuning_run_that_is_not_declared(folder: Path) -> None:
    _tuned(folder, named=False, evaluations=24)


@wrong("10 evaluations of tuning declared, 24 are laid beside")
def _a_tuning_that_is_counted_too_low(folder: Path) -> None:
    _tuned(folder, named=True, evaluations=10)


@wrong("named in the manifest, but missing")
def _a_tuning_run_that_is_not_there(folder: Path) -> None:
    _manifest(ruleset="external", tuning={"evaluations": 24, "runs": ["0" * 16]})(folder)


@wrong("latency_s: claimed 1e-06")
def _an_edited_tuning_run(folder: Path) -> None:
    _tuned(folder, named=True, evaluations=24)
    place = first(folder, part="tuning")
    edit_trials(place, cell("latency_s", _valid(place), 1e-6))


REFUSED |= {
    "another hash of the suite": (_manifest(suite={"name": "toy-v0", "hash": "0" * 16}), "suite: another toy-v0 than here"),
    "no such suite": (_manifest(suite={"name": "toy-v9", "hash": "0" * 16}), "there is no suite 'toy-v9'"),
    "another specification": (_run(lambda m: m["spec"].update(seed=1)), "its specification's is"),
    "another id": (_run(lambda m: m.update(id="0" * 16)), "its id is 0000000000000000"),
    "another folder": (lambda f: first(f).rename(f / "runs" / ("0" * 16)), "its folder's is 0000000000000000"),
    "an easy task smuggled in": (lambda f: respec(first(f), task="memory-dramgym-stream-power-v0"), "is no search or held-out"),
    "an option of the task": (lambda f: respec(first(f), options={"memory": "far"}), "spec.options: "),
    "tuned on a ranked task": (lambda f: play(f, "tuning", task=RANKED), "is no tuning task of toy-v0"),
    "a tuning task among the ranked": (lambda f: play(f, task=TUNED), "is no search or held-out task"),
    "an unfinished run": (_run(lambda m: m.update(status="running")), "status: "),
    "another format": (_run(lambda m: m.update(format=2)), "format: "),
    "a budget of millions": (lambda f: respec(first(f), budget=10**9), "a budget of 1,000,000,000"),
    "a negative seed": (lambda f: respec(first(f), seed=-1), "spec.seed: must be at least 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_false_claim_is_found(name: str, copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    case, line = WRONG[name]
    folder = copy("sub")
    case(folder)
    done = judge(folder)
    assert done.verdict == "wrong", done
    assert line in " | ".join(f for c in done.checks for f in c.findings)
    assert json.loads((folder / "verification.json").read_text())["verdict"] == "wrong"


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_the_suite_is_refused(name: str, copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    case, line = REFUSED[name]
    folder = copy("sub")
    case(folder)
    done = judge(folder)
    assert done.verdict == "refused" and line in done.reason, done.reason
    assert "\n" not in done.reason and not (folder / "verification.json").exists()


# -- among several ---------------------------------------------------------------------------------------------------------


def test_the_first_given_keeps_its_runs(copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    mine, theirs = copy("mine"), copy("theirs")
    _manifest(name="other")(theirs)
    first, second = judge(mine, theirs)
    assert (first.verdict, second.verdict) == ("verified", "wrong")
    assert "the same designs as in submission honest" in second.checks[8].detail


def test_one_that_is_wrong_itself_keeps_nothing(copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    thief, mine = copy("thief"), copy("mine")
    _manifest(name="HONEST")(thief)
    _a_run_copied_under_another_seed(thief)
    assert [done.verdict for done in judge(thief, mine)] == ["wrong", "verified"]


def test_names_that_differ_in_case_only_are_found(
    copy: Callable[[str], Path], tmp_path: Path, judge: Callable[..., Any]
) -> None:
    mine, other = copy("mine"), honest(tmp_path / "other", "genetic")
    _manifest(name="HONEST")(other)
    details = [d.checks[8].detail for d in judge(mine, other)]
    assert details == ["no other submission was given before it", "its name is taken: mine"]


def test_a_refused_one_does_not_keep_others_from_being_verified(copy: Callable[[str], Path], judge: Callable[..., Any]) -> None:
    bad = copy("bad")
    (bad / "submission.json").unlink()
    assert [d.verdict for d in judge(bad, copy("mine"))] == ["refused", "verified"]
