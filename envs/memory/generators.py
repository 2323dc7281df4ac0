"""Seeded synthetic memory traces, by `generate("cloud", seed=3)` or by the text `cloud:seed=3`.

| kind | what it is like | gaps between requests |
|---|---|---|
| stream | sums `streams` arrays line by line: read, read, write | constant |
| stride | walks columns of a matrix, `stride` bytes apart; a second access trails behind | constant |
| random | independent uniform lines | exponential |
| cloud | bursts of 1 to 8 lines, pages of Zipf popularity, `streams` bursts at a time | uniform + idle |
| saturate | `streams` sequential streams and a fifth of random lines | constant |
| sparse | short runs of lines, mostly idle | exponential, idle spells |
| phases | random reads and dense sequential writes in turns of `period` requests | by phase |
| pointer | follows a random cycle through all lines of the footprint; each line once per round | constant |

With the default knobs stream equals the shipped trace of that name, and stride does but for its writes; the
others resemble theirs in gap, write share, row locality and distinct lines. All randomness comes from one
PCG64 of the seed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from archgym.errors import BadInput, did_you_mean

from .generator_kinds import KINDS, Kind, Knobs
from .trace_type import LINE_BYTES, MAX_REQUESTS, Trace

_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass(frozen=True)
class Range:
    """What a knob may be: `low` to `high`, in whole steps of `step` bytes or counts (0: any real number)."""

    low: float
    high: float
    step: int = 1


RANGES: Mapping[str, Range] = {
    "requests": Range(1, MAX_REQUESTS),
    "seed": Range(0, 2**63 - 1),
    "gap": Range(0, 1e6, 0),
    "write_ratio": Range(0, 1, 0),
    "footprint": Range(4096, 1 << 40, LINE_BYTES),
    "streams": Range(1, 1024),
    "stride": Range(LINE_BYTES, 1 << 30, LINE_BYTES),
    "zipf": Range(0, 4, 0),
    "period": Range(1, MAX_REQUESTS),
}


def generate(kind: str, **knobs: float) -> Trace:
    """Make a trace; equal arguments give equal traces, in every process.

    Args:
        kind: a key of `KINDS`.
        knobs: any of `requests`, `seed`, `gap` (mean cycles from one request to the next), `write_ratio`
            (share of writes), `footprint` (bytes, from address 0) and what else the kind reads
            (`KINDS[kind].reads`); the others keep the kind's default.

    Raises:
        BadInput: no such kind or knob, or a value out of its range.
    """
    if kind not in KINDS:
        raise BadInput(f"no trace generator '{kind}'{did_you_mean(kind, KINDS)}")
    chosen = _checked(kind, knobs)
    rng = np.random.Generator(np.random.PCG64(chosen.seed))
    cycle, is_write, address = KINDS[kind].build(rng, chosen)
    plain = KINDS[kind].defaults
    changed = {name: value for name, value in vars(chosen).items() if value != getattr(plain, name)}
    return Trace(_text(kind, changed), cycle, is_write, address, source=spec(kind, chosen))


def generate_text(text: str) -> Trace:
    """Make the trace that `kind:knob=value,...` describes; sizes may end in KiB, MiB or GiB.

    Raises:
        BadInput: the text does not parse, or as `generate`.
    """
    kind, _, rest = text.partition(":")
    knobs: dict[str, float] = {}
    for item in rest.split(",") if rest else []:
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise BadInput(f"workload {text!r}: expected knob=value, found {item!r}")
        if name in knobs:
            raise BadInput(f"workload {text!r}: '{name}' is given twice")
        knobs[name] = _value(text, name, value)
    return generate(kind, **knobs)


def is_generator_text(text: str) -> bool:
    """Whether `text` names a generator: a kind alone, or a kind and a colon."""
    return text.partition(":")[0] in KINDS


def spec(kind: str, knobs: Knobs) -> str:
    """The full text of a generated trace, with every knob the kind reads; `generate_text` makes it again."""
    return _text(kind, {name: getattr(knobs, name) for name in KINDS[kind].reads})


def _text(kind: str, knobs: Mapping[str, float]) -> str:
    order = [field.name for field in fields(Knobs) if field.name in knobs]
    return f"{kind}:" + ",".join(f"{name}={knobs[name]}" for name in order) if order else kind


def _checked(kind: str, knobs: Mapping[str, float]) -> Knobs:
    reads = KINDS[kind].reads
    for name in knobs:
        if name not in reads:
            raise BadInput(f"trace generator '{kind}': no knob '{name}'{did_you_mean(name, reads)}")
    typed = {name: _in_range(kind, name, value) for name, value in knobs.items()}
    chosen: Knobs = replace(KINDS[kind].defaults, **typed)  # type: ignore[arg-type]  # _in_range gives the type
    _check_room(kind, chosen)
    return chosen


def _in_range(kind: str, name: str, value: float) -> float:
    allowed = RANGES[name]
    place = f"trace generator '{kind}': {name}"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise BadInput(f"{place} must be a number, not {value!r}")
    if not allowed.low <= value <= allowed.high:
        raise BadInput(f"{place} must be between {allowed.low} and {allowed.high}, not {value}")
    if not allowed.step:
        return float(value)
    if int(value) != value or int(value) % allowed.step:
        kind_of_number = "a whole number" if allowed.step == 1 else f"a multiple of {allowed.step}"
        raise BadInput(f"{place} must be {kind_of_number}, not {value}")
    return int(value)


def _check_room(kind: str, knobs: Knobs) -> None:
    """Every stream and every stride needs a place within the footprint."""
    place = f"trace generator '{kind}': footprint {knobs.footprint} is too small for"
    if knobs.footprint < knobs.streams * LINE_BYTES:
        raise BadInput(f"{place} {knobs.streams} streams")
    if "stride" in KINDS[kind].reads and knobs.footprint < knobs.stride:
        raise BadInput(f"{place} one stride of {knobs.stride}")


def _value(text: str, name: str, value: str) -> float:
    """A decimal number, whole or not, with a unit of bytes for sizes."""
    found = re.fullmatch(r"(\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?)(KiB|MiB|GiB)?", value, re.ASCII)
    if not found or (found[2] and name not in ("footprint", "stride")):
        raise BadInput(f"workload {text!r}: {name} is not a number: {value!r}")
    digits = found[1]
    return (int(digits) if digits.isdigit() else float(digits)) * _UNITS[found[2] or ""]


__all__ = ["KINDS", "RANGES", "Kind", "Knobs", "generate", "generate_text", "is_generator_text", "spec"]
