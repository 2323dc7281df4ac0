"""The serving model against published throughput and against GenZ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.parallelism.serving.calibrate import fitted
from archgym.envs.parallelism.serving.constants import DATA
from archgym.envs.parallelism.serving.fidelity import fidelity
from archgym.envs.parallelism.serving.measured import measured
from archgym.errors import BadInput
from archgym.family import Fidelity

HEAD = "model,gpu,tp,pp,precision,in_len,out_len,output_tokens_per_s_total,scenario"
ROW = "Llama-3.1-8B,H100,1,1,fp8,128,128,28312,offline"


@pytest.fixture(scope="module")
def answer() -> Fidelity:
    return fidelity()


def test_throughput_of_unseen_models_is_within_20_percent(answer: Fidelity) -> None:
    figures = answer.figures["serving"]
    assert figures["rows"] == 139 and figures["unseen_error_percent"] <= 20.0
    assert 4 * figures["unseen_error_percent"] < figures["roofline_error_percent"]
    assert answer.passed


def test_ranks_are_those_of_genz_under_its_assumptions(answer: Fidelity) -> None:
    figures = answer.figures["genz"]
    assert figures["rows"] == 260 and min(figures["ttft_rank"], figures["tpot_rank"]) >= 0.95


def test_every_row_gets_a_prediction(answer: Fidelity) -> None:
    predicted = np.array(answer.columns["output_tokens_per_s_total_predicted"], dtype=np.float64)
    assert len(predicted) == 145 and np.isfinite(predicted).all()
    first = np.array(answer.columns["scenario"])[-6:]
    ttft = np.array(answer.columns["ttft_s_predicted"], dtype=np.float64)[-6:]
    measured_ms = np.array([float(text.split()[2]) for text in first])
    assert (np.abs(1e3 * ttft / measured_ms - 1.0) < 0.25).all()
    np.testing.assert_allclose(predicted[-6:], 1.0 / ttft, rtol=1e-12)  # one token per request


def test_the_constants_are_what_the_fit_gives() -> None:
    shipped = json.loads(DATA.read_text(encoding="utf-8"))["constants"]
    again = fitted(measured())
    assert again.keys() == shipped.keys()
    for name, value in again.items():
        assert value == pytest.approx(shipped[name], rel=1e-2), name


def test_a_file_of_ones_own_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    mixture = "Llama 4 Maverick,H200,8,1,fp8,1000,1000,,offline"
    path.write_text(f"{HEAD}\n{ROW}\n{mixture}\n")
    found = fidelity(path)
    assert found.figures["serving"]["rows"] == 1
    assert found.columns["output_tokens_per_s_total_predicted"][0] == pytest.approx(28312, rel=0.2)
    assert found.columns["output_tokens_per_s_total_predicted"][1] > 0


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Llama-3.1-8B", "Lama", "row 2: model: there is no model 'lama'"),
        ("H100", "H900", "row 2: gpu: there is no cluster 'h900'"),
        ("fp8", "fp7", "row 2: precision must be one of .* got 'fp7'"),
        ("128,128", "0,128", "row 2: in_len must be a whole number above 0, got '0'"),
        ("28312", "fast", "row 2: output_tokens_per_s_total must be a number, got 'fast'"),
        (f"\n{ROW}", "", "holds no rows"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(f"{HEAD}\n{ROW}\n".replace(old, new))
    with pytest.raises(BadInput, match=line) as error:
        fidelity(path)
    assert "\n" not in str(error.value) and "broken.csv" in str(error.value)
