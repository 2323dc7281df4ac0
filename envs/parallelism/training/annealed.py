"""Placements for clusters whose links differ one by one: too many to list, so the best known are searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archgym.objective import Objective
from archgym.space import FloatArray, IntArray

from ..network import orders
from .layout import Machine, Out, Run

if TYPE_CHECKING:
    from .placed import PlacedModel

RUNS = 64  # of the best designs, with different layouts
STEPS, SEEDS = 20_000, 2


def annealed(model: PlacedModel, objective: Objective) -> IntArray:
    """The best runs of every layout under placements by rule, and their placements annealed, ``int64 (N, D)``."""
    from ..network.annealing import Wire, anneal
    from ..network.placement import Layout

    placements = np.array([rule(np.array(model.links)) for rule in orders.RULES.values()])
    rows = _leaders(model, objective, orders.encode(model.dealt, placements))
    found = [rows]
    for row, (pipeline, data) in zip(rows, _bytes(model, rows), strict=True):
        layout = Layout(*(int(v) for v in model.layouts(row[None])[0]))
        for seed in range(SEEDS):
            best = anneal(np.array(model.links), layout, Wire(pipeline, data, data), seed, STEPS)
            code = orders.encode(model.dealt, best.permutation[None])
            found.append(np.concatenate([row[: len(model.knobs)][None], code], axis=1))
    return np.unique(model.canonical(np.concatenate(found)), axis=0)


def _leaders(model: PlacedModel, objective: Objective, codes: IntArray) -> IntArray:
    """The best design of each layout under any of the placements, the ``RUNS`` best of them."""
    best: dict[bytes, tuple[float, IntArray]] = {}
    for x in model.runs_legal():
        for code in codes:
            rows = np.concatenate([x, np.tile(code, (len(x), 1))], axis=1)
            scores = objective.score(model.evaluate(rows))
            order = np.argsort(-scores, kind="stable")
            layouts = model.layouts(rows)
            _, first = np.unique(layouts[order], axis=0, return_index=True)
            for i in order[first]:
                key = layouts[i].tobytes()
                if key not in best or scores[i] > best[key][0]:
                    best[key] = (float(scores[i]), rows[i])
    ranked = sorted(best.values(), key=lambda one: -one[0])[:RUNS]
    return np.array([row for _, row in ranked])


def _bytes(model: PlacedModel, rows: IntArray) -> FloatArray:
    """What the pipeline and the rest send over the slowest link in an iteration, as seconds at a bandwidth say, ``(N, 2)``."""
    seconds, runs = model.parts(rows)[0], model.runs(rows)
    batches = model.setting.batch / (runs[:, Run.DP] * runs[:, Run.MICRO_BATCH])
    ramp = 1.0 + (runs[:, Run.PP] - 1.0) / (runs[:, Run.CHUNKS] * batches)
    rest = seconds[:, Out.DP] + seconds[:, Out.SHARD] + seconds[:, Out.EP] + seconds[:, Out.CP]
    both = np.stack([seconds[:, Out.P2P] * ramp, rest], axis=1)
    return np.asarray(both * model.machine[Machine.NIC_BYTES_PER_S] + 1.0)
