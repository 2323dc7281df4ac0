"""Does `archgym lottery` play, go on, join and read, and answer bad input with one line and exit code 2?"""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest
from experiment_helpers import start, wait_for

from archgym.experiments.cli import main
from archgym.experiments.lottery import report
from archgym.experiments.lottery.parquet import read_digest
from archgym.files import read_json

LOTTERY = (
    'name = "l"\ntasks = ["toy-latency-v0"]\nagents = ["random", "genetic"]\ndraws = 3\nseeds = 2\nbudget = 12\nquick = true\n'
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a lottery in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "l.toml").write_text(LOTTERY)
    (tmp_path / "torn.toml").write_text("name = [")
    (tmp_path / "no.parquet").write_bytes(b"PAR1")
    return tmp_path


@pytest.fixture(autouse=True)
def _page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take seconds: they are drawn in the test that asks for them."""
    if request.function is not test_the_page_has_figures_and_tables:
        monkeypatch.setattr(report, "write", lambda digest, out: out / "index.html")


def test_a_lottery_is_played_and_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lottery", "l.toml", "--serial"]) == 0
    out = capsys.readouterr().out
    assert "toy-latency-v0 (toy): performance at 12 evaluations" in out and "genetic" in out
    with (here / "results/l/lottery/standings.csv").open() as file:
        rows = {row["agent"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"random", "genetic"} and rows["genetic"]["draws"] == "3" and rows["random"]["best"] == "nan"
    assert main(["lottery", "l.toml", "--serial"]) == 0 and capsys.readouterr().out == out


def test_the_page_has_figures_and_tables(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "l.toml").write_text(LOTTERY.replace("draws = 3", "draws = 8").replace("seeds = 2", "seeds = 3"))
    assert main(["lottery", "l.toml", "--serial"]) == 0
    page = Path(capsys.readouterr().out.splitlines()[-1])
    assert page == Path("results/l/lottery/index.html") and page.is_file()
    assert list(page.parent.glob("figures/*.svg")) and list(page.parent.glob("tables/*.csv"))


def test_hours_end_with_the_command_that_goes_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lottery", "l.toml", "--serial", "--out", "my runs", "--hours", "0"]) == 0
    said = capsys.readouterr()
    line = said.err.splitlines()[-1]
    assert line.startswith("10 of 10 runs are left; go on with: archgym lottery l.toml --out 'my runs'") and not said.out
    again = shlex.split(line.partition("with: archgym ")[2])
    assert "--hours" not in again
    assert main(again) == 0 and not read_digest(here / "my runs/lottery/digest.parquet").missing


def test_parts_played_apart_are_read_together(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("1/2", "2/2"):
        assert main(["lottery", "l.toml", "--serial", "--shard", part, "--out", part[0]]) == 0
        assert "this part is complete" in capsys.readouterr().err
    digests = [f"{part}/lottery/digest.parquet" for part in "12"]
    assert main(["lottery", "--digest", digests[0], "--out", "both"]) == 2
    assert "runs are missing; name the other digests, too, or read what there is with --partial" in capsys.readouterr().err
    assert main(["lottery", "--digest", digests[0], "--out", "both", "--partial"]) == 0
    assert main(["lottery", "--digest", *digests, "--out", "both", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.partition("both/lottery/index.html\n")[2])
    assert said["missing"] == 0 and {row["agent"] for row in said["standings"]} == {"random", "genetic"}
    assert main(["lottery", "l.toml", "--serial"]) == 0
    same = [read_digest(here / place / "lottery/digest.parquet").rows for place in ("both", "results/l")]
    assert all(one.same(other) for one, other in zip(*same, strict=True))


def test_a_failed_run_is_exit_code_1(here: Path, scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "l.toml").write_text(LOTTERY.replace('"genetic"', '"toy_broken"').replace("draws = 3", "draws = 1"))
    assert main(["lottery", "l.toml", "--serial"]) == 1
    assert "of 6 runs failed; the same command tries them again" in capsys.readouterr().err
    (scene / "repaired").touch()
    assert main(["lottery", "l.toml", "--serial"]) == 0


def test_an_interruption_loses_nothing(here: Path) -> None:
    (here / "l.toml").write_text(LOTTERY.replace('"genetic"', '"toy_slow"').replace("budget = 12", "budget = 20"))
    with start("lottery", "l.toml", "--serial", cwd=here) as process:
        wait_for(lambda: list(here.glob("results/l/*/trials.parquet")))
        process.terminate()
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "runs complete; the same command takes it up again" in error
    complete = [path for path in here.glob("results/l/*/run.json") if read_json(path)["status"] == "complete"]
    done = {path: path.stat().st_mtime_ns for path in complete}
    assert main(["lottery", "l.toml", "--serial"]) == 0
    assert done and all(path.stat().st_mtime_ns == then for path, then in done.items())


BAD = [
    ([], None),
    (["no.toml"], "no.toml: cannot be read: No such file or directory"),
    (["torn.toml"], None),
    (["l.toml", "l.toml"], "play one lottery at a time, got 2 files; --digest joins digests"),
    (["l.toml", "--shard", "2"], "--shard takes I/N, such as 2/4, got '2'"),
    (["l.toml", "--shard", "3/2"], "--shard I/N takes 1 <= I <= N, got 3/2"),
    (["l.toml", "--hours", "-1"], None),
    (["l.toml", "--hours", "nan"], None),
    (["l.toml", "--cpus", "0"], None),
    (["--digest", "no.parquet"], "--digest needs --out DIR, where tables and figures are to go"),
    (
        ["--digest", "no.parquet", "--out", "o", "--hours", "1"],
        "--digest plays nothing: it takes --out, --partial and --json alone",
    ),
    (["--digest", "no.parquet", "no.parquet", "--out", "o"], "a digest is named twice"),
    (["--digest", "none.parquet", "--out", "o"], "none.parquet: no such file"),
    (["--digest", "no.parquet", "--out", "o"], None),
    (["--digest", "l.toml", "--out", "o"], None),
]


@pytest.mark.parametrize(("arguments", "reason"), BAD)
def test_bad_input_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str | None
) -> None:
    assert main(["lottery", *arguments]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.startswith("error: ") and said.err.count("\n") == 1
    assert reason is None or said.err == f"error: {reason}\n"
    assert not (here / "o").exists() and not (here / "results").exists()
