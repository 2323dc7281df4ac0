"""What ``archgym fidelity parallelism`` promises, on small runs of it."""

import csv

import numpy as np
import pytest

from archgym.envs.parallelism.fidelity import fidelity
from archgym.envs.parallelism.training import calibrate
from archgym.envs.parallelism.training.baseline import calculon, constant_efficiency, families
from archgym.envs.parallelism.training.calibrate import fit_time
from archgym.envs.parallelism.training.constants import fitted, time_array
from archgym.envs.parallelism.training.fidelity import scaled
from archgym.envs.parallelism.training.layout import Out
from archgym.envs.parallelism.training.measured import REFERENCE, measured, read
from archgym.errors import BadInput


@pytest.fixture(scope="module")
def timed():
    runs = measured(read())
    return runs.take(np.isfinite(runs.seconds))


def test_a_file_of_rows_gets_times_and_memory(tmp_path):
    rows = read(REFERENCE)[::20]
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows([*rows, rows[0] | {"tp": ""}])
    found = fidelity(path)
    assert len(found.columns["iter_s_predicted"]) == len(rows) + 1
    assert found.columns["iter_s_predicted"][-1] == "" == found.columns["mem_gib_predicted"][-1]
    assert all(value > 0 for value in found.columns["iter_s_predicted"][:-1])


def test_a_broken_file_is_one_line(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("id,tp\n1,2\n")
    with pytest.raises(BadInput, match="column missing"):
        fidelity(path)
    with pytest.raises(BadInput, match="cannot be read"):
        fidelity(tmp_path / "none.csv")


def test_constants_come_from_the_fit(timed):
    values = time_array(fit_time(timed))
    np.testing.assert_allclose(timed.times(values)[:, Out.ITERATION], timed.times(fitted()[0])[:, Out.ITERATION], rtol=1e-3)


def test_an_unseen_source_is_met_better_than_by_calculon_and_by_a_constant(timed):
    own = np.array(timed.sources) == "bloom_prequel"
    values = time_array(calibrate.fit_time(timed.take(~own)))
    bloom = timed.take(own)

    def error(seconds):
        return np.abs(seconds / bloom.seconds - 1).mean()

    ours = error(bloom.times(values)[:, Out.ITERATION])
    assert ours < error(constant_efficiency(timed)[own]) < error(calculon(bloom))


def test_scaling_takes_one_factor_per_source_from_its_other_runs(timed):
    few = timed.take(np.arange(6))
    assert set(few.sources) == {"korthikanti_t5"}
    np.testing.assert_allclose(scaled(few, 1.25 * few.seconds), few.seconds, rtol=1e-12)


def test_families_are_of_one_model_and_cluster(timed):
    for mask in families(timed):
        assert len({(row["hidden"], row["layers"], row["n_gpus"], row["gpu"]) for row in timed.take(mask).rows}) == 1
