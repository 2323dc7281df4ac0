"""Training the networks of one cell: one row of the table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from archgym.envs.nas.cells.topology import Cell, index_of
from archgym.envs.nas.digits.data import Digits, digits
from archgym.envs.nas.digits.network import Networks
from archgym.envs.nas.digits.protocol import PROTOCOL, Protocol, streams


@dataclass(frozen=True)
class Row:
    """One trained cell. Per seed: images classified rightly, and mean cross-entropy in nats, of validation and test images.

    ``seconds`` is the processor time of all its seeds together, trained as one network on whatever machine it was.
    """

    cell: int
    seeds: tuple[int, ...]
    validation_right: tuple[int, ...]
    validation_loss: tuple[float, ...]
    test_right: tuple[int, ...]
    test_loss: tuple[float, ...]
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """Plain data, as one line of a shard holds it."""
        return asdict(self)


def train_cell(cell: Cell, protocol: Protocol = PROTOCOL, seeds: tuple[int, ...] | None = None) -> Row:
    """Train a cell's networks on one thread and test them.

    The same machine and libraries repeat a row to the last bit. A seed trained alone, or on another machine, adds its numbers
    in another order; training amplifies that to the size of a few images, well inside the noise between seeds.
    """
    seeds = protocol.seeds if seeds is None else seeds
    data = digits(protocol)
    started = time.process_time()
    with one_thread():
        networks = trained(cell, protocol, seeds, data)
        validation_right, validation_loss = tested(networks, data, data.validation)
        test_right, test_loss = tested(networks, data, data.test)
    seconds = round(time.process_time() - started, 3)
    return Row(index_of(cell), seeds, validation_right, validation_loss, test_right, test_loss, seconds)


def trained(cell: Cell, protocol: Protocol, seeds: tuple[int, ...], data: Digits) -> Networks:
    """The networks of a cell after the last step."""
    starts, orders = zip(*(streams(cell, seed) for seed in seeds), strict=True)
    networks = Networks(cell, protocol.skeleton, protocol.norm_momentum, starts)
    images, labels = _margin(data, protocol.moved), torch.from_numpy(data.labels)
    batches = _batches(protocol, data.train, orders)
    for (batch, moves), size in zip(batches, protocol.step_sizes(), strict=True):
        logits = networks(_moved(images, batch, moves), True)
        loss = functional.cross_entropy(logits.flatten(0, 1), labels[batch].flatten(), reduction="sum") / protocol.batch
        networks.step(loss, size, protocol.momentum, protocol.decay)
    return networks


def _batches(
    protocol: Protocol, train: NDArray[np.int64], orders: tuple[np.random.Generator, ...]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Of each step, the numbers of its images ``(batch, networks)`` and their moves ``(batch, networks, 2)``, 0 to 2 ``moved``.

    Every network goes through the images in its own order.
    """
    for _ in range(protocol.epochs):
        epoch = np.stack([train[order.permutation(len(train))] for order in orders], axis=1)
        moves = np.stack([order.integers(0, 2 * protocol.moved + 1, (len(train), 2)) for order in orders], axis=1)
        for start in range(0, len(train) - protocol.batch + 1, protocol.batch):
            part = slice(start, start + protocol.batch)
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
def tested(networks: Networks, data: Digits, subset: NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[float, ...]]:
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
