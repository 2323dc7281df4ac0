"""From a finished run to one row of results: latencies, energy, counts."""

from __future__ import annotations

from archgym.jit import outlined

from . import state as S
from .layout import N_OUT, Out
from .layout import Power as P
from .layout import Timing as T

TOTAL_TIME, N_SERVED, MEAN_LATENCY = int(Out.TOTAL_TIME), int(Out.N_SERVED), int(Out.MEAN_LATENCY)
P95_LATENCY, P99_LATENCY, MAX_LATENCY = int(Out.P95_LATENCY), int(Out.P99_LATENCY), int(Out.MAX_LATENCY)
MEAN_SENT, P95_SENT, MAX_SENT = int(Out.MEAN_SENT_LATENCY), int(Out.P95_SENT_LATENCY), int(Out.MAX_SENT_LATENCY)
ENERGY_PJ, ENERGY_WINDOW, POWER_MW = int(Out.ENERGY_PJ), int(Out.ENERGY_WINDOW), int(Out.POWER_MW)
ROW_HITS_OUT, BUSY_CYCLES = int(Out.ROW_HITS), int(Out.BUSY_CYCLES)
BANK_ACTIVE, POWER_DOWN, N_ACT = int(Out.BANK_ACTIVE_CYCLES), int(Out.POWER_DOWN_CYCLES), int(Out.N_ACT)
N_COMMANDS = N_OUT - N_ACT

IDD0, IDD2N, IDD2P, IDD3N, IDD3P = int(P.IDD0), int(P.IDD2N), int(P.IDD2P), int(P.IDD3N), int(P.IDD3P)
IDD4R, IDD4W, IDD5, VDD = int(P.IDD4R), int(P.IDD4W), int(P.IDD5), int(P.VDD)
IDD02, VDD2, CLK_PERIOD, DEVICES = int(P.IDD02), int(P.VDD2), int(P.CLK_PERIOD_NS), int(P.DEVICES)
RAS, RC, RFC, BURST = int(T.RAS), int(T.RC), int(T.RFC), int(T.BURST)

LAST_RESPONSE, SERVED, COUNTS, ROW_HITS = S.LAST_RESPONSE, S.SERVED, S.COUNTS, S.ROW_HITS
LAST_ENTRY, LAST_COMPLETION, OPEN_BANKS, ACTIVE_END = S.LAST_ENTRY, S.LAST_COMPLETION, S.OPEN_BANKS, S.ACTIVE_END
PRECHARGED_CYCLES, N_PRECHARGES = S.PRECHARGED_CYCLES, S.N_PRECHARGES
ACTIVE_DOWN, PRECHARGED_DOWN = S.ACTIVE_DOWN, S.PRECHARGED_DOWN
IDLE, LAST_RELEASE, CHANNEL_SIZE = S.IDLE, S.LAST_RELEASE, S.CHANNEL_SIZE
BUCKET_BITS = 11
BUCKETS = 1 << BUCKET_BITS


@outlined
def order_statistic(values, n, maximum, rank, histogram):
    """The value of 0-based rank `rank` among n >= 1 values in 0..maximum, exact: radix selection, top digits first."""
    shift = 0
    while maximum >> shift >= BUCKETS:
        shift += BUCKET_BITS
    prefix = 0
    while shift >= 0:
        for i in range(BUCKETS):
            histogram[i] = 0
        for i in range(n):
            if values[i] >> (shift + BUCKET_BITS) == prefix:
                histogram[(values[i] >> shift) & (BUCKETS - 1)] += 1
        digit = 0
        while rank >= histogram[digit]:
            rank -= histogram[digit]
            digit += 1
        prefix = (prefix << BUCKET_BITS) | digit
        shift -= BUCKET_BITS
    return prefix


@outlined
def latencies(start, response, values):
    """Fill `values` with response - start of the served requests; returns their number, sum and maximum."""
    n, total, maximum = 0, 0, 0
    for k in range(response.size):
        if response[k] >= 0:
            value = response[k] - start[k]
            values[n] = value
            n += 1
            total += value
            maximum = max(maximum, value)
    return n, total, maximum


@outlined
def summarise_latency(s, arrival, sent, response, values, histogram, out):
    """Latency columns of the result row."""
    n, total, maximum = latencies(arrival, response, values)
    if n == 0:
        return
    out[MEAN_LATENCY] = total / n
    out[MAX_LATENCY] = maximum
    out[P95_LATENCY] = order_statistic(values, n, maximum, n * 95 // 100, histogram)
    out[P99_LATENCY] = order_statistic(values, n, maximum, n * 99 // 100, histogram)
    n, total, maximum = latencies(sent, response, values)
    out[MEAN_SENT] = total / n
    out[MAX_SENT] = maximum
    out[P95_SENT] = order_statistic(values, n, maximum, n * 95 // 100, histogram)


@outlined
def account(s, n_channels, n_ranks):
    """Cycles of the energy account: window, active, precharged, active and precharged power-down (over all ranks), PREs."""
    window = s[LAST_ENTRY] + s[LAST_COMPLETION] - 1
    for c in range(n_channels):
        for r in range(c * CHANNEL_SIZE, c * CHANNEL_SIZE + n_ranks):
            if s[OPEN_BANKS + r] == 0:
                window = max(window, s[ACTIVE_END + r])
    active, precharged, active_down, precharged_down, precharges = 0, 0, 0, 0, 0
    for c in range(n_channels):
        for r in range(c * CHANNEL_SIZE, c * CHANNEL_SIZE + n_ranks):
            idle = s[PRECHARGED_CYCLES + r]
            if s[OPEN_BANKS + r] == 0:
                idle += window - s[ACTIVE_END + r]
            precharged += idle
            active += window - idle
            active_down += s[ACTIVE_DOWN + r]
            precharged_down += s[PRECHARGED_DOWN + r]
            precharges += s[N_PRECHARGES + r]
    return window, active, precharged, active_down, precharged_down, precharges


@outlined
def energy_pj(s, d, power, active, precharged, active_down, precharged_down, precharges):
    """Energy of all devices, pJ (mA x V x ns), by DRAMPower's equations (Chandrasekar et al., www.drampower.info)."""
    n_act, n_ref = s[COUNTS + 0], s[COUNTS + 7]
    n_rd, n_wr = s[COUNTS + 3] + s[COUNTS + 4], s[COUNTS + 5] + s[COUNTS + 6]
    row_cycles = n_act * d[RAS]
    precharge_cycles = precharges * (d[RC] - d[RAS])
    current = row_cycles * (power[IDD0] - power[IDD3N]) + precharge_cycles * (power[IDD0] - power[IDD2N])
    current += n_rd * d[BURST] * (power[IDD4R] - power[IDD3N]) + n_wr * d[BURST] * (power[IDD4W] - power[IDD3N])
    current += n_ref * d[RFC] * (power[IDD5] - power[IDD3N])
    current += (active - active_down) * power[IDD3N] + (precharged - precharged_down) * power[IDD2N]
    current += active_down * power[IDD3P] + precharged_down * power[IDD2P]
    second = power[IDD02] * (row_cycles + precharge_cycles)
    return power[DEVICES] * power[CLK_PERIOD] * (power[VDD] * current + power[VDD2] * second)


@outlined
def summarise(s, d, power, n_channels, n_ranks, arrival, sent, response, values, histogram, out):
    """Fill one result row, float64 (M,)."""
    for i in range(N_OUT):
        out[i] = 0.0
    out[TOTAL_TIME] = max(s[LAST_RESPONSE], 0)
    out[N_SERVED] = s[SERVED]
    summarise_latency(s, arrival, sent, response, values, histogram, out)
    window, active, precharged, active_down, precharged_down, precharges = account(s, n_channels, n_ranks)
    energy = energy_pj(s, d, power, active, precharged, active_down, precharged_down, precharges)
    out[ENERGY_PJ] = energy
    out[ENERGY_WINDOW] = window
    out[POWER_MW] = energy / (window * power[CLK_PERIOD]) if window > 0 else 0.0
    out[ROW_HITS_OUT] = s[ROW_HITS]
    for c in range(n_channels):
        out[BUSY_CYCLES] += s[LAST_RELEASE + c * CHANNEL_SIZE] - s[IDLE + c * CHANNEL_SIZE]
    out[BANK_ACTIVE] = active
    out[POWER_DOWN] = active_down + precharged_down
    for i in range(N_COMMANDS):
        out[N_ACT + i] = s[COUNTS + i]
