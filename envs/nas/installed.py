"""Tables inside installed packages, read without importing the package and without running what a pickle asks for."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from archgym.errors import BadInput, MissingExtra

Known = Mapping[tuple[str, str], Callable[..., Any]]


def data_file(package: str, inside: str, extra: str, distribution: str) -> Path:
    """Path of a file of an installed package, whose code is not run.

    Raises:
        MissingExtra: the package is not installed; the line says how to install it.
        BadInput: it is, but has no such file.
    """
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise MissingExtra(f"{distribution} is not installed; install it with: pip install 'archgym[{extra}]'")
    path = Path(next(iter(found.submodule_search_locations))) / inside
    if not path.is_file():
        raise BadInput(f"{path}: missing from the package {distribution}")
    return path


def read_pickle(path: Path, known: Known) -> Any:
    """Plain data out of a pickle that may ask for nothing but ``known``: each name is answered by the function given here.

    Raises:
        BadInput: it cannot be read, is no pickle, or asks for another name.
    """
    try:
        return _Restricted(path, known).load()
    except (OSError, EOFError, pickle.UnpicklingError, *_BROKEN) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not a readable table: {getattr(error, 'strerror', None) or error}") from None


def content_hash(path: Path) -> str:
    """Short hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


# what a broken pickle can make the unpickler raise
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError, OverflowError, ImportError)


class _Restricted(pickle.Unpickler):
    def __init__(self, path: Path, known: Known) -> None:
        super().__init__(io.BytesIO(path.read_bytes()))
        self._path, self._known = path, known

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._known:
            raise BadInput(f"{self._path}: asks for {module}.{name}, which no table needs: not loaded")
        return self._known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise BadInput(f"{self._path}: refers to objects outside the file: not loaded")
