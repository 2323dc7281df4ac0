"""The picture of a language model's shape: do its parts add up to the metrics?"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from archgym.envs.nas.llm import kernel
from archgym.envs.nas.llm.figure import losses, parameters, trained
from archgym.envs.nas.llm.layouts import BATCH, SEQUENCE
from archgym.envs.nas.llm.model import LlmModel, build
from archgym.envs.nas.llm.space import SPACE
from archgym.envs.parallelism.training.layout import Net, Out
from archgym.space import Value

TOKENS = 200e9
BASE: dict[str, Value] = {
    "layers": 32, "width": 4096, "head_dim": 128, "kv_heads": 8, "ffn_ratio": 3.0, "experts": 1, "top_k": 1, "weights": "bf16",
    "tp": 2, "batch": 16, "training": "bf16", "tokens": TOKENS,
}  # fmt: skip
MIXTURE: dict[str, Value] = {"layers": 16, "width": 2048, "kv_heads": 4, "experts": 16, "top_k": 2}


@cache
def model() -> LlmModel:
    return build("chat", {"law": "epoch", "cluster": "b200-ndr", "gpus": "256", "platform": "h200-efa"})


@pytest.mark.parametrize("knobs", [{}, MIXTURE])
def test_parts_add_up_to_the_metrics(knobs: dict[str, Value]) -> None:
    row = SPACE.encode({**BASE, **knobs})
    costs, design, net = model().evaluate(row[None]), model().table[np.arange(len(SPACE)), row], np.zeros(len(Net))
    assert sum(losses(model().fit, design, costs).values()) == pytest.approx(costs["excess_loss"][0])
    kernel.shape(design, net)
    assert sum(parameters(net).values()) == pytest.approx(costs["parameters"][0])
    _, seconds = trained(model(), net, design, float(costs["training_s"][0]))
    assert seconds[Out.ITERATION] * TOKENS / (SEQUENCE * BATCH) == pytest.approx(costs["training_s"][0])


def test_a_design_can_be_drawn_and_an_invalid_one_cannot() -> None:
    figure = model().render(SPACE.encode({**BASE, **MIXTURE}))
    assert figure is not None and len(figure.axes) == 4
    assert model().render(SPACE.encode({**BASE, "layers": 64, "width": 512})) is None
