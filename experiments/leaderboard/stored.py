"""A board as one small Parquet file: the baseline that comes with ArchGym.

One row per run, with the designs that its figures are made of and the digest of all its trials. Scores, curves and fronts are
made again from the designs whenever it is loaded; that the designs are what the agents found, playing them again shows
(`archgym.experiments.leaderboard.baseline`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from archgym.errors import BadInput
from archgym.experiments.leaderboard.board import Entrant, Played
from archgym.experiments.leaderboard.checks import Check
from archgym.experiments.leaderboard.manifests import Manifest
from archgym.experiments.leaderboard.suites import Suite
from archgym.experiments.leaderboard.suites import load as load_suite
from archgym.experiments.validation import checked
from archgym.files import replacing
from archgym.spec import RunSpec

FORMAT = 1
_KEY = b"archgym-leaderboard"


def save(entrants: Sequence[Entrant], path: Path) -> None:
    """Write the entrants of one suite, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [(k, played) for k, entrant in enumerate(entrants) for played in entrant.played]
    columns = {
        "entrant": pa.array([k for k, _ in rows], pa.int16()),
        "spec": pa.array([json.dumps(p.spec.to_dict(), sort_keys=True) for _, p in rows]),
        "trial": pa.array([p.trial for _, p in rows], pa.list_(pa.int32())),
        "x": pa.array([p.x.T.ravel() for _, p in rows], pa.list_(pa.int16())),
        "feasible": pa.array([p.feasible for _, p in rows], pa.int32()),
        "unique": pa.array([p.unique for _, p in rows], pa.int32()),
        "agent_s": pa.array([p.agent_s for _, p in rows], pa.float32()),
        "evaluate_s": pa.array([p.evaluate_s for _, p in rows], pa.float32()),
        "digest": pa.array([bytes.fromhex(p.digest) for _, p in rows], pa.binary(32)),
        "designs": pa.array([bytes.fromhex(p.designs) for _, p in rows], pa.binary(32)),
    }
    facts = {"format": FORMAT, "entrants": [_facts(e) for e in entrants]}
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(facts)})
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", compression_level=19, write_statistics=False)


def load(path: Path) -> list[Entrant]:
    """The entrants of a file of one's own; of a submission's files nothing is read this way.

    Raises:
        BadInput: it is no such file, or was made with another suite or model.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
        facts = json.loads((table.schema.metadata or {})[_KEY])
        if facts["format"] != FORMAT:
            raise BadInput(f"{path}: format {facts['format']!r} is not {FORMAT}")
        rows = table.to_pylist()
        return [_entrant(k, raw, rows, path) for k, raw in enumerate(facts["entrants"])]
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise BadInput(f"{path}: not a leaderboard's table: {type(error).__name__}: {error}") from None


# -- inside ----------------------------------------------------------------------------------------------------------------


def _facts(entrant: Entrant) -> dict[str, Any]:
    checks = [{**asdict(c), "findings": list(c.findings)} for c in entrant.checks]
    return {"manifest": entrant.manifest.model_dump(mode="json"), "shown": entrant.shown, "checks": checks}


def _entrant(k: int, raw: dict[str, Any], rows: list[dict[str, Any]], path: Path) -> Entrant:
    manifest = checked(Manifest, raw["manifest"], str(path))
    suite = load_suite(manifest.suite.name)
    if suite.hash != manifest.suite.hash:
        raise BadInput(f"{path}: made with another {suite.name} ({manifest.suite.hash}, here {suite.hash})")
    checks = tuple(Check(c["name"], c["status"], c["detail"], tuple(c["findings"])) for c in raw["checks"])
    played = tuple(_played(row, suite) for row in rows if row["entrant"] == k)
    return Entrant(manifest, suite, "", raw["shown"], checks, played)


def _played(row: dict[str, Any], suite: Suite) -> Played:
    spec = RunSpec.from_dict(json.loads(row["spec"]))
    width = len(suite.tasks[spec.task].space)
    trial = np.array(row["trial"], dtype=np.int64)
    return Played(
        spec=spec,
        trial=trial,
        x=np.ascontiguousarray(np.array(row["x"], dtype=np.int64).reshape(width, len(trial)).T),
        feasible=row["feasible"],
        unique=row["unique"],
        agent_s=row["agent_s"],
        evaluate_s=row["evaluate_s"],
        digest=row["digest"].hex(),
        designs=row["designs"].hex(),
    )
