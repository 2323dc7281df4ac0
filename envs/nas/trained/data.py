"""scikit-learn's digits: 1,797 images of 8x8 pixels, ten classes, split once and for all.

The images are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI repository, 1998), which
scikit-learn ships (BSD-3-Clause). The split is a random one, so the same writers are on all sides of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from archgym.envs.nas.trained.recipe import Recipe
from archgym.errors import BadInput, need

SHA256 = "65e5b4619795efb40c1082f4c350c049e4ad552200d369b6ae99e21eef5e72c5"


@dataclass(frozen=True)
class Digits:
    """Images ``float32 (1797, 1, 8, 8)``, normalised by the training images' mean and deviation; labels ``int64 (1797,)``.

    ``background`` is what an empty pixel has become; ``train``, ``validation`` and ``test`` are the numbers of their images.
    """

    background: float
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


@cache
def digits(recipe: Recipe) -> Digits:
    """The images, normalised and split as the recipe says.

    Raises:
        MissingExtra: scikit-learn is not installed.
        BadInput: scikit-learn's images are not those the tables were trained on.
    """
    pixels, labels = _raw()
    order = np.random.default_rng(recipe.split_seed).permutation(len(labels))
    train, validation, test = np.split(order, [recipe.train, recipe.train + recipe.validation])
    seen = pixels[train].astype(np.float64)
    images = ((pixels - seen.mean()) / seen.std()).astype(np.float32).reshape(-1, 1, 8, 8)
    return Digits(float(-seen.mean() / seen.std()), images, labels, train, validation, test[: recipe.test])


def _raw() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels 0 to 16, ``uint8 (1797, 64)``, and labels, checked against the hash."""
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise need("scikit-learn", "nas") from None
    pixels, labels = load_digits(return_X_y=True)
    pixels, labels = pixels.astype(np.uint8), labels.astype(np.int64)
    found = hashlib.sha256(pixels.tobytes() + labels.astype("<i8").tobytes()).hexdigest()
    if found != SHA256:
        raise BadInput(f"scikit-learn's digits: not the images the tables were trained on (SHA-256 {found})")
    return pixels, labels
