"""The picture of one design: where its loss comes from, where its parameters are, what training and serving spend time on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from archgym.costs import Costs
from archgym.envs.parallelism.serving.figure import phases_of, stacked
from archgym.envs.parallelism.serving.layout import Design, Fact
from archgym.envs.parallelism.training.figure import TIME_PARTS, cascade
from archgym.envs.parallelism.training.layout import Net, Out, Run
from archgym.space import FloatArray, IntArray, Value

from .layout import Col, Fit
from .layouts import BATCH, EXPERT_RANKS, LAYOUTS, SEQUENCE

if TYPE_CHECKING:
    from .model import LlmModel


def draw(model: LlmModel, row: IntArray) -> Figure:
    """Cascades of the loss above the irreducible one, of parameters and of an iteration of training; bars of serving."""
    from .kernel import ask, shape

    design = model.table[np.arange(len(model.space)), model.canonical(row[None])[0]]
    net, asked, costs = np.zeros(len(Net)), np.zeros(len(Design)), model.evaluate(row[None])
    shape(design, net)
    ask(design, asked)
    figure = Figure(figsize=(11, 7.6), layout="constrained")
    (loss, size), (training, serving) = figure.subplots(2, 2)
    cascade(loss, losses(model.fit, design, costs), "nat per token", ".3g")
    loss.set(title=f"loss {costs['loss'][0]:.3f}: {costs['excess_loss'][0]:.3f} above {model.fit[Fit.E]:.3f}")
    cascade(size, {name: part / 1e9 for name, part in parameters(net).items()}, "billion", ".3g")
    size.set(title=f"{costs['parameters'][0] / 1e9:.3g} B parameters, {costs['active_parameters'][0] / 1e9:.3g} B for a token")
    layout, seconds = trained(model, net, design, float(costs["training_s"][0]))
    cascade(training, {name: float(seconds[part]) for name, part in TIME_PARTS.items()}, "s", ".3g")
    training.set(title=f"an iteration of training: {layout}")
    phases = phases_of(net, model.server, model.constants, model.use, asked, np.zeros(len(Fact)))
    stacked(serving, {name: parts for name, (parts, _, _) in phases.items()})
    serving.set(title=f"serving: {costs['memory_bytes'][0] / 1e9:.3g} GB of a GPU", ylabel="ms of a prompt, of a step")
    figure.suptitle(_caption(model.space.decode(row), costs))
    return figure


def losses(fit: FloatArray, design: FloatArray, costs: Costs) -> dict[str, float]:
    """The terms of the law, whose sum is the loss above E, nats per token."""
    return {
        "few parameters": float(fit[Fit.A] / costs["effective_parameters"][0] ** fit[Fit.ALPHA]),
        "few tokens": float(fit[Fit.B] / design[Col.TOKENS] ** fit[Fit.BETA]),
    }


def parameters(n: FloatArray) -> dict[str, float]:
    """All parameters of a shape, by part."""
    h, part = n[Net.HIDDEN], 3.0 * n[Net.HIDDEN] * n[Net.FFN]
    mixed = n[Net.LAYERS] - n[Net.DENSE_LAYERS] if n[Net.EXPERTS] else 0.0
    return {
        "vocabulary": float(n[Net.VOCAB] * h),
        "attention": float(2.0 * h * n[Net.HEAD_DIM] * (n[Net.HEADS] + n[Net.KV_HEADS]) * n[Net.LAYERS]),
        "feed-forward": float((n[Net.LAYERS] - mixed) * part),
        "routers": float(mixed * h * n[Net.EXPERTS]),
        "experts": float(mixed * n[Net.EXPERTS] * part),
    }


def trained(model: LlmModel, net: FloatArray, design: FloatArray, whole_s: float) -> tuple[str, FloatArray]:
    """The layout that the training takes, in a line, and the seconds of its iteration by part ``(len(Out),)``.

    It is the one that makes the model's time of the whole run.
    """
    from archgym.envs.parallelism.training.kernel import times

    runs, seconds = model.runs.copy(), np.zeros((len(LAYOUTS), len(Out)))
    runs[:, Run.PRECISION] = design[Col.TRAINING]
    runs[:, Run.EP] = EXPERT_RANKS if net[Net.EXPERTS] else 1.0
    times(net[None], model.cluster[None], runs, model.time, seconds)
    iteration_s = whole_s * SEQUENCE * BATCH / design[Col.TOKENS]
    best = int(np.nanargmin(np.abs(seconds[:, Out.ITERATION] - iteration_s)))
    tensor, pipeline, zero, _, recompute = LAYOUTS[best]
    return f"TP {tensor}, PP {pipeline}, ZeRO {zero}, recompute {recompute}", seconds[best]


def _caption(design: Mapping[str, Value], costs: Costs) -> str:
    kind = f"{design['experts']} experts, {design['top_k']} a token" if design["experts"] != 1 else "dense"
    return (
        f"{design['layers']} layers of {design['width']}, {design['kv_heads']} key-value heads, {kind}, {design['weights']}, "
        f"{float(str(design['tokens'])) / 1e9:,.0f} billion tokens for {costs['training_usd'][0]:,.0f} USD\n"
        f"first token {1e3 * costs['ttft_s'][0]:.3g} ms, {1e3 * costs['tpot_s'][0]:.3g} ms per token, "
        f"{costs['serving_usd'][0]:.3g} USD per million tokens"
    )
