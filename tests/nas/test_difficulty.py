"""Are the tables as hard as they are said to be, and do our agents find what others found?"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.nas.difficulty import expected_random, play
from archgym.envs.nas.fidelity import COLUMNS, REFERENCE, fidelity, read, settings
from archgym.errors import BadInput

INSTALLED = find_spec("analognasbench") is not None
needs_table = pytest.mark.skipif(not INSTALLED, reason="analog-nasbench is not installed (extra nas201)")


def accuracy_task():  # type: ignore[no-untyped-def]
    from archgym.envs.nas.cifar.tasks import tasks

    return tasks()[0]


@needs_table
def test_random_search_is_as_good_as_probability_says() -> None:
    runs = play(accuracy_task(), "random", {}, 100, 60)
    error = runs.regret[:, 99].std(ddof=1) / np.sqrt(60)
    assert abs(runs.mean(100) - expected_random(accuracy_task(), 100)) < 4 * error
    assert (np.diff(runs.regret, axis=1) <= 0).all() and (runs.regret >= 0).all()


@needs_table
def test_aging_evolution_is_twice_as_near_as_random_search_at_200() -> None:
    evolution = {"population": "30", "tournament": "10", "changes": "0"}
    assert play(accuracy_task(), "evolution", evolution, 200, 8).mean(200) < 0.5 * expected_random(accuracy_task(), 200)


@needs_table
@pytest.mark.slow
def test_the_published_difficulty_is_reproduced() -> None:
    """Aging evolution: at most 0.06 points at 200 evaluations, the optimum in 95 % of the runs at 500."""
    found = fidelity()
    assert found.passed, found.figures
    rows = read(REFERENCE)
    ours = np.array(found.columns["regret_points_predicted"])
    assert (ours <= 1.1 * np.array([row.regret for row in rows])).all()


def test_settings_are_pairs() -> None:
    assert settings("population=30 tournament=10") == {"population": "30", "tournament": "10"} and settings("") == {}


GOOD = "nas-cifar-accuracy-v0,random,,100,0.5,"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (GOOD.replace("100", "many"), r"row 2: invalid literal .*'many'"),
        (GOOD.replace("100", "0"), r"row 2: evaluations must be from 1 to 100,000, not 0"),
        (GOOD.replace("accuracy", "acuracy"), r"row 2: no table is called .*; did you mean 'nas-cifar-accuracy-v0'\?"),
        (GOOD.replace("random,", "random,population"), r"row 2: settings must be name=value between spaces, not 'population'"),
    ],
)
def test_a_broken_reference_is_one_line(tmp_path: Path, row: str, line: str) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(f"{','.join(COLUMNS)}\n{row}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=rf"bad\.csv, {line}$"):
        read(bad)


def test_workloads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="of no use here"):
        fidelity(None, tmp_path)
