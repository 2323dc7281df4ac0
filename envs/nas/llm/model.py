"""A language model's shape as a cost model: loss by a published law, costs of training and serving by our own models.

A design is trained on a declared cluster, by the fastest of a few layouts (`layouts`), and served on a declared platform by
continuous batching at nine tenths of its batch; times, memory and prices are those of `envs.parallelism`. Loss follows from
parameters and tokens alone: depth, width, heads and shared key-value heads act **on cost only** (and as parameters), as no
published law gives usable constants for them; the space therefore bounds width over depth and query heads per key-value head to
what published models have. What a law's runs never covered is told by ``extrapolation`` and ``unseen_tokens``; a variable of a
law more than ten times outside its range is refused.
Not modelled: quality of data, repeated tokens, quantisation after training, restarts of a training run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from archgym.batch import in_parallel, slices
from archgym.costs import Costs, Metric
from archgym.envs.parallelism.clusters import load_cluster
from archgym.envs.parallelism.serving.constants import constants
from archgym.envs.parallelism.serving.workloads import Requests, parse
from archgym.envs.parallelism.training.constants import fitted
from archgym.envs.parallelism.vectors import machine_vector
from archgym.errors import BadInput
from archgym.model import CostModel
from archgym.space import BoolArray, FloatArray, IntArray

from . import space as knobs
from .laws import law
from .layouts import runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1"
RULES = (
    "width over layers is outside 32 to 256",
    "the query heads are no multiple of the key-value heads, or more than 16 to one",
    "the heads cannot be divided over the serving GPUs",
    "a scaling law is asked for more than ten times outside the range of its runs",
    "no layout of the training cluster holds the model",
    "weights, activations and the cache of a full batch exceed a serving GPU's memory",
)
METRICS = (
    Metric("loss", "nats", "min", "per token of held-out text, by the scaling law"),
    Metric("excess_loss", "nats", "min", "of it: above what the law holds irreducible"),
    Metric("ttft_s", "s", "min", "mean time to the first token, with queues"),
    Metric("tpot_s", "s", "min", "mean time per output token after the first"),
    Metric("tokens_per_s", "1/s", "max", "output tokens of a serving replica"),
    Metric("serving_usd", "USD", "min", "per million output tokens at list prices"),
    Metric("memory_bytes", "B", "min", "of a serving GPU with a full batch"),
    Metric("weights_bytes", "B", "min", "of it: weights"),
    Metric("kv_bytes", "B", "min", "of it: cache of a full batch"),
    Metric("training_usd", "USD", "min", "of the whole training run at list prices"),
    Metric("training_s", "s", "min", "of the whole training run"),
    Metric("training_gpu_hours", "h", "min", "of the whole training run, all GPUs"),
    Metric("training_memory_bytes", "B", "none", "of a training GPU"),
    Metric("parameters", "", "none", "all of them"),
    Metric("active_parameters", "", "none", "those that a token visits"),
    Metric("effective_parameters", "", "none", "of the dense 16-bit model with the same loss"),
    Metric("extrapolation", "", "min", "how many times outside the range of a variable of a law used; 1 inside all"),
    Metric("unseen_tokens", "", "min", "how many times other than the tokens of a correction's runs; 1 where none is used"),
    Metric("gpus", "", "min", "of a serving replica"),
)
CHUNK, SHAPES_AT_ONCE = 8192, 128


class LlmModel(CostModel):
    """Every shape on one training cluster and one serving platform.

    Args:
        requests: what is asked of the service.
        scaling: name of the scaling law.
        cluster, gpus: where it is trained.
        platform: the cluster whose GPUs serve it.
    """

    version = VERSION
    rules = RULES
    metrics = METRICS
    space = knobs.SPACE

    def __init__(self, requests: Requests, scaling: str, cluster: str, gpus: int, platform: str) -> None:
        self.fit, self.runs = law(scaling), runs(gpus)
        self.cluster = machine_vector(load_cluster(cluster).sized(gpus))
        self.server = machine_vector(load_cluster(platform))
        self.use = np.array([requests.input, requests.output, requests.spread])
        self.time, self.room = fitted()
        self.constants = constants()
        self.table = knobs.table()

    def _evaluate(self, x: IntArray) -> Costs:
        values, far = np.full((len(x), len(METRICS)), np.nan), np.zeros((len(x), len(RULES)))

        def work(part: slice) -> None:
            self._fill(x[part], values[part], far[part])

        in_parallel(work, slices(len(x), CHUNK))
        broken = far > 0.0
        reason = (broken * (1 << np.arange(len(RULES)))).sum(axis=1).astype(np.uint64)
        return Costs(METRICS, values, np.logical_not(broken.any(axis=1)), reason, RULES, far.sum(axis=1))

    def _fill(self, x: IntArray, values: FloatArray, far: FloatArray) -> None:
        from .kernel import loop  # numba is imported with the first evaluation

        designs = self.table[np.arange(len(self.space)), knobs.fold(x)]
        trained = (self.cluster, self.runs, self.time, self.room)
        loop(designs, self.fit, *trained, self.server, self.use, self.constants, values, far)

    def _canonical(self, x: IntArray) -> IntArray:
        return knobs.fold(x)

    def mask(self, prefix: IntArray, knob: int) -> BoolArray | None:
        """Values that go with the shape so far: width with layers, key-value heads and serving GPUs with the heads."""
        name = self.space.names[knob]
        if name == "width":
            return np.asarray(knobs.proportioned()[prefix[0]])
        if name == "kv_heads":
            return np.asarray(knobs.grouped()[prefix[1], prefix[2]])
        return np.asarray(knobs.split()[prefix[1], prefix[2]]) if name == "tp" else None

    def repair(self, x: IntArray) -> IntArray:
        """Width, key-value heads and serving GPUs to the nearest values that go with the rest."""
        rows = np.array(self.space.check(x))
        at = self.space.names.index
        rows[:, 1] = knobs.nearest(knobs.proportioned())[rows[:, 0], rows[:, 1]]
        rows[:, 3] = knobs.nearest(knobs.grouped())[rows[:, 1], rows[:, 2], rows[:, 3]]
        rows[:, at("tp")] = knobs.nearest(knobs.split())[rows[:, 1], rows[:, 2], rows[:, at("tp")]]
        return rows

    def legal(self) -> Iterator[IntArray]:
        """All canonical designs whose shape keeps the rules, in the order of the space."""
        every, rest = knobs.shapes(), knobs.services()
        for part in slices(len(every), SHAPES_AT_ONCE):
            some = every[part]
            yield np.hstack([np.repeat(some, len(rest), axis=0), np.tile(rest, (len(some), 1))])

    def render(self, row: IntArray) -> Figure | None:
        """Terms of the loss, parameters, and time of training and serving by part; None for an invalid design."""
        from .figure import draw

        return draw(self, row) if self.evaluate(row[None]).valid[0] else None

    def _identity(self) -> list[str]:
        from .kernel import FARTHEST

        facts = [self.fit, self.runs, self.cluster, self.server, self.use, self.time, self.room, self.constants, self.table]
        return [hashlib.sha256(fact.tobytes()).hexdigest() for fact in facts] + [str(FARTHEST)]


def build(workload: str, options: Mapping[str, str]) -> LlmModel:
    """The model of a task, by the kind of requests it serves: ``chat``, ``code``, … or ``INPUT/OUTPUT`` tokens.

    Options: ``law`` (epoch, hoffmann, muennighoff), ``cluster`` and ``gpus`` of training, ``platform`` of serving.

    Raises:
        BadInput: no such requests, law or cluster, or a number of GPUs that the layouts cannot use.
    """
    _, requests = parse(f"@{workload}")
    gpus = options["gpus"]
    if not gpus.isdigit():
        raise BadInput(f"option gpus: must be a whole number, got '{gpus}'")
    return LlmModel(requests, options["law"], options["cluster"], int(gpus), options["platform"])


__all__ = ["METRICS", "LlmModel", "build"]
