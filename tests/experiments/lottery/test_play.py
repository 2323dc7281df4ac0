"""Is a lottery played in parts, for some hours or after an interruption the same lottery as one played at once?"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from archgym.errors import BadInput
from archgym.experiments.lottery.digest import join
from archgym.experiments.lottery.parquet import read_digest
from archgym.experiments.lottery.plan import make_plan
from archgym.experiments.lottery.play import Session, play
from archgym.experiments.lottery.study import Lottery
from archgym.experiments.runner import How
from archgym.files import read_json

sys.path.append(str(Path(__file__).parent))
from lottery_helpers import lottery_of


def session(lottery: Lottery, folder: Path, part: tuple[int, int] = (1, 1), **how: Any) -> Session:
    """One call of the command; what it says goes nowhere."""
    return play(lottery, folder, How(**{"serial": True, **how}), Console(file=io.StringIO()), part)


def outcomes(folder: Path, lottery: Lottery) -> dict[str, str]:
    """Digest of the trials of every complete run."""
    paths = {spec.id: folder / spec.id / "run.json" for spec in make_plan(lottery).specs}
    return {name: read_json(path)["digest"] for name, path in paths.items() if path.is_file()}


def test_parts_in_folders_of_their_own_join_to_the_whole(tmp_path: Path) -> None:
    lottery = lottery_of()
    whole = session(lottery, tmp_path / "whole").digest
    parts = {str(i): session(lottery, tmp_path / str(i), (i, 3)) for i in (1, 2, 3)}
    assert all(not part.left and part.digest.missing for part in parts.values())
    joined = join({name: read_digest(part.path) for name, part in parts.items()})
    assert joined.missing == whole.missing == 0
    assert all(one.same(other) for one, other in zip(joined.rows, whole.rows, strict=True))


def test_parts_in_one_folder_fill_it(tmp_path: Path) -> None:
    lottery = lottery_of()
    first = session(lottery, tmp_path, (1, 2))
    assert 0 < len(first.digest.rows) == first.tally.complete < 10
    assert session(lottery, tmp_path, (2, 2)).digest.missing == 0
    again = session(lottery, tmp_path)
    assert again.tally.complete == 10 and again.path == tmp_path / "lottery" / "digest.parquet"


def test_ray_plays_the_same_lottery(tmp_path: Path, ray: Any) -> None:
    lottery = lottery_of()
    for name, serial in (("serial", True), ("ray", False)):
        assert session(lottery, tmp_path / name, serial=serial).left == 0
    assert outcomes(tmp_path / "serial", lottery) == outcomes(tmp_path / "ray", lottery)


@pytest.mark.parametrize("serial", [True, False])
def test_once_the_time_is_over_no_run_begins(tmp_path: Path, request: pytest.FixtureRequest, serial: bool) -> None:
    if not serial:
        request.getfixturevalue("ray")
    over = session(lottery_of(), tmp_path, serial=serial, until=time.time() - 1.0)
    assert over.left == over.tally.runs == over.digest.missing == 10 and not over.tally.failures
    assert not list(tmp_path.glob("*/run.json"))


@pytest.mark.parametrize("serial", [True, False])
def test_a_run_that_has_begun_is_played_to_its_end(tmp_path: Path, request: pytest.FixtureRequest, serial: bool) -> None:
    if not serial:
        request.getfixturevalue("ray")
    lottery = lottery_of(agents=["toy_slow"], draws=6, seeds=5, budget=40)
    stopped = session(lottery, tmp_path, serial=serial, until=time.time() + 1.0)
    assert 0 < stopped.tally.complete < 35 and stopped.left == 35 - stopped.tally.complete
    assert len(list(tmp_path.glob("*/run.json"))) == len(list(tmp_path.glob("*/trials.parquet"))) == stopped.tally.complete
    levels = {row.key.draw for row in stopped.digest.rows}
    assert levels == set(range(-1, max(levels) + 1))


def test_more_draws_can_be_added(tmp_path: Path) -> None:
    before = session(lottery_of(draws=1), tmp_path).digest
    with pytest.raises(BadInput, match=r"choose another --out, or add to it with --extend$"):
        session(lottery_of(), tmp_path)
    after = session(lottery_of(), tmp_path, extend=True).digest
    assert {row.key for row in before.rows} < {row.key for row in after.rows} and after.missing == 0


def test_another_lotterys_folder_is_refused(tmp_path: Path) -> None:
    session(lottery_of(), tmp_path)
    with pytest.raises(BadInput, match="results folder of another study"):
        session(lottery_of(budget=13), tmp_path)
