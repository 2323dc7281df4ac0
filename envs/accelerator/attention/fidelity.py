"""The closed forms against the published evaluation: headline figures always, every row of the tables where they are given.

The published tables (artifact of FuseMax, MICRO 2024) are not shipped. A folder that holds them (``attn-<step>.csv``,
``end2end-flat.csv``, ``end2end-proposal.csv``, ``pareto.csv``) is compared row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from archgym.errors import BadInput
from archgym.family import Table
from archgym.files import read_table

from .evaluate import evaluate_values
from .linear import FLAT, FUSEMAX, Machine, linear_layers
from .published import (
    FLAT_ALONE,
    HEADLINES,
    STEPS,
    design,
    figures,
    flat_alone,
    headlines,
    largest_block,
    law_energy_share,
)
from .workload import load_attention

Row = dict[str, str]
Predicted = dict[str, float]
PICO = 1e12
EXACT = 1e-12  # relative: rounding of sums of doubles
NEAR = 1e-7  # relative: register terms solved from the tables


def tables(folder: Path | None = None) -> tuple[list[Table], dict[str, Any]]:
    """What ``archgym fidelity accelerator`` prints for attention, and the same as figures.

    Args:
        folder: with the published tables; the headline figures alone where None.

    Raises:
        BadInput: the folder lacks a table, or a table cannot be read.
    """
    found = headlines()
    alone = _flat_alone()
    printed = [_headline_table(found), _flat_table(alone)]
    figures_found: dict[str, Any] = {"attention_headlines": _headline_figures(found), "attention_flat_alone": _summaries(alone)}
    if folder is not None:
        compared = {name: _compare(folder / f"{name}.csv", predict) for name, predict in PREDICTORS.items()}
        printed.append(_rows_table(compared))
        figures_found |= {f"attention_{name}": columns for name, columns in compared.items()}
    return printed, figures_found


# -- headlines ---------------------------------------------------------------------------------------------------------


def _headline_table(found: dict[str, float]) -> Table:
    rows = [
        (name, _text(name, found[name]), _text(name, table), _text(name, paper)) for name, (paper, table) in HEADLINES.items()
    ]
    notes = (
        f"geometric mean of the speed-up on attention: {found['geometric mean speed-up']:.2f}x (published tables: 6.46x).",
        "energy includes two slips of the published run (first touches lost above certain sizes); by the law alone it is "
        f"{100 * law_energy_share():.1f} % on attention.",
    )
    return Table("attention: FuseMax against FLAT, 4 models x 6 lengths", ("figure", "here", "tables", "paper"), rows, notes)


def _text(name: str, value: float) -> str:
    return f"{100 * value:.1f} %" if name.startswith("energy") else f"{value:.2f}x"


def _headline_figures(found: dict[str, float]) -> dict[str, Any]:
    """Per figure: ours, the tables', and whether they agree to the digits quoted."""
    digits = {name: 3 if name.startswith("energy") else 2 for name in HEADLINES}
    return {
        name: {"value": found[name], "published": table, "exact": round(found[name], digits[name]) == table}
        for name, (_, table) in HEADLINES.items()
    }


# -- FLAT's own model ----------------------------------------------------------------------------------------------------


def _flat_alone() -> dict[str, tuple[float, float]]:
    """Per workload, ours / FLAT's own model: DRAM traffic and latency."""
    ratios = {}
    for text, tiles, operands, moved, seconds in FLAT_ALONE:
        found = flat_alone(load_attention(text), tiles, operands)
        ratios[text] = (found["dram_bytes"] / moved, found["latency_s"] / seconds)
    return ratios


def _summaries(ratios: dict[str, tuple[float, float]]) -> dict[str, dict[str, float]]:
    columns = dict(zip(("traffic", "latency"), zip(*ratios.values(), strict=True), strict=True))
    return {name: _summary([abs(ratio - 1.0) for ratio in column]) for name, column in columns.items()}


def _flat_table(ratios: dict[str, tuple[float, float]]) -> Table:
    rows = [(text, f"{100 * (moved - 1):+.3f} %", f"{100 * (seconds - 1):+.3f} %") for text, (moved, seconds) in ratios.items()]
    notes = (
        "softmax on an infinite vector unit, as FLAT's model has it; what it counts beyond is constant, fills as it seems.",
        "left out: rows with scores in DRAM, which FLAT moves out and back once, without the passes of a softmax between; rows "
        "that spill; values on chip while keys are streamed. Its energy is 32 pJ per byte of traffic, and says nothing more.",
    )
    return Table("attention: against FLAT's own cost model, scores on chip", ("workload", "traffic", "latency"), rows, notes)


# -- rows --------------------------------------------------------------------------------------------------------------


def _attention(step: str) -> Callable[[Row], Predicted]:
    def predict(row: Row) -> Predicted:
        found = figures(step, load_attention(f"{row['model']}@{row['seq_len']}"))
        return {
            "traffic": found["dram_bytes"],
            "latency": found["latency_s"],
            "energy": found["energy_j"] * PICO,
            "util_2d": found["utilisation"],
            "util_1d": found["utilisation_1d"],
        }

    return predict


def _end_to_end(machine: Machine) -> Callable[[Row], Predicted]:
    def predict(row: Row) -> Predicted:
        cost = linear_layers(load_attention(f"{row['model']}@{row['seq_len']}"), machine)
        return {"traffic": cost.dram_bytes, "latency": cost.latency_s, "energy": cost.energy_j * PICO}

    return predict


def _pareto(row: Row) -> Predicted:
    """FuseMax at 256 k on arrays of other edges; its buffer holds 8 fibres of queries, twice that on 512 x 512."""
    edge, attention = int(row["PE_dim"]), load_attention(f"{row['model']}@256k")
    buffer = 16 * edge * attention.head_dim * (2 if edge == 512 else 1)
    knobs = design("binding", attention) | {"array_edge": edge, "vector_lanes": edge, "buffer_bytes": buffer}
    knobs["query_tiles"] = largest_block(attention.length // edge, buffer, edge, attention.head_dim)
    found = evaluate_values(knobs, attention)
    return {
        "traffic": found["dram_bytes"],
        "latency": found["latency_s"],
        "comp_2d_lat": found["utilisation"] * found["latency_s"],
        "comp_1d_lat": found["utilisation_1d"] * found["latency_s"],
        "array_2d_area": found["array_area_m2"] * PICO,
        "area": (found["area_m2"] - found["interface_area_m2"]) * PICO,
    }


PREDICTORS: dict[str, Callable[[Row], Predicted]] = {
    **{f"attn-{step}": _attention(step) for step in STEPS},
    "end2end-flat": _end_to_end(FLAT),
    "end2end-proposal": _end_to_end(FUSEMAX),
    "pareto": _pareto,
}


def _compare(path: Path, predict: Callable[[Row], Predicted]) -> dict[str, dict[str, float]]:
    """Per column: rows, share exact, share within 1e-7 and within 1 %, largest error in per cent."""
    errors: dict[str, list[float]] = {}
    for number, row in enumerate(read_table(path), start=2):
        for column, value in _checked(predict, row, f"{path}: row {number}").items():
            errors.setdefault(column, []).append(abs(value / _number(row, column, f"{path}: row {number}") - 1.0))
    return {column: _summary(found) for column, found in errors.items()}


def _checked(predict: Callable[[Row], Predicted], row: Row, where: str) -> Predicted:
    try:
        return predict(row)
    except KeyError as error:
        raise BadInput(f"{where}: column missing: {error.args[0]}") from None
    except ValueError as error:
        raise BadInput(f"{where}: {error}") from None


def _number(row: Row, column: str, where: str) -> float:
    try:
        value = float(row[column])
    except (KeyError, ValueError):
        value = 0.0
    if not value > 0.0:
        raise BadInput(f"{where}: {column} must be a positive number, got {row.get(column)!r}")
    return value


def _summary(errors: list[float]) -> dict[str, float]:
    n = len(errors)
    return {
        "rows": n,
        "exact": sum(e <= EXACT for e in errors) / n,
        "within_1e-7": sum(e <= NEAR for e in errors) / n,
        "within_1_percent": sum(e <= 0.01 for e in errors) / n,
        "max_error_percent": 100.0 * max(errors),
    }


def _rows_table(compared: dict[str, dict[str, dict[str, float]]]) -> Table:
    rows = [
        (
            name,
            column,
            s["rows"],
            _of(s, "exact"),
            _of(s, "within_1e-7"),
            _of(s, "within_1_percent"),
            f"{s['max_error_percent']:.2g} %",
        )
        for name, columns in compared.items()
        for column, s in columns.items()
    ]
    headings = ("table", "column", "rows", "exact", "within 1e-7", "within 1 %", "largest error")
    notes = (
        "exact: to 1e-12 relative. Energy is exact up to register terms, which were solved from the tables.",
        "pareto area: array, lanes and buffer; one buffer density (16 MiB), where the published run asks CACTI per size.",
    )
    return Table("attention: the published tables, row by row", headings, rows, notes)


def _of(summary: dict[str, float], share: str) -> str:
    return f"{round(summary[share] * summary['rows'])}"
