"""Workloads: one attention layer of a model at a sequence length, by text such as ``bert@1k``, ``xlm@1m`` or ``gpt3@65536``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from archgym.errors import BadInput, did_you_mean
from archgym.mix import read_mix

MODELS_FILE = Path(__file__).with_name("models.toml")
SHORTEST, LONGEST = 1 << 10, 1 << 20
UNITS = {"k": 1 << 10, "m": 1 << 20}


@dataclass(frozen=True)
class Attention:
    """A batch of self-attention: as many queries as keys, key and value heads of the same size, 2-byte values.

    Args:
        model: its name.
        batch, heads: how many independent heads there are.
        head_dim: length of a query, key or value, E = F.
        model_dim, feed_forward_dim: of the linear layers around it.
        length: tokens, M = P; a power of two in 1 k … 1 M.
    """

    model: str
    batch: int
    heads: int
    head_dim: int
    model_dim: int
    feed_forward_dim: int
    length: int

    @property
    def name(self) -> str:
        """Its text, as :func:`load_attention` takes it."""
        short = f"{self.length >> 20}m" if self.length >= UNITS["m"] else f"{self.length >> 10}k"
        return f"{self.model}@{short}"

    @property
    def instances(self) -> int:
        """Heads of the whole batch."""
        return self.batch * self.heads

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the two matrix products."""
        return 2 * self.instances * self.length**2 * self.head_dim


@cache
def models() -> dict[str, dict[str, int]]:
    """Shapes by model name."""
    return tomllib.loads(MODELS_FILE.read_text(encoding="utf-8"))


def load_attention(text: str) -> Attention:
    """One workload by text ``MODEL@LENGTH``; the length is a power of two such as ``1k``, ``65536`` or ``1m``.

    Raises:
        BadInput: no such model, or a length that is no power of two in 1 k … 1 M.
    """
    name, at, length = text.strip().lower().partition("@")
    if not at:
        raise BadInput(f"attention workload '{text}': write MODEL@LENGTH, such as bert@4k")
    if name not in models():
        raise BadInput(f"attention workload '{text}': no model '{name}'" + did_you_mean(name, models()))
    return Attention(model=name, length=_length(length, text), **models()[name])


def _length(word: str, text: str) -> int:
    digits, unit = (word[:-1], UNITS[word[-1]]) if word[-1:] in UNITS else (word, 1)
    number = int(digits) * unit if digits.isascii() and digits.isdigit() and len(digits) <= 8 else 0
    if not SHORTEST <= number <= LONGEST or number & (number - 1):
        raise BadInput(f"attention workload '{text}': the length must be a power of two from 1k to 1m, got '{word}'")
    return number


def load_mix(text: str) -> dict[Attention, float]:
    """Workloads with weights that sum to 1: one, or several such as ``"2*bert@1k + xlm@64k"``.

    Raises:
        BadInput: as :func:`~archgym.mix.read_mix` and :func:`load_attention`.
    """
    return read_mix(text.replace("+", " + "), load_attention)  # no name holds a plus: it needs no spaces here
