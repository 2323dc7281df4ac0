"""The memory family's model: units, folding, mixes, spaces, and the reference rows."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

import archgym
from archgym.envs.memory.fidelity import fidelity, read_rows
from archgym.envs.memory.kernel.layout import N_OUT, Out
from archgym.envs.memory.memspec import load_memspec
from archgym.envs.memory.model import COMMANDS, METRICS, build_default, build_dramgym, build_extended, programs, to_metrics
from archgym.envs.memory.space import DEFAULT, DRAMGYM, EXTENDED

SHORT = "cloud:requests=400,seed=1,gap=6"
MEMORIES = ("ddr4_2400", "ddr3_1600")


def test_the_spaces_have_the_declared_sizes():
    assert DRAMGYM.size == 442_368
    assert DEFAULT.size == 884_736
    assert "no_refresh" not in [v for p in (*DEFAULT.params, *EXTENDED.params) for v in p.values]


@pytest.mark.parametrize("memory", MEMORIES)
def test_units_agree_with_each_other(memory):
    """A slip of 1000x in any of time, power or energy, as in the 2023 artifact, breaks one of these identities."""
    model = build_default(SHORT, {"memory": memory})
    trace, spec = next(iter(model.programs)), model.spec
    costs = model.evaluate(model.space.sample(np.random.default_rng(0), 200))
    cycle_s = spec.tck_ps * 1e-12
    assert 0.5e-9 < cycle_s < 2e-9
    time, energy, power, window = (costs[n] for n in ("total_time_s", "energy_j", "power_w", "energy_window_s"))
    np.testing.assert_allclose(energy, power * window, rtol=1e-12)
    assert (time >= trace.cycle[-1] * cycle_s).all()  # it cannot end before its last request is sent
    assert (time <= (trace.cycle[-1] + 400 * len(trace)) * cycle_s).all()
    # the window ends with the last command, shortly before the last response
    assert (np.abs(window / time - 1) < 0.05).all()
    assert ((power > 0.05) & (power < 20)).all()  # watts of one DIMM
    assert (costs["mean_latency_s"] >= 20 * cycle_s).all()
    assert (costs["mean_latency_s"] <= costs["p99_latency_s"]).all()
    assert (costs["p99_latency_s"] <= costs["max_latency_s"]).all()
    assert (costs["max_latency_s"] <= time).all()
    served = costs["n_rd"] + costs["n_rda"] + costs["n_wr"] + costs["n_wra"]
    np.testing.assert_allclose(costs["bandwidth_bytes_per_s"] * time, 64 * served)


def test_every_time_of_the_published_sample_would_be_caught():
    """A time of a whole number of nanoseconds (the 2023 artifact's trap) keeps its unit."""
    spec = load_memspec("ddr3_1600")
    raw = np.zeros((2, N_OUT))
    raw[:, Out.N_SERVED] = 1
    raw[:, Out.TOTAL_TIME] = 230_384, 230_385  # 287980 ns, a whole number, and 287981.25 ns
    time = to_metrics(raw, spec)["total_time_s"]
    np.testing.assert_allclose(time, [287.980e-6, 287.98125e-6], rtol=1e-12)


@pytest.mark.parametrize(("build", "count"), [(build_default, 400), (build_dramgym, 400), (build_extended, 200)])
@pytest.mark.parametrize("workload", [SHORT, "saturate:requests=400,seed=2", "sparse:requests=300,seed=3"])
def test_folded_designs_cost_the_same(build, count, workload):
    model = build(workload, {"memory": "ddr4_2400"})
    x = model.space.sample(np.random.default_rng(5), count)
    folded = model.canonical(x)
    assert (folded != x).any(axis=1).mean() > 0.3
    assert np.array_equal(model.canonical(folded), folded)
    assert model.evaluate(x).values.tobytes() == model.evaluate(folded).values.tobytes()


def test_a_mix_is_the_weighted_mean_of_its_programs():
    options = {"memory": "ddr4_2400"}
    a, b = SHORT, "random:requests=300,seed=2"
    x = DEFAULT.sample(np.random.default_rng(1), 5)
    one, two = (build_default(w, options).evaluate(x) for w in (a, b))
    mix = build_default(f"3*{a} + {b}", options).evaluate(x)
    np.testing.assert_allclose(mix["mean_latency_s"], one["mean_latency_s"] ** 0.75 * two["mean_latency_s"] ** 0.25)
    np.testing.assert_allclose(mix["energy_j"], 0.75 * one["energy_j"] + 0.25 * two["energy_j"])
    np.testing.assert_allclose(mix["energy_j"], mix["power_w"] * mix["energy_window_s"])


def test_a_program_named_twice_has_both_weights():
    shares = programs(f"2*{SHORT} + {SHORT} + sqlite")
    assert sorted(shares.values()) == [0.25, 0.75]


@pytest.mark.parametrize("text", ["0*cloud + stream", "x*cloud + stream", "-1*cloud + stream", "cloud + nosuch", "cload"])
def test_broken_workloads_are_refused(text):
    with pytest.raises(archgym.BadInput) as caught:
        programs(text)
    assert "\n" not in str(caught.value)


def test_reference_sample(tmp_path):
    """A tenth of the reference rows; `archgym fidelity memory` runs them all."""
    names = archgym.registry.families()  # importing the registry must not have loaded the kernel
    assert "memory" in names
    for memory in MEMORIES:
        source = next(p for p in (_reference() / f"dramsys_{memory}.csv.gz",))
        lines = gzip.decompress(source.read_bytes()).decode().splitlines()
        file = tmp_path / f"{memory}.csv"
        file.write_text("\n".join([lines[0], *lines[3::10]]) + "\n")
        figures = fidelity(file).figures
        assert figures["total_time_s"]["within_1_percent"] == 1.0
        assert figures["total_time_s"]["exact"] >= 0.95
        assert figures["energy_j"]["within_1_percent"] == figures["power_w"]["within_1_percent"] == 1.0
        assert figures["mean_latency_s"]["within_1_percent"] >= 0.97
        assert figures["command_counts"]["exact"] >= 0.75


def _reference():
    from archgym.envs.memory.fidelity import REFERENCE

    return REFERENCE


def test_fidelity_predicts_every_metric_with_its_unit():
    found = fidelity(_reference() / "dramsys_ddr3_1600.csv.gz")
    assert {f"{m}_predicted" for m in (*METRICS, *COMMANDS)} <= set(found.columns)
    rows = len(found.columns["spec"])
    assert all(len(column) == rows for column in found.columns.values())
    covered = [p == "NoPowerDown" for p in found.columns["PowerDownPolicy"]]
    assert [v != "" for v in found.columns["total_time_s_predicted"]] == covered
    assert found.passed


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: "", "holds no rows"),
        (lambda t: t.replace("Scheduler,", "Sched,", 1), "column missing: Scheduler"),
        (lambda t: t.replace("FrFcfs", "LiFo"), "Scheduler cannot be 'LiFo"),
        (lambda t: t.replace(",stream,", ",streem,"), "no trace 'streem.stl' or 'streem.stl.gz'"),
        (lambda t: t.replace("ddr3_1600,", "ddr9,"), "ddr9"),
    ],
)
def test_a_broken_reference_gets_one_line(tmp_path, edit, message):
    text = gzip.decompress((_reference() / "dramsys_ddr3_1600.csv.gz").read_bytes()).decode()
    file = tmp_path / "reference.csv"
    file.write_text(edit("\n".join(text.splitlines()[:40]) + "\n"))
    with pytest.raises(archgym.BadInput) as caught:
        fidelity(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_reference_gets_one_line(tmp_path):
    with pytest.raises(archgym.BadInput, match="cannot be read"):
        read_rows(tmp_path / "none.csv")


@pytest.mark.parametrize("workload", ["stream", "cloud"])
def test_an_age_cap_does_nothing_where_no_hit_is_younger(workload):
    """Closed rows are opened for the oldest request, so nothing ever waits behind a younger hit; on a full trace.

    Found by the leaderboard's verifier: a cap held back a command due in the very cycle in which a refresh blocked its rank.
    """
    model = build_extended(workload, {"memory": "ddr4_2400"})
    x = model.space.sample(np.random.default_rng(1), 48)
    column = {name: k for k, name in enumerate(model.space.names)}
    knobs = {"page_policy": "closed", "scheduler": "fr_fcfs", "write_high_watermark": 0, "arbiter": "fifo"}
    for name, value in knobs.items():
        x[:, column[name]] = model.space.params[column[name]].values.index(value)
    without = x.copy()
    x[:, column["age_cap"]], without[:, column["age_cap"]] = 1, 0
    assert model.evaluate(x).values.tobytes() == model.evaluate(without).values.tobytes()
