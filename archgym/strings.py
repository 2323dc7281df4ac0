"""``"module:attribute"`` strings, by which the contracts reach environments and agents without importing them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def resolve(path: str) -> Any:
    """The object behind ``"package.module:attribute"``."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)
