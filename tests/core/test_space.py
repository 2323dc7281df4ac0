"""Do designs survive every way in and out of a space?"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgym import BadInput, DesignSpace, Param
from archgym.space import _text

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
WORDS = st.text("abcdefgXYZ_-.0123456789", min_size=1, max_size=6)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def params(draw: st.DrawFn, name: str) -> Param:
    kind = draw(st.sampled_from(["bool", "words", "numbers", "both"]))
    if kind == "bool":
        return Param(name, draw(st.permutations((False, True)).map(tuple)))
    element = {"words": WORDS, "numbers": NUMBERS, "both": WORDS | st.integers(0, 99)}[kind]
    values = draw(st.lists(element, min_size=1, max_size=7, unique_by=_text))
    return Param(name, tuple(values), ordered=draw(st.booleans()))


@st.composite
def spaces(draw: st.DrawFn) -> DesignSpace:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    return DesignSpace([draw(params(n)) for n in names])


def rows_of(space: DesignSpace, n: int = 20, seed: int = 0) -> np.ndarray:
    return space.sample(np.random.default_rng(seed), n)


@given(spaces())
def test_encode_is_the_inverse_of_decode(space: DesignSpace) -> None:
    for row in rows_of(space):
        design = space.decode(row)
        assert np.array_equal(space.encode(design), row)
        assert np.array_equal(space.encode({k: _text(v) for k, v in design.items()}), row), "given as text"
        assert np.array_equal(space.encode(dict(reversed(design.items()))), row), "order of the knobs does not matter"


@given(spaces())
def test_columns_hold_values_that_encode_again(space: DesignSpace) -> None:
    x = rows_of(space)
    columns = space.columns(x)
    for i, row in enumerate(x):
        assert np.array_equal(space.encode({n: columns[n].tolist()[i] for n in space.names}), row)


@given(spaces(), st.data())
def test_number_is_the_inverse_of_enumerate(space: DesignSpace, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, space.size))
    stop = data.draw(st.integers(start, min(space.size, start + 50)))
    listed = space.enumerate(start, stop)
    assert listed.shape == (stop - start, len(space)) and listed.dtype == np.int64
    assert [space.number(row) for row in listed] == list(range(start, stop))


def test_enumerate_beyond_64_bits() -> None:
    space = DesignSpace([Param(f"k{i}", tuple(range(10))) for i in range(25)])
    assert space.size == 10**25 > 2**63
    for start in (0, 2**63 - 2, 2**64, 10**25 - 5):
        listed = space.enumerate(start, start + 5)
        assert [space.number(row) for row in listed] == list(range(start, start + 5))
    assert space.enumerate(10**25, 10**25).shape == (0, 25)
    for wrong in ((-1, 2), (3, 2), (0, 10**25 + 1)):
        with pytest.raises(BadInput, match="slice"):
            space.enumerate(*wrong)


@given(spaces(), st.integers(1, 40))
def test_slices_cover_the_space_once(space: DesignSpace, length: int) -> None:
    length = max(length, space.size // 50)
    cuts = list(space.slices(length))
    assert cuts[0][0] == 0 and cuts[-1][1] == space.size
    assert all(a[1] == b[0] for a, b in pairwise(cuts))
    assert all(0 < stop - start <= length for start, stop in cuts)


@given(spaces())
def test_from_unit_is_the_inverse_of_to_unit_and_reaches_every_value(space: DesignSpace) -> None:
    every = np.stack([np.arange(space.nvec.max()) % n for n in space.nvec], axis=1)
    unit = space.to_unit(every)
    assert ((unit > 0) & (unit < 1)).all()
    assert np.array_equal(space.from_unit(unit), every)
    fine = space.from_unit(np.repeat(np.linspace(0, 1, 2001)[:, None], len(space), axis=1))
    assert all(set(fine[:, j]) == set(range(n)) for j, n in enumerate(space.nvec.tolist()))
    assert (np.diff(fine, axis=0) >= 0).all()


def test_from_unit_takes_any_number() -> None:
    space = DesignSpace([Param("a", (1, 2, 3))])
    odd = np.array([[np.nan], [-np.inf], [-5.0], [0.0], [1.0], [7.0], [np.inf]])
    assert space.from_unit(odd)[:, 0].tolist() == [0, 0, 0, 0, 2, 2, 2]


@given(st.integers(1, 5000))
def test_to_unit_of_a_long_knob_comes_back(n: int) -> None:
    space = DesignSpace([Param("a", tuple(range(n)))])
    every = np.arange(n)[:, None]
    assert np.array_equal(space.from_unit(space.to_unit(every)), every)


@given(spaces())
def test_one_hot_has_one_1_per_knob(space: DesignSpace) -> None:
    x = rows_of(space)
    hot = space.one_hot(x)
    assert hot.shape == (len(x), space.nvec.sum())
    parts = np.split(hot, np.cumsum(space.nvec)[:-1], axis=1)
    assert np.array_equal(np.stack([p.argmax(axis=1) for p in parts], axis=1), x)
    assert (hot.sum(axis=1) == len(space)).all()


@given(spaces())
def test_neighbours_are_one_move_away(space: DesignSpace) -> None:
    for row in rows_of(space, 5):
        near = space.check(space.neighbours(row)) if space.size > 1 else space.neighbours(row)
        moved = near != row
        assert (moved.sum(axis=1) == 1).all()
        assert len({r.tobytes() for r in near}) == len(near)
        for j, param in enumerate(space.params):
            reached = sorted(near[moved[:, j], j].tolist())
            steps = [row[j] - 1, row[j] + 1] if param.ordered else range(space.nvec[j])
            assert reached == [v for v in steps if 0 <= v < space.nvec[j] and v != row[j]]
            assert all((space.neighbours(other) == row).all(axis=1).any() for other in near[moved[:, j]]), "moves go both ways"


@given(spaces())
def test_samples_are_inside_and_repeatable(space: DesignSpace) -> None:
    x = rows_of(space, 50, seed=7)
    assert np.array_equal(space.check(x), x)
    assert np.array_equal(x, rows_of(space, 50, seed=7))


SPACE = DesignSpace([Param("page", ("open", "closed")), Param("size", (1, 2, 4), "B", True), Param("fast", (False, True))])


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([0, 1, 0], r"shape \(N, 3\), got \(3,\)"),
        ([[0, 1]], r"got \(1, 2\)"),
        ([[[0, 1, 0]]], r"got \(1, 1, 3\)"),
        ([[0, 1, 0], [0, 1]], "shape"),
        ([[0.0, 1.0, 0.0]], "whole-number indices, got float64"),
        ([[True, False, True]], "got bool"),
        ([["0", "1", "0"]], "whole-number"),
        ([[0, 0, 0], [0, 3, 0]], r"design 1: index 3 of knob size is not in 0\.\.2"),
        ([[0, -1, 0]], "index -1 of knob size"),
        (np.array([[0, 2**63, 0]], dtype=np.uint64), "of knob size"),
        ([[0, 2**70, 0]], "designs"),
        (None, "shape"),
        ("abc", "shape"),
    ],
)
def test_check_names_what_is_wrong(x: object, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        SPACE.check(x)
    assert "\n" not in str(caught.value)


def test_check_takes_any_whole_numbers() -> None:
    for kind in (np.int8, np.uint16, np.int64, np.uint64):
        got = SPACE.check(np.array([[1, 2, 1]], dtype=kind))
        assert got.dtype == np.int64 and got.flags.c_contiguous
    assert SPACE.check(np.empty((0, 3), dtype=int)).shape == (0, 3)
    assert SPACE.check(np.arange(6).reshape(2, 3)[:, ::-1] % 2).flags.c_contiguous


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"page": "open", "size": 2, "fsat": True}, "unknown knob 'fsat'; did you mean 'fast'?"),
        ({"page": "open"}, "knobs missing: size, fast"),
        ({"page": "opne", "size": 2, "fast": True}, "knob page cannot be 'opne'; did you mean 'open'?"),
        ({"page": "open", "size": 3, "fast": True}, "knob size cannot be 3; choose from 1, 2, 4"),
        ({"page": "open", "size": 2, "fast": 1}, "knob fast cannot be 1"),
        ({"page": "open", "size": None, "fast": True}, "knob size cannot be None"),
        ({"page": "open", "size": float("nan"), "fast": True}, "knob size cannot be nan"),
    ],
)
def test_encode_names_what_is_wrong(design: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        SPACE.encode(design)
    assert message in str(caught.value)


def test_values_are_read_as_people_write_them() -> None:
    assert SPACE.encode({"page": " Open ", "size": "4.0", "fast": "True"}).tolist() == [0, 2, 1]
    assert SPACE.encode({"page": "closed", "size": np.int32(2), "fast": np.bool_(False)}).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "values", [(), (1, 1), (1, 1.0), (1, "1"), ("a", " a"), (True, 2), ("x", False), (np.int64(3),), (None,)]
)
def test_a_knob_needs_plain_values_that_text_keeps_apart(values: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="knob a"):
        Param("a", values)  # type: ignore[arg-type]


def test_a_space_needs_knobs_with_different_names() -> None:
    with pytest.raises(ValueError, match="different names"):
        DesignSpace([Param("a", (1,)), Param("a", (2,))])
    with pytest.raises(ValueError, match="different names"):
        DesignSpace([])
    with pytest.raises(ValueError, match="not an identifier"):
        Param("a b", (1,))


def test_the_fingerprint_never_changes() -> None:
    """Logs on people's disks carry it: this value may never move."""
    assert SPACE.fingerprint == "dad264c43f437af6"


def test_the_fingerprint_covers_what_decides_a_design() -> None:
    page, size, fast = SPACE.params
    others = [
        [size, page, fast],
        [page, Param("size", (1, 2, 8), "B", True), fast],
        [page, Param("size", (1, 4, 2), "B", True), fast],
        [page, Param("size", (1, 2, 4), "KiB", True), fast],
        [page, Param("size", (1, 2, 4), "B"), fast],
        [page, Param("width", (1, 2, 4), "B", True), fast],
    ]
    assert len({SPACE.fingerprint, *(DesignSpace(o).fingerprint for o in others)}) == 7
    same = DesignSpace([page, Param("size", (1, 2, 4), "B", True, doc="other words"), fast])
    assert same == SPACE and hash(same) == hash(SPACE)
