"""Workloads of the memory controller: built-in traces, generators and users' files, all by one function.

load_trace("cloud")                                a trace that ships with the package
load_trace("cloud:requests=5000,seed=3,gap=8")     a generated one (see `generators`)
load_trace("mine.stl.gz")                          a file (see `trace_formats`)
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from archgym.errors import BadInput, did_you_mean

from .generators import KINDS, generate, generate_text, is_generator_text
from .trace_files import DEFAULT_LIMITS, Limits, read_trace, stl_text, write_trace
from .trace_formats import PARSERS
from .trace_pack import pack_trace, unpack_trace
from .trace_type import LINE_BYTES, MAX_REQUESTS, Trace

BUILT_IN = ("cloud", "gzip", "random", "saturate", "sparse", "sqlite", "stream", "stride")
FORMATS = tuple(PARSERS)

_DATA = Path(__file__).parent / "data"


def load_trace(
    path_or_name: str | os.PathLike[str],
    *,
    format: str | None = None,
    instructions_per_cycle: int = 4,
    limits: Limits = DEFAULT_LIMITS,
) -> Trace:
    """Load a workload by name, by generator text or from a file.

    A string that is a built-in name means that trace; one that begins with a generator's kind and a colon (or
    is a kind without built-in namesake: phases, pointer) is generated; any other is a file. A file that bears
    such a name is reached as `./cloud` or as a Path.

    Args:
        path_or_name: see above.
        format: for files, one of FORMATS; None tells it by the content.
        instructions_per_cycle: for ramulator-cpu files, instructions per command cycle.
        limits: for files, what they may hold at most.

    Raises:
        BadInput: one line that names the workload or file, the line number if any, and the reason.
    """
    if isinstance(path_or_name, str):
        if path_or_name in BUILT_IN:
            return built_in(path_or_name)
        if is_generator_text(path_or_name):
            return generate_text(path_or_name)
        _check_exists(path_or_name)
    return read_trace(path_or_name, format=format, instructions_per_cycle=instructions_per_cycle, limits=limits)


@cache
def built_in(name: str) -> Trace:
    """One of the BUILT_IN traces; loaded once per process."""
    if name not in BUILT_IN:
        raise BadInput(f"no built-in trace '{name}'{did_you_mean(name, BUILT_IN)}")
    return unpack_trace(_DATA / f"{name}.npz", name, "built-in")


def _check_exists(text: str) -> None:
    """A word that is no file is more likely a misspelt name than a path."""
    word = text.partition(":")[0]
    if "\0" in text or not word.isidentifier() or os.path.exists(text):
        return
    kinds = KINDS if ":" in text else {*KINDS, *BUILT_IN}
    raise BadInput(f"no trace, generator or file '{word}'{did_you_mean(word, kinds)}")


__all__ = [
    "BUILT_IN",
    "FORMATS",
    "LINE_BYTES",
    "MAX_REQUESTS",
    "Limits",
    "Trace",
    "built_in",
    "generate",
    "load_trace",
    "pack_trace",
    "read_trace",
    "stl_text",
    "write_trace",
]
