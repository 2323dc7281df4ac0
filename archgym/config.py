"""Hyperparameters: declared once, as the fields of one frozen dataclass per agent.

The declaration feeds the constructor, the command line, the lottery's draws and the documentation::

    @dataclass(frozen=True)
    class GeneticConfig(Config):
        population: int = hp(32, LogIntegers(8, 256), "designs per generation")
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from archgym.errors import BadInput, did_you_mean

Setting = str | int | float | bool


@dataclass(frozen=True)
class Uniform:
    """A real number, uniform in [low, high]."""

    low: float
    high: float

    def sample(self, rng: np.random.Generator) -> Setting:
        return float(rng.uniform(self.low, self.high))

    def __str__(self) -> str:
        return f"uniform {self.low:g} … {self.high:g}"


@dataclass(frozen=True)
class LogUniform(Uniform):
    """A positive real number, uniform in its logarithm."""

    def sample(self, rng: np.random.Generator) -> Setting:
        return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))

    def __str__(self) -> str:
        return f"log-uniform {self.low:g} … {self.high:g}"


@dataclass(frozen=True)
class Integers:
    """A whole number, uniform in low … high, both included."""

    low: int
    high: int

    def sample(self, rng: np.random.Generator) -> Setting:
        return int(rng.integers(self.low, self.high + 1))

    def __str__(self) -> str:
        return f"integers {self.low} … {self.high}"


@dataclass(frozen=True)
class LogIntegers(Integers):
    """A positive whole number, uniform in its logarithm."""

    def sample(self, rng: np.random.Generator) -> Setting:
        drawn = math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return min(max(round(drawn), self.low), self.high)

    def __str__(self) -> str:
        return f"log-integers {self.low} … {self.high}"


@dataclass(frozen=True)
class Choice:
    """One of a few values, all equally likely."""

    values: tuple[Setting, ...]

    def sample(self, rng: np.random.Generator) -> Setting:
        return self.values[int(rng.integers(len(self.values)))]

    def __str__(self) -> str:
        return "one of " + ", ".join(str(v) for v in self.values)


Prior = Uniform | Integers | Choice


def hp(default: Any, prior: Prior, doc: str, limits: tuple[float, float] | None = None, speed: bool = False) -> Any:
    """Declare one hyperparameter.

    Args:
        default: value where none is given; chosen by measurement.
        prior: what the lottery draws from.
        doc: one line on what it does.
        limits: smallest and largest accepted value where that is wider than the prior.
        speed: True where it changes how fast the trials come and never the trials themselves: nothing to be lucky with.
    """
    return field(default=default, metadata={"prior": prior, "doc": doc, "limits": limits, "drawn": True, "speed": speed})


def switch(default: Setting, values: tuple[Setting, ...], doc: str) -> Any:
    """Declare a choice between kinds of agent (blind or not, masked or not), which is no matter of tuning.

    The lottery never draws it. :meth:`Config.settings` names it only where it differs from its default, so that agents can gain
    a switch and the runs made before keep their ids; its default therefore never changes. Given by keyword only.

    Args:
        default: value where none is given.
        values: what it may be.
        doc: one line on what it does.
    """
    facts = {"prior": Choice(values), "doc": doc, "limits": None, "drawn": False, "speed": False}
    return field(default=default, kw_only=True, metadata=facts)


@dataclass(frozen=True)
class Config:
    """Base of every agent's hyperparameters."""

    def __init_subclass__(cls) -> None:
        taken = set(vars(Config)) & set(inspect.get_annotations(cls))
        if taken:
            raise TypeError(f"{cls.__name__}: a hyperparameter cannot be called {', '.join(sorted(taken))}")

    @classmethod
    def from_settings(cls, settings: Mapping[str, object]) -> Self:
        """A configuration with some hyperparameters set, by value or by text.

        Raises:
            BadInput: an unknown name, a value of the wrong type, or one outside its limits.
        """
        known = {f.name: f for f in fields(cls)}
        for name in settings:
            if name not in known:
                raise BadInput(f"unknown hyperparameter '{name}'" + did_you_mean(name, known))
        return cls(**{name: _checked(known[name], value) for name, value in settings.items()})

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Self:
        """One draw from the priors; switches stay at their defaults."""
        return cls(**{f.name: f.metadata["prior"].sample(rng) for f in fields(cls) if f.metadata["drawn"]})

    @classmethod
    def tunable(cls) -> bool:
        """Whether a draw from the priors can change a trial."""
        return any(f.metadata["drawn"] and not f.metadata["speed"] for f in fields(cls))

    @classmethod
    def describe(cls) -> list[dict[str, Any]]:
        """One row per hyperparameter, switches last: name, default, prior, doc."""
        return [
            {"name": f.name, "default": f.default, "prior": _prior(f.metadata), "doc": f.metadata["doc"]}
            for f in sorted(fields(cls), key=lambda f: not f.metadata["drawn"])
        ]

    def settings(self) -> dict[str, Setting]:
        """Every hyperparameter by name, the defaults included; of the switches those that are not at their default."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {f.name: values[f.name] for f in fields(self) if f.metadata["drawn"] or values[f.name] != f.default}


def _prior(metadata: Mapping[str, Any]) -> str:
    return str(metadata["prior"]) if metadata["drawn"] else f"{metadata['prior']}; never drawn"


def _checked(declared: Any, value: object) -> Setting:
    typed = _typed(declared.name, type(declared.default), value)
    prior, limits = declared.metadata["prior"], declared.metadata["limits"]
    if isinstance(prior, Choice):
        if typed not in prior.values:
            raise BadInput(f"{declared.name} cannot be {value!r}; choose from {', '.join(map(str, prior.values))}")
        return typed
    low, high = limits or (prior.low, prior.high)
    if isinstance(typed, str) or not low <= typed <= high:  # exact for whole numbers of any length
        raise BadInput(f"{declared.name} = {typed} is not in {low:g} … {high:g}")
    return typed


def _typed(name: str, kind: type, value: object) -> Setting:
    text = str(value).strip()
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if kind is int:
            return _whole(text)
        return float(text) if kind is float else text
    except (ValueError, KeyError, OverflowError):
        raise BadInput(f"{name} must be of type {kind.__name__}, got {value!r}") from None


def _whole(text: str) -> int:
    """``"64"``, ``"64.0"``, ``"1e3"``; ``int`` first, for floats round large numbers."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise
        return int(number)
