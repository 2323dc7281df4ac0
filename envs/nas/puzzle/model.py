"""Puzzle (Bercovich et al. 2024, arXiv 2411.19146) as a cost model: alternatives per block in, damage and serving costs out.

A Llama-like model is served in padded batches of equal requests on one replica: all prompts, then one step per token. Time and
memory of every half of a block are those of `envs.parallelism.serving`, so that all costs are sums over blocks, the best design
is the solution of a mixed-integer program (`program`), and regret is true regret. **The damage of an alternative is
synthetic**, drawn from a declared distribution (`scores`): a task is an instance of a problem, no statement on any model.
Activations are reserved as for the whole parent. Not modelled: queues, unequal lengths, retraining after the exchange.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.envs.parallelism.clusters import load_cluster
from archgym.envs.parallelism.models import Llm, load_llm
from archgym.envs.parallelism.serving.constants import WEIGHT_BYTES, constants
from archgym.envs.parallelism.serving.workloads import Requests, parse
from archgym.envs.parallelism.training.layout import Machine
from archgym.envs.parallelism.vectors import machine_vector, net_vector
from archgym.errors import BadInput, did_you_mean
from archgym.model import CostModel
from archgym.objective import Constraint, Minimise, Objective
from archgym.space import FloatArray, IntArray

from .program import Program
from .scores import scores
from .space import ATTENTIONS, FFNS, KV_HEADS, RATIOS, design_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
RULES = ("weights, activations and the cache of the batch exceed a GPU's memory",)
METRICS = (
    Metric("damage", "", "min", "sum of the blocks' synthetic scores, 0 for the parent"),
    Metric("ttft_s", "s", "min", "of the batch's prompts"),
    Metric("tpot_s", "s", "min", "of a step, halfway through the answers"),
    Metric("latency_s", "s", "min", "of the batch, from its prompts to its last tokens"),
    Metric("tokens_per_s", "1/s", "max", "output tokens of the replica"),
    Metric("memory_bytes", "B", "min", "of a GPU"),
    Metric("weights_bytes", "B", "min", "of it: weights"),
    Metric("kv_bytes", "B", "min", "of it: cache of the batch"),
    Metric("parameters", "", "none", "embeddings included"),
)
CACHE = 2.0  # bytes of a cached element
USABLE = 0.95  # of the memory, as in serving
CHUNK = 8192
LEVELS = tuple(1.0 - 0.03 * k for k in range(1, 21))  # of a limit, for designs along the front
ROUGH = 0.005


class PuzzleModel(CostModel):
    """One parent, one service, one draw of scores.

    Args:
        llm: the parent: dense, gated, with 8 key-value heads.
        requests: prompt and answer.
        platform: cluster whose GPUs serve it; ``tp`` of them a replica.
        batch: requests of a batch.
        weights: their format.
        seed: of the scores.
    """

    version = VERSION
    rules = RULES
    metrics = METRICS

    def __init__(self, llm: Llm, requests: Requests, platform: str, tp: int, batch: int, weights: str, seed: int) -> None:
        self.space = design_space(llm.layers)
        self.net, self.machine = net_vector(llm, 1, 1), machine_vector(load_cluster(platform))
        self.tp, self.batch, self.requests = float(tp), float(batch), requests
        self.item, self.constants = WEIGHT_BYTES[weights], constants()
        self.scores = scores(llm.layers, seed)
        self.attentions, self.ffns, self.rest = self._tables()

    def _tables(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What every alternative costs, and what stays, by the columns of ``kernel.Half``."""
        from .kernel import N_HALF, tables

        attentions, ffns, rest = np.zeros((len(ATTENTIONS), N_HALF)), np.zeros((len(FFNS), N_HALF)), np.zeros(N_HALF)
        asked = (self.tp, self.item, CACHE, self.batch, float(self.requests.input), float(self.requests.output))
        choices = (np.array(KV_HEADS), np.array(RATIOS))
        tables(self.net, self.machine, self.constants, *asked, *choices, attentions, ffns, rest)
        return attentions, ffns, rest

    def _evaluate(self, x: IntArray) -> Costs:
        from .kernel import N_HALF, sums

        damage, spent = np.zeros(len(x)), np.zeros((len(x), N_HALF))

        def work(part: slice) -> None:
            sums(x[part], self.scores, self.attentions, self.ffns, self.rest, damage[part], spent[part])

        in_parallel(work, slices(len(x), CHUNK))
        linear = self._linear(spent)
        far = np.maximum(linear["memory_bytes"] / self.room - 1.0, 0.0)
        rate = self.batch * self.requests.output / linear["latency_s"]
        columns = {"damage": damage, "tokens_per_s": rate, **linear}
        values = np.stack([columns[metric.name] for metric in METRICS], axis=1)
        values[far > 0.0] = np.nan
        return Costs(METRICS, values, far == 0.0, (far > 0.0).astype(np.uint64), RULES, far)

    @property
    def room(self) -> float:
        """Bytes of a GPU that may be used."""
        return USABLE * float(self.machine[Machine.HBM_BYTES])

    def _linear(self, spent: FloatArray) -> dict[str, FloatArray]:
        """Metrics that are sums over halves, from rows of ``kernel.Half``."""
        from .kernel import Half

        prefill, step = spent[:, Half.PREFILL_S], spent[:, Half.DECODE_S]
        weights, cache = spent[:, Half.WEIGHTS_BYTES], spent[:, Half.KV_BYTES]
        return {
            "ttft_s": prefill,
            "tpot_s": step,
            "latency_s": prefill + (self.requests.output - 1.0) * step,
            "memory_bytes": weights + cache + spent[:, Half.RESERVED_BYTES],
            "weights_bytes": weights,
            "kv_bytes": cache,
            "parameters": spent[:, Half.PARAMETERS],
        }

    def program(self, objective: Objective, level: float = 1.0) -> Program | None:
        """The task as a program, its limits (the GPU's memory aside) scaled by ``level``; None where it is not linear."""
        if not isinstance(objective, Minimise) or objective.metric != "damage":
            return None
        limits = [self._limit(constraint) for constraint in objective.constraints]
        if None in limits:
            return None
        pairs = (self.attentions[:, None, :] + self.ffns[None, :, :]).reshape(-1, self.attentions.shape[1])
        costs, rest = self._linear(pairs), self._linear(self.rest[None])
        asked = [("memory_bytes", self.room), *((name, bound * level) for name, bound in filter(None, limits))]
        left = [bound - rest[name][0] for name, bound in asked]
        if min(left) <= 0.0:
            return None
        return Program(self.scores.reshape(len(self.scores), -1), np.array([costs[name] for name, _ in asked]), np.array(left))

    def _limit(self, constraint: Constraint) -> tuple[str, float] | None:
        """A constraint as an upper bound on a linear metric; throughput bounds the batch's time. None where it is neither."""
        if constraint.metric == "tokens_per_s" and constraint.kind == ">=":
            return "latency_s", self.batch * self.requests.output / constraint.bound
        linear = constraint.metric in self._linear(self.rest[None])
        return (constraint.metric, constraint.bound) if linear and constraint.kind == "<=" else None

    def optimum(self, objective: Objective) -> IntArray | None:
        """The least damage within the limits, proved by the program; None for other objectives, or where nothing fits."""
        program = self.program(objective)
        chosen = None if program is None else program.best()
        if chosen is None:
            return None
        row = self.row(chosen)
        return row if objective.feasible(self.evaluate(row[None]))[0] else None

    def known(self, objective: Objective) -> IntArray | None:
        """Designs within half a per cent of the best for tighter limits: a front's backbone."""
        programs = [self.program(objective, level) for level in LEVELS]
        found = [chosen for p in programs if p is not None and (chosen := p.best(ROUGH)) is not None]
        return np.array([self.row(chosen) for chosen in found]) if found else None

    def row(self, pairs: IntArray) -> IntArray:
        """A design from the pair of each block."""
        return np.stack(np.divmod(pairs, len(FFNS)), axis=1).reshape(-1).astype(np.int64)

    def render(self, row: IntArray) -> Figure | None:
        """What every block keeps and what it costs in damage; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def _identity(self) -> list[str]:
        facts = [self.net, self.machine, self.constants, self.scores, self.attentions, self.ffns, self.rest]
        asked = [self.tp, self.batch, self.item, self.requests.input, self.requests.output]
        return [hashlib.sha256(np.asarray(fact).tobytes()).hexdigest() for fact in (*facts, asked)]


def build(workload: str, options: Mapping[str, str]) -> PuzzleModel:
    """The model of a task, by its workload ``MODEL@INPUT/OUTPUT``.

    Options: ``platform``, ``tp``, ``batch``, ``weights`` (bf16, fp8, fp4), ``seed`` of the scores.

    Raises:
        BadInput: no such model, requests, platform or format; a parent of another kind; heads that tp does not divide.
    """
    name, requests = parse(workload)
    llm = load_llm(name)
    if llm.experts or llm.latent or not llm.gated or llm.kv_heads != KV_HEADS[0]:
        raise BadInput(f"workload '{workload}': the parent must be dense and gated with 8 key-value heads")
    tp, batch, seed = (_whole(options, key) for key in ("tp", "batch", "seed"))
    if tp < 1 or llm.heads % tp:
        raise BadInput(f"option tp: must divide {llm.heads} heads, got {tp}")
    if batch < 1:
        raise BadInput(f"option batch: must be at least 1, got {batch}")
    weights = options["weights"]
    if weights not in WEIGHT_BYTES:
        raise BadInput(f"option weights: there is no format '{weights}'" + did_you_mean(weights, WEIGHT_BYTES))
    return PuzzleModel(llm, requests, options["platform"], tp, batch, weights, seed)


def _whole(options: Mapping[str, str], key: str) -> int:
    if not options[key].isdigit() or len(options[key]) > 9:
        raise BadInput(f"option {key}: must be a whole number below a thousand million, got '{options[key]}'")
    return int(options[key])


__all__ = ["METRICS", "PuzzleModel", "build"]
