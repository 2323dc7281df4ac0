"""Looked-up cost models: folding, holes, masks, repair, proved optima; and tables that are no tables."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from archgym.costs import Metric
from archgym.envs.nas.installed import data_file, read_pickle
from archgym.envs.nas.tabular import MISSING, TabularModel
from archgym.errors import BadInput, MissingExtra
from archgym.objective import Constraint, Maximise, Minimise
from archgym.space import DesignSpace, Param
from archgym.testing import check_cost_model

SPACE = DesignSpace([Param("a", (0, 1, 2)), Param("b", ("x", "y")), Param("c", (0, 1, 2, 3))])
METRICS = (Metric("error"), Metric("latency_s", "s"))


@pytest.fixture
def model() -> TabularModel:
    """24 designs: 0 and 1 are the same, and 9 to 23 were not measured but for 20."""
    row = np.array([0, 0, *range(1, 8), *[MISSING] * 11, 8, *[MISSING] * 3])
    stands = np.arange(24)
    stands[1] = 0
    table = np.array([[0.1 * k, 1.0 / k] for k in range(1, 10)])
    return TabularModel(SPACE, METRICS, table, row, "1", "not measured", ["data of the test"], stands)


def test_it_conforms(model: TabularModel) -> None:
    check_cost_model(model)


def test_a_hole_says_why_and_how_far_the_next_measured_design_is(model: TabularModel) -> None:
    x = SPACE.enumerate(0, 24)
    costs = model.evaluate(x)
    assert costs.why(23) == "not measured"
    held = x[costs.valid]
    want = (x[:, None] != held[None]).sum(axis=2).min(axis=1)
    assert np.ceil(costs.distance).tolist() == want.tolist()
    assert costs.distance[14] == 1 - 0.5 / 6 and costs.distance[22] == 1 - 1 / 6  # of six neighbours one, and two
    repaired = model.repair(x)
    assert model.evaluate(repaired).valid.all() and ((repaired != x).sum(axis=1) == want).all()


def test_the_mask_is_exact(model: TabularModel) -> None:
    held = SPACE.enumerate(0, 24)[model.evaluate(SPACE.enumerate(0, 24)).valid].tolist()
    for a in range(3):
        for b in range(2):
            mask = model.mask(np.array([a, b]), 2)
            assert mask is not None and mask.tolist() == [[a, b, c] in held for c in range(4)]


def test_the_optimum_is_the_best_of_all(model: TabularModel) -> None:
    x = SPACE.enumerate(0, 24)
    bound = (Constraint("latency_s", 0.3),)
    for goal in (Minimise("error", 1.0), Maximise("error", 1.0), Minimise("error", 1.0, constraints=bound)):
        best = goal.score(model.evaluate(model.optimum(goal)[None]))[0]
        assert best == goal.score(model.evaluate(x)).max()


def test_only_canonical_measured_designs_are_listed(model: TabularModel) -> None:
    (listed,) = model.legal()
    assert model.number(listed).tolist() == [0, *range(2, 9), 20]


def test_other_data_have_another_fingerprint(model: TabularModel) -> None:
    other = TabularModel(SPACE, METRICS, np.ones((1, 2)), np.zeros(24, dtype=np.int64), "1", "", ["data of the test"])
    again = TabularModel(SPACE, METRICS, np.ones((1, 2)), np.zeros(24, dtype=np.int64), "1", "", ["others"])
    assert len({model.fingerprint, other.fingerprint, again.fingerprint}) == 3


# -- pickles of strangers -------------------------------------------------------------------------------------------------


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harmed"),)


def test_what_a_pickle_asks_for_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "bad.bench"
    bad.write_bytes(pickle.dumps({0: Evil()}))
    with pytest.raises(BadInput, match=r"bad\.bench: asks for pathlib.* which no table needs: not loaded$"):
        read_pickle(bad, {})
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1])[:-1], b"\x80\x04P.", b"(lp0\nR."])
def test_a_broken_pickle_is_one_line(tmp_path: Path, data: bytes) -> None:
    bad = tmp_path / "bad.bench"
    bad.write_bytes(data)
    with pytest.raises(BadInput, match=r"^\S+bad\.bench: not a readable table: ") as caught:
        read_pickle(bad, {})
    assert "\n" not in str(caught.value)


def test_a_missing_package_says_how_to_install_it() -> None:
    with pytest.raises(MissingExtra, match=r"^none is not installed; install it with: pip install 'archgym\[nas\]'$"):
        data_file("no_such_package", "a.bench", "nas", "none")
    with pytest.raises(BadInput, match=r"a\.bench: missing from the package archgym$"):
        data_file("archgym", "a.bench", "nas", "archgym")
