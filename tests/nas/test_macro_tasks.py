"""The table of mobile networks as an environment: what a design is, its price on devices, holes with a reason."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from archgym.envs.nas.cifar.devices import device, layer_price, moved
from archgym.envs.nas.macro.architecture import Choices, convolutions, macs
from archgym.envs.nas.macro.devices import as_layer, prices
from archgym.envs.nas.macro.model import UNTRAINED, MacroModel, build
from archgym.envs.nas.macro.shipped import KEY, WHOLE, shipped
from archgym.envs.nas.macro.space import SPACE
from archgym.envs.nas.macro.tasks import tasks
from archgym.envs.nas.trained.table import Table
from archgym.errors import BadInput
from archgym.testing import check_cost_model, check_task

ALL = Choices().architectures()


def table(numbers: list[int]) -> Table:
    """Figures that tell the network."""
    whole = np.array(numbers, dtype=np.int64)
    per_seed = whole[:, None] / 2e3 + np.array([0.0, 0.01, 0.02])
    losses = {"validation_loss": 1 + per_seed, "test_loss": 2 + per_seed}
    shares = {"validation_accuracy": 0.9 - per_seed / 2, "test_accuracy": 0.8 - per_seed / 2}
    return Table(number=whole, seconds=whole / 1e3, parameters=whole, macs=10 * whole, manifest={}, **losses, **shares)


@pytest.fixture(scope="module")
def part() -> MacroModel:
    return MacroModel(table(list(range(0, WHOLE, 5))), "compute")


def test_it_conforms(part: MacroModel) -> None:
    check_cost_model(part, samples=64)


def test_a_design_is_the_network_of_its_number() -> None:
    assert SPACE.size == len(ALL) == WHOLE
    for number, row in enumerate(SPACE.enumerate(0, WHOLE)):
        resolution, width, (first, second) = ALL[number]
        assert tuple(SPACE.decode(row).values()) == (resolution, width, *first, *second)


def test_what_was_not_trained_is_invalid_and_what_was_has_its_figures(part: MacroModel) -> None:
    costs = part.evaluate(SPACE.enumerate(0, WHOLE))
    assert costs.valid.tolist() == [number % 5 == 0 for number in range(WHOLE)] and costs.why(1) == UNTRAINED
    assert (costs["parameters"][::5] == np.arange(0, WHOLE, 5)).all()
    assert costs["validation_loss"][5] == pytest.approx(1 + 5 / 2e3 + 0.01)
    assert costs["test_error"][5] == pytest.approx(0.2 + 5 / 4e3 + 0.005)


def test_layers_do_the_work_that_was_counted() -> None:
    for architecture in ALL[::97]:
        layers = convolutions(architecture)
        assert sum(as_layer(layer).macs for layer in layers) + 10 * layers[-1].made == macs(architecture, 10)


def test_a_network_takes_its_layers_and_the_additions_at_the_end_of_blocks() -> None:
    """The smallest: one block in each stage, of which the first adds its input, 5x5 pixels and 6 channels."""
    chosen, layers = device("compute"), convolutions(ALL[0])
    assert [layer.added for layer in layers if layer.kind == "project"] == [True, False]
    parts = [layer_price(chosen, as_layer(layer)) for layer in layers]
    head = prices("compute")[0] - np.sum(parts, axis=0) - 3 * 25 * 6 * moved(chosen, 1)
    assert (head > 0).all() and head[0] < 0.2 * prices("compute")[0, 0]  # the linear layer


def test_devices_differ_in_kind() -> None:
    """Ranks of latency where outputs stay in a small array, and weights in a tall one, which depthwise filters leave idle."""
    latency = [np.argsort(np.argsort(prices(name)[:, 0])) for name in ("compute", "stationary")]
    assert 0.5 < np.corrcoef(latency)[0, 1] < 0.9


def test_tables_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^no table 'nothing': neither shipped nor a file$"):
        build("nothing", {})
    path = tmp_path / "macro-1.npz"
    held = {f"{part}_{what}": np.ones((1, 1)) for part in ("validation", "test") for what in ("right", "loss")}
    one = {name: np.ones(1) for name in (KEY, "seconds", "parameters", "macs")}
    protocol = {"choices": asdict(Choices(widths=(8,))), "seeds": [0], "validation": 1, "test": 1}
    manifest = json.dumps({"protocol": protocol, "rows": 1, "of": 1}).encode()
    np.savez(path, manifest=np.frombuffer(manifest, dtype=np.uint8), **held, **one)
    with pytest.raises(BadInput, match=r"chosen from other values than this space has$"):
        build(str(path), {})


@pytest.mark.parametrize("task_id", [task.id for task in tasks()])
def test_a_shipped_task_keeps_its_promises_and_its_card_is_exact(task_id: str) -> None:
    task, found = {t.id: t for t in tasks()}[task_id], shipped()
    assert found is not None
    check_task(task, samples=64)
    assert task.card and task.card.best_known.exact and task.card.fingerprint == task.fingerprint
    assert task.card.best_known.designs == found[1]
