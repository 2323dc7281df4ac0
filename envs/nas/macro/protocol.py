"""How the networks of the table are trained, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from archgym.envs.nas.macro.architecture import Choices, macs, parameters
from archgym.envs.nas.macro.shipped import KEY, NAME
from archgym.envs.nas.trained.programme import Programme
from archgym.envs.nas.trained.recipe import Recipe

if TYPE_CHECKING:
    from archgym.envs.nas.macro.network import Networks


@dataclass(frozen=True)
class Protocol(Recipe):
    """The recipe of these networks, and what they choose from: their numbers follow from it."""

    choices: Choices = field(default_factory=Choices)


PROTOCOL = Protocol()
ORDER_SEED = 2026


def programme(protocol: Protocol = PROTOCOL, numbers: Sequence[int] | None = None) -> Programme:
    """What is to be trained for the table: all networks, or some."""
    all_of_them, classes = protocol.choices.architectures(), protocol.choices.classes

    def networks(number: int, starts: Sequence[np.random.Generator]) -> Networks:
        from archgym.envs.nas.macro.network import Networks  # torch, which only a trainer needs

        return Networks(all_of_them[number], classes, protocol.norm_momentum, starts)

    def sizes(number: int) -> tuple[int, int]:
        return parameters(all_of_them[number], classes), macs(all_of_them[number], classes)

    shuffled = np.random.default_rng(ORDER_SEED).permutation(len(all_of_them)).tolist()
    order = tuple(shuffled if numbers is None else numbers)
    return Programme(NAME, KEY, protocol, order, ORDER_SEED, networks, sizes)
