"""All results of a board as one table for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archgym.experiments.designs import write_table
from archgym.experiments.leaderboard.board import Board
from archgym.experiments.leaderboard.standings import best_known

_COLUMNS = (
    *("method", "agent", "rules", "tuning_evaluations", "verified", "task", "role", "seed", "run"),
    *("score", "performance", "hypervolume", "feasible", "unique", "evaluations", "agent_s_claimed", "digest"),
)


def write_results(board: Board, path: Path) -> None:
    """One line per ranked run."""
    rows = list(_rows(board)) if board.ranked else []
    write_table(path, {name: [row[k] for row in rows] for k, name in enumerate(_COLUMNS)})


def _rows(board: Board) -> list[tuple[Any, ...]]:
    rows = []
    for entry in board.suite.of_role("search", "held-out"):
        against = best_known(board, entry.id)
        for e in board.ranked:
            fixed = (
                e.name,
                e.manifest.agent,
                e.manifest.ruleset,
                e.manifest.tuning.evaluations,
                e.standing,
                entry.id,
                entry.role,
            )
            digests = {p.spec.id: p.digest for p in e.played}
            for run in e.runs[entry.id]:
                share = max(run.score, 0.0) / against if against > 0.0 else 0.0
                figures = (run.score, share, float(run.volume[-1]), run.feasible, run.unique, run.evaluations)
                spent = run.facts["timing"].get("agent_s", "")
                rows.append((*fixed, run.spec.seed, run.id, *figures, spent, digests[run.id]))
    return rows
