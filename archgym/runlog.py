"""Finished runs: a manifest and every trial, on disk as ``run.json`` and ``trials.parquet``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym import registry
from archgym.costs import Costs
from archgym.errors import BadInput
from archgym.files import read_json, replacing, write_json
from archgym.space import DesignSpace, FloatArray, IntArray
from archgym.spec import RunSpec
from archgym.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, TRIALS = "run.json", "trials.parquet"
FORMAT = 1


def trials_digest(x: IntArray, costs: Costs, score: FloatArray) -> str:
    """SHA-256 over designs, metrics, validity and scores, bit for bit; says whether two runs are the same run."""
    digest = hashlib.sha256()
    for part in (x, costs.values, costs.valid, costs.reason, score):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Difference:
    """A logged trial that its model does not reproduce."""

    trial: int
    column: str
    logged: float
    replayed: float


@dataclass(frozen=True)
class RunLog:
    """One run.

    Args:
        manifest: spec, versions, model, host, summary, timing; see :func:`archgym.running.run`.
        x: designs in order, ``int64 (N, D)``.
        costs: their metrics.
        score: ``float64 (N,)``.
    """

    manifest: dict[str, Any]
    x: IntArray
    costs: Costs
    score: FloatArray

    @cached_property
    def spec(self) -> RunSpec:
        """What was run."""
        return RunSpec.from_dict(self.manifest["spec"])

    @cached_property
    def task(self) -> Task:
        """The task, rebuilt from the registry."""
        return registry.get_task(self.spec.task, self.spec.options)

    def replay(self, limit: int | None = None) -> list[Difference]:
        """Re-evaluate the (first ``limit``) trials and list every trial that differs in any bit."""
        rows = slice(0, limit)
        costs = self.task.model.evaluate(self.x[rows])
        score = self.task.objective.score(costs)
        found = _differences(self.costs.values[rows], costs.values, [m.name for m in costs.metrics])
        for name in ("valid", "reason", "distance"):
            found += _differences(getattr(self.costs, name)[rows, None], getattr(costs, name)[:, None], [name])
        found += _differences(self.score[rows, None], score[:, None], ["score"])
        return sorted(found, key=lambda d: d.trial)

    def save(self, folder: Path) -> None:
        """Write trials, then the manifest that declares the run complete; each atomically."""
        import pyarrow.parquet as pq

        with replacing(folder / TRIALS) as temporary:
            pq.write_table(self.table(), temporary, compression="zstd")
        write_json(folder / MANIFEST, self.manifest)

    def table(self) -> pa.Table:
        """The trials as a table: ``trial``, knob values, metrics, ``valid``, ``reason``, ``distance``, ``score``."""
        import pyarrow as pa

        columns: dict[str, Any] = {"trial": np.arange(len(self.x))}
        columns |= self.task.space.columns(self.x)
        columns |= {m.name: self.costs.values[:, j] for j, m in enumerate(self.costs.metrics)}
        columns |= {"valid": self.costs.valid, "reason": self.costs.reason}
        columns |= {"distance": self.costs.distance, "score": self.score}
        return pa.table(columns)

    @classmethod
    def load(cls, folder: Path, task: Task | None = None) -> RunLog:
        """Read a finished run; ``task``, where the caller has built the run's already, saves building it again.

        Raises:
            BadInput: not a finished run, or its files do not fit each other.
        """
        manifest = load_manifest(folder)
        if manifest.get("status") != "complete":
            raise BadInput(f"{folder}: the run is not complete")
        spec = RunSpec.from_dict(manifest.get("spec"), str(folder / MANIFEST))
        task = task or registry.get_task(spec.task, spec.options)
        columns = _read_columns(folder / TRIALS)
        try:
            log = cls(manifest, *_trials(task, columns))
            log.__dict__["task"] = task  # the cached property: a varied task would be built once more
            return log
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            raise BadInput(f"{folder / TRIALS}: not the trials of {task.id}: {error}") from None


def load_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run's folder, of a format this version reads."""
    manifest = read_json(folder / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BadInput(f"{folder / MANIFEST}: format {manifest.get('format')!r} is not {FORMAT}")
    return manifest


def _read_columns(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
        return {name: table[name].to_numpy() for name in table.column_names}
    except (OSError, pa.ArrowException, KeyError) as error:
        raise BadInput(f"{path}: not a Parquet file that can be read: {(str(error) or 'broken').splitlines()[0]}") from None


@np.errstate(invalid="raise")  # NaN is no whole number
def _trials(task: Task, columns: dict[str, np.ndarray[Any, Any]]) -> tuple[IntArray, Costs, FloatArray]:
    metrics = task.model.metrics
    costs = Costs(
        metrics,
        np.stack([columns[m.name].astype(np.float64) for m in metrics], axis=1),
        columns["valid"].astype(np.bool_),
        columns["reason"].astype(np.uint64),
        task.model.rules,
        columns["distance"].astype(np.float64),
    )
    return _encode(task.space, columns), costs, columns["score"].astype(np.float64)


def _encode(space: DesignSpace, columns: dict[str, np.ndarray[Any, Any]]) -> IntArray:
    """Knob values back to indices; each distinct value is looked up once."""
    out = []
    for param in space.params:
        distinct, inverse = np.unique(columns[param.name], return_inverse=True)
        out.append(np.array([param.index(v) for v in distinct.tolist()], dtype=np.int64)[inverse])
    return np.stack(out, axis=1)


def _differences(logged: Any, replayed: Any, names: list[str]) -> list[Difference]:
    """Cells that differ in any bit; NaN equals NaN."""
    was, now = np.asarray(logged, dtype=np.float64), np.asarray(replayed, dtype=np.float64)
    unequal = (was != now) & ~(np.isnan(was) & np.isnan(now))
    return [Difference(int(i), names[int(j)], float(was[i, j]), float(now[i, j])) for i, j in np.argwhere(unequal)]
