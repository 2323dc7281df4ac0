"""Does every command do what it says, and answer bad input with exactly one line and exit code 2?"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from experiment_helpers import archgym, plan_of

from archgym import registry
from archgym.experiments.cli import main

DESIGN = {"tile": 16, "buffer": 32, "ports_0": 3, "ports_1": 8, "ports_2": 5, "order": "d", "flow": "d", "mode": "h"}
SETS = [part for k, v in DESIGN.items() for part in ("--set", f"{k}={v}")]
STUDY = 'name = "s"\ntasks = ["toy-latency-v0"]\nagents = ["random"]\nseeds = 2\nbudget = 16\n'
SEARCH = ["search", "toy-latency-v0", "--agent", "random", "--budget", "16"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a few good and broken files."""
    monkeypatch.chdir(tmp_path)
    head = ",".join(DESIGN)
    row = ",".join(map(str, DESIGN.values()))
    files = {
        "s.toml": STUDY,
        "other.toml": STUDY.replace("16", "8"),
        "torn.toml": 'name = "s"\ntasks = [\n',
        "zero.toml": STUDY.replace("16", "0"),
        "designs.csv": f"{head},note\n{row},x\n{row.replace('16', '64')},y\n",
        "missing.csv": "tile,buffer\n16,32\n",
        "value.csv": f"{head}\n{row}\n{row.replace('32', '33')}\n",
        "cells.csv": f"{head}\n{row},9\n",
        "empty.csv": "",
        "twice.csv": f"{head},tile\n{row},16\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


BAD = [
    (["tasks", "toy-latecy-v0"], "there is no task 'toy-latecy-v0'; did you mean 'toy-latency-v0'?"),
    (["tasks", "--family", "tyo"], "there is no family 'tyo'; did you mean 'toy'?"),
    (["agents", "randon"], "there is no agent 'randon'; did you mean 'random'?"),
    (["evaluate", "toy-latency-v0"], "no design is given: set its knobs with --set NAME=VALUE, or name a file with --designs"),
    (["evaluate", "toy-latency-v0", "--set", "tile"], "--set takes NAME=VALUE, got 'tile'"),
    (["evaluate", "toy-latency-v0", "--set", "tile=1", "--set", "tile=2"], "--set tile is given twice"),
    (["evaluate", "toy-latency-v0", "--set", "tiles=1"], "unknown knob 'tiles'; did you mean 'tile'?"),
    (["evaluate", "toy-latency-v0", "--set", "order=f"], "knob order cannot be 'f'; choose from a, b, c, d, e"),
    (
        ["evaluate", "toy-latency-v0", *SETS[2:]],
        "knobs missing: tile; set them, or add --from best or --from first",
    ),
    (["evaluate", "toy-latency-v0", "--from", "worst"], "--from takes best or first, got 'worst'"),
    (["evaluate", "toy-latency-v0", "--from", "best"], "no best design is known of toy-latency-v0; use --from first"),
    (
        ["evaluate", "toy-latency-v0", *SETS, "--option", "memry=far"],
        "task toy-latency-v0 has no option 'memry'; did you mean 'memory'?",
    ),
    (["evaluate", "toy-latency-v0", *SETS, "--option", "memory=off"], "memory cannot be 'off'; choose from near, far"),
    (
        ["evaluate", "memory-cloud-latency-v0", "--from", "best", "--workload", "no.trace"],
        "no.trace: no such file",
    ),
    (
        ["evaluate", "toy-latency-v0", *SETS, "--designs", "designs.csv"],
        "give the designs by --designs, or one by --set and --from, not both",
    ),
    (["evaluate", "toy-latency-v0", "--designs", "no.csv"], "no.csv: cannot be read: No such file or directory"),
    (["evaluate", "toy-latency-v0", "--designs", "empty.csv"], None),
    (
        ["evaluate", "toy-latency-v0", "--designs", "missing.csv"],
        "missing.csv: knobs missing: ports_0, ports_1, ports_2, order, flow, mode",
    ),
    (["evaluate", "toy-latency-v0", "--designs", "value.csv"], None),
    (["evaluate", "toy-latency-v0", "--designs", "cells.csv"], "cells.csv: line 2: 9 cells where the header has 8"),
    (["evaluate", "toy-latency-v0", "--designs", "twice.csv"], "twice.csv: column tile is there twice"),
    (["search", "toy-latency-v0", "--agent", "randon"], "there is no agent 'randon'; did you mean 'random'?"),
    ([*SEARCH[:4], "--budget", "0"], "a budget must be a whole number of at least 1, got 0"),
    ([*SEARCH[:4], "--budget", "many"], None),
    ([*SEARCH, "--seed", "-1"], "a seed must be a whole number of at least 0, got -1"),
    ([*SEARCH, "--set", "bath=3"], "unknown hyperparameter 'bath'; did you mean 'batch'?"),
    ([*SEARCH, "--set", "batch=x"], "batch must be of type int, got 'x'"),
    ([*SEARCH, "--out", "s.toml"], "s.toml: not a folder"),
    (["study", "no.toml"], "no.toml: cannot be read: No such file or directory"),
    (["study", "torn.toml"], None),
    (["study", "zero.toml"], "zero.toml: budget: must be at least 1, got 0"),
    (["study", "s.toml", "--serial", "--ray-address", "auto"], "--serial and --ray-address exclude each other"),
    (["study", "s.toml", "--cpus", "0"], None),
    (["study", "s.toml", "--ray-address", "localhost:1"], "no Ray cluster at 'localhost:1': Connection refused"),
    (
        ["study", "s.toml", "--serial", "--out", "."],
        ".: not the results folder of a study: it has files, but no study.json; choose another --out",
    ),
    (["report", "nowhere"], None),
    (["replay", "nowhere"], "nowhere: no such folder"),
    (["replay", "."], ".: neither a study nor a run is there"),
    (["fidelity", "tyo"], "there is no family 'tyo'; did you mean 'toy'?"),
    (["fidelity", "--out", "x.csv"], "--reference, --workloads and --out need the name of one family"),
    (["fidelity", "toy", "--reference", "no.csv"], "no.csv: cannot be read: No such file or directory"),
    (["studdy"], None),
    (["study"], None),
]


@pytest.mark.parametrize(("arguments", "line"), BAD, ids=[" ".join(a)[:60] for a, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str | None
) -> None:
    before = sorted(here.rglob("*"))
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("error: ") and printed.err.count("\n") == 1
    assert line is None or printed.err == f"error: {line}\n"
    assert sorted(here.rglob("*")) == before


def test_in_a_process_of_its_own_too(here: Path) -> None:
    done = archgym("study", "torn.toml", cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: torn.toml: not TOML: Invalid value (at end of document)\n"


def test_help_and_version_are_quick_and_light() -> None:
    code = (
        "import sys, time\nfrom archgym.experiments.cli import main\n"
        "assert main(['--help']) == 0 and main(['--version']) == 0\n"
        "heavy = {'torch', 'ray', 'scipy', 'matplotlib', 'pyarrow', 'optuna', 'numba', 'sklearn', 'moocore'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert time.process_time() < 1.5, time.process_time()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "archgym 0." in done.stdout and "evaluate" in done.stdout


def test_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m archgym.experiments.cli tasks toy-latency-v0 --json | head -c 20"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == "" and done.stdout.startswith("{")


# -- tasks and agents ------------------------------------------------------------------------------------------------------


def _json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    listed = _json(capsys, "tasks", "--family", "toy")
    assert [t["id"] for t in listed] == ["toy-latency-v0", "toy-energy-v0"] and listed[0]["designs"] == 19_200_000
    one = _json(capsys, "tasks", "toy-latency-v0", "--option", "memory=far")
    assert one["options"] == {"memory": "far"} and one["knobs"][0]["values"] == [2**k for k in range(8)]
    for arguments in (["tasks"], ["tasks", "toy-latency-v0"]):
        assert main(arguments) == 0
        text = capsys.readouterr().out
        assert "toy-latency-v0" in text and "minimise latency_s" in text and "19,200,000" in text


def test_agents(capsys: pytest.CaptureFixture[str]) -> None:
    assert {a["name"] for a in _json(capsys, "agents")} == set(registry.agent_names())
    assert _json(capsys, "agents", "random")["hyperparameters"][0]["prior"] == "log-integers 1 … 256"
    assert main(["agents", "genetic"]) == 0 and "population" in capsys.readouterr().out


# -- evaluate --------------------------------------------------------------------------------------------------------------


def test_evaluate_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "toy-latency-v0", *SETS]) == 0
    assert "1.00 ms" in capsys.readouterr().out
    (one,) = _json(capsys, "evaluate", "toy-latency-v0", *SETS)["designs"]
    assert one["metrics"]["latency_s"] == pytest.approx(1e-3) and one["valid"] and one["design"] == DESIGN


def test_evaluate_from_the_first_values(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = _json(capsys, "evaluate", "toy-latency-v0", "--from", "first", "--set", "tile=8")["designs"]
    assert one["design"]["tile"] == 8 and one["design"]["buffer"] == 1
    assert (one["valid"], one["reason"]) == (False, "tile does not fit the buffer")
    assert one["metrics"] == {"latency_s": None, "energy_j": None} and -2 <= one["score"] < -1


def test_evaluate_a_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "toy-latency-v0", "--designs", "designs.csv", "--out", "out.csv"]) == 0
    printed = capsys.readouterr()
    assert "1 of 2 designs are valid; the best is number 1" in printed.out
    assert "note: designs.csv: ignored columns that are no knobs: note" in printed.err
    with (here / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*DESIGN, "latency_s", "energy_j", "score", "valid", "reason"]
    assert [r["valid"] for r in rows] == ["true", "false"] and rows[1]["reason"] == "tile does not fit the buffer"
    task = registry.get_task("toy-latency-v0")
    exact = task.model.evaluate(task.space.encode(DESIGN)[None, :])["latency_s"][0]
    assert float(rows[0]["latency_s"]) == exact
    assert main(["evaluate", "toy-latency-v0", "--designs", "out.csv", "--out", "again.csv"]) == 0
    assert (here / "again.csv").read_text() == (here / "out.csv").read_text()


def test_evaluate_says_the_line_of_a_wrong_value(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "toy-latency-v0", "--designs", "value.csv"]) == 2
    assert capsys.readouterr().err.startswith("error: value.csv: line 3: knob buffer cannot be '33'")


# -- search, study, replay -------------------------------------------------------------------------------------------------


def test_search(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = _json(capsys, *SEARCH, "--out", "run", "--set", "batch=4")
    assert first["spec"]["config"] == {"batch": 4} and first["summary"]["evaluations"] == 16 and first["front"]
    stamp = (here / "run/trials.parquet").stat().st_mtime_ns
    assert _json(capsys, *SEARCH, "--out", "run", "--set", "batch=4") == first
    assert (here / "run/trials.parquet").stat().st_mtime_ns == stamp
    assert main([*SEARCH, "--out", "run"]) == 2
    assert capsys.readouterr().err.startswith("error: run: holds another run")
    assert main(SEARCH) == 0 and "Pareto front" in capsys.readouterr().out
    assert main(["replay", "run"]) == 0 and "1 runs, 16 trials: every bit the same" in capsys.readouterr().out


def test_study_ends_with_tables_and_the_report(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "s.toml", "--serial"]) == 0
    printed = capsys.readouterr().out
    assert "toy-latency-v0" in printed and "hypervolume, median" in printed and "Pareto front: " in printed
    assert printed.splitlines()[-1] == "results/s/report/index.html" and (here / "results/s/report/index.html").is_file()
    found = _json(capsys, "study", "s.toml", "--serial")
    assert found["problems"][0]["agents"][0]["runs"] == 2 and found["problems"][0]["front"]
    before = {p: p.stat().st_mtime_ns for p in here.rglob("*")}
    assert main(["study", "other.toml", "--serial", "--out", "results/s"]) == 2
    assert capsys.readouterr().err == "error: results/s: results folder of another study ('s'); choose another --out\n"
    assert {p: p.stat().st_mtime_ns for p in here.rglob("*")} == before
    assert main([*SEARCH, "--out", "results/s"]) == 2
    assert capsys.readouterr().err == "error: results/s: results folder of a study; choose another --out\n"


def test_a_study_with_a_failed_run_ends_with_1(here: Path, scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "s.toml").write_text(STUDY.replace("random", "toy_broken"))
    assert main(["study", "s.toml", "--serial"]) == 1
    printed = capsys.readouterr()
    assert "Pareto front" in printed.out
    assert printed.err.splitlines()[0].startswith(
        "failed: toy-latency-v0, toy_broken, seed 1: ValueError: the agent lost its way"
    )
    assert printed.err.splitlines()[-1] == "error: 1 of 2 runs failed; the same command tries them again"


def test_replay_finds_a_changed_digit(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["study", "s.toml", "--serial"])
    capsys.readouterr()
    assert _json(capsys, "replay", "results/s")["trials"] == 32
    place = here / "results/s" / plan_of(name="s", tasks=["toy-latency-v0"], budget=16).specs[1].id
    _change_a_digit(place)
    assert main(["replay", "results/s"]) == 1
    assert capsys.readouterr().out.endswith("the trials are not those of the manifest's digest\n")
    _sign_again(place)
    assert main(["replay", "results/s"]) == 1
    assert ": energy_j: logged " in capsys.readouterr().out
    (place / "trials.parquet").write_bytes(b"PAR1 rubbish")
    assert main(["replay", "results/s"]) == 2
    assert "not a Parquet file that can be read" in capsys.readouterr().err


def _change_a_digit(place: Path) -> None:
    table = pq.read_table(place / "trials.parquet")
    values = table["energy_j"].to_numpy().copy()
    row = int(np.flatnonzero(np.isfinite(values))[0])
    values[row] = np.nextafter(values[row], 1.0)
    index = table.column_names.index("energy_j")
    import pyarrow as pa

    pq.write_table(table.set_column(index, "energy_j", pa.array(values)), place / "trials.parquet")


def _sign_again(place: Path) -> None:
    from archgym.files import read_json, write_json
    from archgym.runlog import RunLog, trials_digest

    log = RunLog.load(place)
    write_json(place / "run.json", {**read_json(place / "run.json"), "digest": trials_digest(log.x, log.costs, log.score)})


# -- families --------------------------------------------------------------------------------------------------------------


def test_fidelity_and_bench(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _json(capsys, "fidelity", "toy", code=1) == {"latency_s": {"rows": 2, "exact": 0.5}, "passed": False}
    assert main(["fidelity", "toy", "--out", "f.csv"]) == 1
    assert "toy against itself" in capsys.readouterr().out and (here / "f.csv").read_text() == "latency_s\n1.0\n2.0\n"
    assert _json(capsys, "bench", "toy")["toy"][0]["rows"] == [{"batch": 1, "evaluations/s": 1e5}]


def test_difficulty_overview(capsys: pytest.CaptureFixture[str]) -> None:
    assert _json(capsys, "difficulty")["toy-latency-v0"] is None
    assert main(["difficulty"]) == 0 and "toy-energy-v0" in capsys.readouterr().out
