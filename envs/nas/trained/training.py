"""Training the networks of one number: one row of a table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from archgym.envs.nas.trained.data import Digits, digits
from archgym.envs.nas.trained.grouped import Grouped
from archgym.envs.nas.trained.programme import Programme, Row
from archgym.envs.nas.trained.recipe import Recipe, streams


def train(number: int, programme: Programme, seeds: tuple[int, ...] | None = None) -> Row:
    """Train the networks of a number on one thread and test them.

    The same machine and libraries repeat a row to the last bit. A seed trained alone, or on another machine, adds its numbers
    in another order; training amplifies that to the size of a few images, well inside the noise between seeds.
    """
    seeds = programme.recipe.seeds if seeds is None else seeds
    data = digits(programme.recipe)
    started = time.process_time()
    with one_thread():
        networks = trained(number, programme, seeds, data)
        validation_right, validation_loss = tested(networks, data, data.validation)
        test_right, test_loss = tested(networks, data, data.test)
    seconds = round(time.process_time() - started, 3)
    return Row(number, seeds, validation_right, validation_loss, test_right, test_loss, seconds)


def trained(number: int, programme: Programme, seeds: tuple[int, ...], data: Digits) -> Grouped:
    """The networks of a number after the last step."""
    starts, orders = zip(*(streams(number, seed) for seed in seeds), strict=True)
    recipe, networks = programme.recipe, programme.networks(number, starts)
    images, labels = _margin(data, recipe.moved), torch.from_numpy(data.labels)
    batches = _batches(recipe, data.train, orders)
    for (batch, moves), size in zip(batches, recipe.step_sizes(), strict=True):
        logits = networks(_moved(images, batch, moves), True)
        loss = functional.cross_entropy(logits.flatten(0, 1), labels[batch].flatten(), reduction="sum") / recipe.batch
        networks.step(loss, size, recipe.momentum, recipe.decay)
    return networks


def _batches(
    recipe: Recipe, train: NDArray[np.int64], orders: tuple[np.random.Generator, ...]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Of each step, the numbers of its images ``(batch, networks)`` and their moves ``(batch, networks, 2)``, 0 to 2 ``moved``.

    Every network goes through the images in its own order.
    """
    for _ in range(recipe.epochs):
        epoch = np.stack([train[order.permutation(len(train))] for order in orders], axis=1)
        moves = np.stack([order.integers(0, 2 * recipe.moved + 1, (len(train), 2)) for order in orders], axis=1)
        for start in range(0, len(train) - recipe.batch + 1, recipe.batch):
            part = slice(start, start + recipe.batch)
            yield torch.from_numpy(epoch[part]), torch.from_numpy(moves[part])


def _margin(data: Digits, width: int) -> Tensor:
    """The images ``(1797, 8 + 2 width, 8 + 2 width)`` with a margin of background."""
    around = ((0, 0), (width, width), (width, width))
    return torch.from_numpy(np.pad(data.images[:, 0], around, constant_values=data.background))


def _moved(images: Tensor, batch: Tensor, moves: Tensor) -> Tensor:
    """Images of a batch ``(batch, networks, 8, 8)``, cut out of those with a margin where their moves say."""
    side = torch.arange(8)
    rows, columns = moves[..., 0, None, None] + side[:, None], moves[..., 1, None, None] + side
    return images[batch[..., None, None], rows, columns]


@torch.no_grad()
def tested(networks: Grouped, data: Digits, subset: NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Per network, the images of a subset it classifies rightly, and its mean cross-entropy in nats."""
    images, labels = torch.from_numpy(data.images[subset]), torch.from_numpy(data.labels[subset])
    logits = networks(images.expand(-1, networks.count, -1, -1), False)
    right = (logits.argmax(-1) == labels[:, None]).sum(0)
    loss = functional.cross_entropy(logits.transpose(1, 2), labels[:, None].expand(-1, networks.count), reduction="none")
    return tuple(right.tolist()), tuple(round(value, 6) for value in loss.double().mean(0).tolist())


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside the block: sums in a fixed order, and no gain from more at this size."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
