"""What is to be trained for a table, and what its files call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.envs.nas.trained.recipe import Recipe

if TYPE_CHECKING:
    from archgym.envs.nas.trained.grouped import Grouped


@dataclass(frozen=True)
class Row:
    """One trained network. Per seed: images classified rightly, and mean cross-entropy in nats, of validation and test images.

    ``seconds`` is the processor time of all its seeds together, trained as one network on whatever machine it was.
    """

    number: int
    seeds: tuple[int, ...]
    validation_right: tuple[int, ...]
    validation_loss: tuple[float, ...]
    test_right: tuple[int, ...]
    test_loss: tuple[float, ...]
    seconds: float

    def as_dict(self, key: str) -> dict[str, object]:
        """Plain data, as one line of a shard holds it; ``key`` is the name of the number there."""
        figures = asdict(self)
        return {key: figures.pop("number"), **figures}


@dataclass(frozen=True)
class Programme:
    """A table to be trained.

    Args:
        name: first part of the table's file name.
        key: what rows and table call the number of a network: ``"cell"``.
        recipe: how each is trained.
        order: numbers of all networks in the declared random order in which they are trained: any first part is a random
            subset.
        order_seed: of that order.
        networks: the untrained networks of a number, one for each of the generators of their first weights.
        sizes: parameters and multiply-accumulates (of one image) of a number.
    """

    name: str
    key: str
    recipe: Recipe
    order: tuple[int, ...]
    order_seed: int
    networks: Callable[[int, Sequence[np.random.Generator]], Grouped]
    sizes: Callable[[int], tuple[int, int]]

    def header(self) -> dict[str, Any]:
        """The recipe and its hash, as files hold them."""
        return {"protocol": self.recipe.as_dict(), "digest": self.recipe.digest()}
