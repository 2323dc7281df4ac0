"""Batches: many designs on one trace, on all cores, each exactly as if it were alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.batch import in_parallel
from archgym.errors import BadInput
from archgym.space import BoolArray, FloatArray, IntArray

from .compiled import run_base, run_extended
from .layout import MAX_CHANNELS, MAX_RANKS, N_CONFIG, N_LOG, N_OUT, Config, Out

if TYPE_CHECKING:
    from ..mapping import Decoded
    from ..memspec import MemSpec
    from ..traces import Trace

CHUNK = 8  # designs a thread takes at a time: few enough to keep all cores busy to the end
_MECHANISMS = [Config.WRITE_HIGH_WATERMARK, Config.AGE_CAP, Config.PAGE_TIMEOUT, Config.POWER_DOWN_TIMER]
_COPIES = [Config.N_CHANNELS, Config.N_RANKS]
_LIMITS = {
    Config.PAGE_POLICY: (0, 3),
    Config.SCHEDULER: (0, 2),
    Config.SCHEDULER_BUFFER: (0, 2),
    Config.REQUEST_BUFFER_SIZE: (1, 1 << 20),
    Config.CMD_MUX: (0, 1),
    Config.RESPONSE_QUEUE: (0, 1),
    Config.REFRESH_POLICY: (0, 1),
    Config.REFRESH_MAX_POSTPONED: (0, 1 << 20),
    Config.REFRESH_MAX_PULLED_IN: (0, 1 << 20),
    Config.ARBITER: (0, 2),
    Config.MAX_ACTIVE_TRANSACTIONS: (1, 1 << 20),
    Config.WRITE_HIGH_WATERMARK: (0, 1 << 20),
    Config.WRITE_LOW_WATERMARK: (0, 1 << 20),
    Config.AGE_CAP: (0, 1 << 40),
    Config.PAGE_TIMEOUT: (0, 1 << 40),
    Config.POWER_DOWN_TIMER: (0, 1 << 40),
    Config.N_CHANNELS: (1, MAX_CHANNELS),
    Config.N_RANKS: (1, MAX_RANKS),
}


def is_extended(config: IntArray) -> BoolArray:
    """``bool (N,)``: designs that use an extended mechanism; the others run on the kernel without them."""
    used = (config[:, _MECHANISMS] > 0).any(axis=1) | (config[:, _COPIES] > 1).any(axis=1)
    return np.asarray(used, dtype=np.bool_)


def simulate(config: IntArray, spec: MemSpec, trace: Trace, decoded: Decoded) -> FloatArray:
    """Simulate N designs on a trace.

    Args:
        config: ``int64 (N, C)``, columns of :class:`~.layout.Config`; MAPPING chooses a row of ``decoded``.
        spec: the memory.
        trace: the requests.
        decoded: where each request goes, per mapping.

    Returns:
        ``float64 (N, M)``, columns of :class:`~.layout.Out`.

    Raises:
        BadInput: a column out of range, or a mapping with more channels, ranks or banks than the design.
    """
    config = np.ascontiguousarray(config, dtype=np.int64)
    check_config(config, spec, trace, decoded)
    out = np.empty((len(config), N_OUT))
    inputs = _inputs(spec, trace, decoded)
    no_log = np.empty((0, N_LOG), dtype=np.int64)
    used = is_extended(config)
    parts = [(kernel, rows[i : i + CHUNK]) for kernel, rows in _by_kernel(used) for i in range(0, len(rows), CHUNK)]

    def work(part: tuple[Any, IntArray]) -> None:
        kernel, rows = part
        result = np.empty((len(rows), N_OUT))
        kernel(config[rows], *inputs, no_log, result)
        out[rows] = result

    in_parallel(work, parts)
    return out


def simulate_logged(
    config: IntArray, spec: MemSpec, trace: Trace, decoded: Decoded, extended: bool | None = None
) -> tuple[FloatArray, IntArray]:
    """One design with its commands.

    Args:
        config: ``int64 (C,)``.
        spec, trace, decoded: as in :func:`simulate`.
        extended: which kernel; None is the one that :func:`simulate` takes. With neutral columns both give the same.

    Returns:
        ``float64 (M,)`` and the commands in order of issue, ``int64 (L, 6)``, columns of :class:`~.layout.Log`.
    """
    config = np.ascontiguousarray(config, dtype=np.int64)[None]
    check_config(config, spec, trace, decoded)
    used = bool(is_extended(config)[0]) if extended is None else extended
    out = np.empty((1, N_OUT))
    room = 8 * len(trace) + 4096
    while True:
        log = np.empty((room, N_LOG), dtype=np.int64)
        (run_extended if used else run_base)(config, *_inputs(spec, trace, decoded), log, out)
        length = int(out[0, Out.N_ACT :].sum())
        if length <= room:
            return out[0], log[:length]
        room = length


def check_config(config: IntArray, spec: MemSpec, trace: Trace, decoded: Decoded) -> None:
    """Refuse what the kernel cannot run; the compiled code itself checks nothing."""
    if config.ndim != 2 or config.shape[1] != N_CONFIG:
        raise BadInput(f"designs of shape {config.shape}, expected (N, {N_CONFIG})")
    if decoded.bank.shape[1] != len(trace):
        raise BadInput(f"{decoded.bank.shape[1]} decoded addresses for {len(trace)} requests")
    for column, (low, high) in {**_LIMITS, Config.MAPPING: (0, len(decoded.bank) - 1)}.items():
        values = config[:, column]
        if ((values < low) | (values > high)).any():
            raise BadInput(f"{column.name.lower()} must be in {low} … {high}")
    mark = config[:, Config.WRITE_HIGH_WATERMARK]
    if ((mark > 0) & (config[:, Config.WRITE_LOW_WATERMARK] >= mark)).any():
        raise BadInput("write_low_watermark must be below write_high_watermark")
    mapping = config[:, Config.MAPPING]
    if (decoded.bank.max(axis=1)[mapping] >= config[:, Config.N_RANKS] * spec.banks).any():
        raise BadInput("an address mapping uses more ranks than the design has")
    if (decoded.channel.max(axis=1)[mapping] >= config[:, Config.N_CHANNELS]).any():
        raise BadInput("an address mapping uses more channels than the design has")


def _inputs(spec: MemSpec, trace: Trace, decoded: Decoded) -> tuple[Any, ...]:
    writes = np.ascontiguousarray(trace.is_write, dtype=np.uint8)
    places = (np.ascontiguousarray(a, dtype=np.int32) for a in (decoded.channel, decoded.bank, decoded.row))
    return (spec.timing_vector, spec.power_vector, np.array(trace.cycle), writes, np.array(trace.address), *places)


def _by_kernel(used: BoolArray) -> list[tuple[Any, IntArray]]:
    """Row numbers of the batch, per kernel."""
    return [(run_base, np.flatnonzero(~used)), (run_extended, np.flatnonzero(used))]
