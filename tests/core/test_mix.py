"""Mixes of workloads: one grammar of names and weights in every family, and means by these weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archgym.errors import BadInput
from archgym.mix import read_mix, weighted_mean


def test_weights_sum_to_one_in_the_order_of_the_text() -> None:
    assert list(read_mix("2*b + a + 0.5 * c + .5*d", str).items()) == [("b", 0.5), ("a", 0.25), ("c", 0.125), ("d", 0.125)]


def test_the_weight_of_a_single_workload_cannot_matter() -> None:
    assert read_mix("a", str) == read_mix(" 7*a ", str) == {"a": 1.0}


def test_equal_workloads_have_all_their_weights_whatever_their_names() -> None:
    assert read_mix("A + b + 2*a", str.lower) == {"a": 0.75, "b": 0.25}


def test_a_plus_without_spaces_belongs_to_the_name() -> None:
    assert read_mix("c++/a.csv + b", str) == {"c++/a.csv": 0.5, "b": 0.5}


def test_a_path_is_one_workload_whatever_it_looks_like(tmp_path: Path) -> None:
    file = tmp_path / "2*a + b.csv"
    file.touch()
    assert read_mix(str(file), str) == {str(file): 1.0}


@pytest.mark.parametrize("weight", ["x", "0", "-1", "nan", "inf", "1e6", ""])
def test_a_weight_is_a_positive_number_below_a_million(weight: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_mix(f"a + {weight}*b", str)
    assert str(caught.value) == f"workload part '{weight}*b': the weight must be a positive number below a million"


@pytest.mark.parametrize(("text", "part"), [("", ""), ("a + ", ""), ("a +  + b", ""), ("2*", "2*"), ("a + 2* + b", "2*")])
def test_every_part_names_a_workload(text: str, part: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_mix(text, str)
    assert str(caught.value) == f"workload {text!r}: the part {part!r} names no workload"


def test_what_the_loader_refuses_is_refused() -> None:
    def load(name: str) -> str:
        raise BadInput(f"there is no network {name!r}")

    with pytest.raises(BadInput, match="there is no network 'a'"):
        read_mix("2*a + b", load)


def test_means_are_weighted() -> None:
    columns = [np.array([1.0, 2.0, 0.0]), np.array([16.0, 2.0, 4.0])]
    assert weighted_mean(columns, [0.25, 0.75]) == pytest.approx([12.25, 2.0, 3.0])
    assert weighted_mean(columns, [0.25, 0.75], geometric=True) == pytest.approx([8.0, 2.0, 1e-75 * 4.0**0.75])
