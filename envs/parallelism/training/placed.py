"""Training where links between nodes differ: which node takes which ranks is part of the design.

The slowest link that a placement makes the pipeline use sets the pipeline's transfers (Pipette: pipelines advance together);
the slowest that it makes data-parallel rings use, or cells larger than a node, sets all other traffic. Nodes of one island
are alike, and so are nodes that the run does not reach: folding orders them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from archgym.objective import Objective
from archgym.space import BoolArray, DesignSpace, FloatArray, IntArray

from ..network import orders
from .layout import Machine, Run
from .model import TrainingModel
from .space import Setting

MOST_SEQUENCES = 1000  # placements that differ, of clusters whose legal designs are listed


class PlacedModel(TrainingModel):
    """A training run and the placement of its ranks, as a swap code (see ``network.orders``).

    Codes start from the nodes as a scheduler that knows nothing of their cards deals them: island by island in turn.

    Args:
        setting: model, cluster, batch; the cluster's links differ.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.links = setting.cluster.links()
        self.islands: IntArray = np.array(setting.cluster.island_of(), dtype=np.int64)
        self.dealt = deal(self.islands)
        self.space = DesignSpace((*self.knobs.params, *orders.knobs(setting.cluster.nodes)))

    def permutations(self, x: IntArray) -> IntArray:
        """The node of each place, ``int64 (N, nodes)``."""
        return orders.decode(self.dealt, x[:, len(self.knobs) :])

    def layouts(self, x: IntArray) -> IntArray:
        """Rows of ``network.placement.Layout``, ``int64 (N, 6)``."""
        runs, node = self.runs(x), self.setting.cluster.node
        inner = runs[:, Run.TP] * runs[:, Run.CP]
        columns = (runs[:, Run.PP], runs[:, Run.DP], inner, np.full(len(x), node), runs[:, Run.ORDER], runs[:, Run.CHUNKS] > 1)
        return np.stack(columns, axis=1).astype(np.int64)

    def nics(self, permutations: IntArray, layouts: IntArray) -> FloatArray:
        """Bytes/s of the slowest link of the pipeline and of all other traffic, ``float64 (N, 2)``; at most the fast links'."""
        from ..network.placement import placed_bandwidths

        found = placed_bandwidths(self.links, permutations, layouts)
        both = np.stack([found[:, 0], np.minimum(found[:, 1], found[:, 2])], axis=1)
        return np.asarray(np.minimum(both, self.machine[Machine.LINK_BYTES_PER_S]))

    def _fill(self, x: IntArray, values: FloatArray, reason: IntArray, far: FloatArray) -> None:
        from .design import placed

        nics = self.nics(self.permutations(x), self.layouts(x))
        given = (self.columns, self.table, self.base, self.net, self.machine, self.time, self.memory)
        placed(x, *given, nics, values, reason, far)

    def _canonical(self, x: IntArray) -> IntArray:
        rows = self.fold(x)
        rows[:, len(self.knobs) :] = orders.encode(self.dealt, self._sorted(rows))
        return rows

    def _sorted(self, x: IntArray) -> IntArray:
        """Placements with equal nodes in order: those of an island, and those without ranks."""
        places = self.permutations(x)
        if len(np.unique(self.islands)) > 1:
            return alike(places, self.islands, self.dealt)
        return idle_sorted(places, self._nodes(x))

    def _nodes(self, x: IntArray) -> IntArray:
        """Nodes that a run reaches, ``int64 (N,)``."""
        runs = self.runs(x)
        gpus = runs[:, Run.TP] * runs[:, Run.PP] * runs[:, Run.DP] * runs[:, Run.CP]
        return np.ceil(gpus / self.setting.cluster.node).astype(np.int64)

    def legal(self) -> Iterator[IntArray] | None:
        """Of clusters with few different placements: every legal design with the placements that no other beats.

        More bandwidth never costs more, so of the placements of a layout only those count whose pair of slowest links is not
        dominated; the others are left out. None where placements are too many.
        """
        sequences = list(islice(arrangements(tuple(self.islands)), MOST_SEQUENCES + 1))
        if len(np.unique(self.islands)) < 2 or len(sequences) > MOST_SEQUENCES:
            return None
        return self._with_placements(alike_from(np.array(sequences), self.dealt, self.islands))

    def _with_placements(self, placements: IntArray) -> Iterator[IntArray]:
        codes = orders.encode(self.dealt, placements)
        for x in self.runs_legal():
            layouts, which = np.unique(self.layouts(x), axis=0, return_inverse=True)
            for i, layout in enumerate(layouts):
                best = codes[unbeaten(self.nics(placements, layout[None]))]
                rows = x[which.reshape(-1) == i]
                yield np.concatenate([np.repeat(rows, len(best), axis=0), np.tile(best, (len(rows), 1))], axis=1)

    def known(self, objective: Objective) -> IntArray | None:
        """Good designs ``(N, D)``: the best runs under placements by rule, their placements annealed. Not proved."""
        from .annealed import annealed

        return annealed(self, objective)


def deal(islands: IntArray) -> IntArray:
    """Nodes dealt from each island in turn, ``int64 (nodes,)``; as numbered where there is one island."""
    turn = np.zeros(len(islands), dtype=np.int64)
    for island in np.unique(islands):
        own = islands == island
        turn[own] = np.arange(own.sum())
    return np.lexsort((islands, turn)).astype(np.int64)


def alike(permutations: IntArray, islands: IntArray, dealt: IntArray) -> IntArray:
    """Permutations whose nodes of each island come in the order in which they are dealt."""
    return alike_from(islands[permutations], dealt, islands)


def alike_from(sequences: IntArray, dealt: IntArray, islands: IntArray) -> IntArray:
    """Permutations from the island of each place ``(N, nodes)``, nodes of an island in the order in which they are dealt."""
    found = np.empty_like(sequences)
    for island in np.unique(islands):
        own = dealt[islands[dealt] == island]
        here = sequences == island
        found[here] = own[(np.cumsum(here, axis=1) - 1)[here]]
    return found


def idle_sorted(permutations: IntArray, used: IntArray) -> IntArray:
    """Permutations whose nodes behind the first ``used (N,)`` come in ascending order."""
    nodes = permutations.shape[1]
    idle = np.arange(nodes)[None, :] >= used[:, None]
    tail = np.sort(np.where(idle, permutations, -1), axis=1)
    return np.where(idle, tail, permutations)


def arrangements(items: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Different orders of items, some of them equal, in ascending order of the items."""
    if not items:
        yield ()
    for first in sorted(set(items)):
        rest = list(items)
        rest.remove(first)
        for behind in arrangements(tuple(rest)):
            yield (first, *behind)


def unbeaten(bandwidths: FloatArray) -> IntArray:
    """Rows of ``(N, 2)`` that are not dominated, one of each kind."""
    kinds, first = np.unique(bandwidths, axis=0, return_index=True)
    more = (kinds[:, None, :] >= kinds[None, :, :]).all(axis=2) & (kinds[:, None, :] > kinds[None, :, :]).any(axis=2)
    keep: BoolArray = np.logical_not(more.any(axis=0))
    return np.sort(first[keep]).astype(np.int64)
