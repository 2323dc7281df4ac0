"""A replica under its load: latencies, throughput, GPUs, power, for each scheduler.

A replica may hold ``b`` requests; on average ``n = load b`` are in flight, so that it finishes ``n / (out tpot)`` requests a
second (Little's law), and each brings one prefill. ``s = n / (pp ep)`` of them decode in one pass of one group.

* **static** (padded): a batch starts together and ends with its longest answer, ``out (1 + cv sqrt(2 ln b))`` for the largest
  of b draws (Gumbel); requests wait until a batch is full and the one before it is done.
* **continuous** (iteration-level scheduling, Orca, OSDI 2022): a new request is prefilled whole, between two decode steps:
  ``tpot = pp t_decode + (n / (out ep)) t_prefill``.
* **chunked** (Sarathi-Serve, OSDI 2024): passes of at most ``chunk`` tokens, decodes first, the rest for prompts. The share
  ``phi = s in / (out (chunk - s))`` of all passes carries a chunk; ``tpot = pp ((1 - phi) t_decode + phi t_mixed)``.
* **disaggregated** (Splitwise, ISCA 2024): prefills run on GPUs of their own, as many as bring them to the same load, and the
  cache crosses the network cards once per request.

**Queues.** For one of the b places: M/G/b by Sakasegawa (1977), ``(1 + cv^2) / 2 * load^(sqrt(2 (b + 1)) - 1) / (b (1 -
load)) * out tpot``; for the prefill: M/D/1, ``rho t / (2 (1 - rho))``. A static batch is served as by Kingman's formula with
Erlang-b arrivals, ``load / (1 - load) / (2 b)`` of its time, after ``(b - 1) / (2 rate)`` of waiting for company.

**Power** of a GPU: idle, plus its dynamic range weighted by what its time goes to. Prefill reaches the board's limit; decoding
on H200 draws at most 300 of 700 W (Ma et al., arXiv 2605.11999), and a cap at half does not slow it (Splitwise, section 3).
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

from archgym.jit import inlined

from ..training.layout import Machine, Net
from .fits import needed
from .layout import Design, Fact, Out, Part, S, Use
from .step import passes, rate_of, stage
from .weights import (
    FEWEST_TOKENS,
    PASS_TOKENS,
    attention_params,
    attention_rank_params,
    cache_bytes,
    dense_params,
    expert_layers,
    expert_params,
    request_cache_bytes,
    room_for_cache,
    stage_layers,
    weight_bytes,
)

STATIC, CONTINUOUS, CHUNKED, DISAGGREGATED = range(4)  # in the order of `layout.SCHEDULERS`
MEMORY_POWER, NETWORK_POWER = 0.35, 0.25  # of the dynamic range, against 1 for arithmetic


@inlined
def watts(m: Any, part: Any) -> Any:
    """Of a GPU during a pass, from its parts; waiting draws idle power."""
    active = part[Part.COMPUTE] + MEMORY_POWER * part[Part.MEMORY] + NETWORK_POWER * part[Part.NETWORK]
    return m[Machine.IDLE_WATTS] + (m[Machine.WATTS] - m[Machine.IDLE_WATTS]) * min(active / part[Part.TOTAL], 1.0)


@inlined
def spread_of(k: Any, d: Any, groups: float) -> Any:
    """Prompt tokens of the busiest of the attention groups, for which the others wait, over the mean.

    Groups differ where prompts come in between answers; a static batch's start together, and a pool's are dealt out evenly.
    """
    scheduler = int(d[Design.SCHEDULER])
    return 1.0 if scheduler in (STATIC, DISAGGREGATED) else min(k[S.IMBALANCE], groups)


@inlined
def decode(n: Any, m: Any, k: Any, use: Any, d: Any, s: float, prompt: float, part: Any) -> Any:
    """A pass that decodes ``s`` requests of a group halfway through their answers, with ``prompt`` tokens of prefill."""
    context = use[Use.INPUT] + use[Use.OUTPUT] / 2.0
    prompt *= spread_of(k, d, d[Design.EP])
    # a chunk's tokens attend to half of the prompt on average, and the cache before the chunk is read once
    reread = max(use[Use.INPUT] - prompt, 0.0) / 2.0 if prompt > 0.0 else 0.0
    pairs = prompt * use[Use.INPUT] / 2.0
    finished = prompt / use[Use.INPUT]
    return stage(
        n, m, k, d[Design.TP], d[Design.PP], d[Design.EP], d[Design.WEIGHT_BYTES], d[Design.KV_BYTES],
        s + prompt, pairs, s * context + reread, s + finished, int(d[Design.SCHEDULER]) != STATIC, part,
    )  # fmt: skip


@inlined
def prefill(n: Any, m: Any, k: Any, use: Any, d: Any, tp: float, pp: float, ep: float, requests: float, part: Any) -> Any:
    """Seconds that a stage is busy with the whole prompts of ``requests`` of a group, in passes that fit the activations."""
    tokens = requests * use[Use.INPUT] * spread_of(k, d, ep)
    count = passes(tokens, PASS_TOKENS)
    each, pairs = tokens / count, tokens * use[Use.INPUT] / 2.0 / count
    hidden = int(d[Design.SCHEDULER]) != STATIC
    return count * stage(
        n, m, k, tp, pp, ep, d[Design.WEIGHT_BYTES], d[Design.KV_BYTES], each, pairs, 0.0, requests / count, hidden, part
    )


@inlined
def describe(n: Any, m: Any, k: Any, use: Any, d: Any, fact: Any) -> None:
    """Columns of `layout.Fact`."""
    tp, pp, ep, item = d[Design.TP], d[Design.PP], d[Design.EP], d[Design.WEIGHT_BYTES]
    fact[Fact.ROOM] = room_for_cache(n, m, tp, pp, ep, item, FEWEST_TOKENS)
    fact[Fact.REQUEST] = request_cache_bytes(n, use, d)
    fact[Fact.WEIGHTS] = weight_bytes(n, tp, pp, ep, item)
    fact[Fact.CACHE] = n[Net.LAYERS] * cache_bytes(n, 1.0, d[Design.KV_BYTES])
    common = n[Net.LAYERS] * (attention_params(n) + dense_params(n)) + (2.0 - n[Net.TIED]) * n[Net.VOCAB] * n[Net.HIDDEN]
    expert = expert_layers(n) * expert_params(n)
    fact[Fact.PARAMETERS] = common + n[Net.LAYERS] * expert * n[Net.EXPERTS]
    fact[Fact.ACTIVE] = common + n[Net.LAYERS] * expert * n[Net.TOP_K]
    met = attention_rank_params(n, tp) + (dense_params(n) + expert * n[Net.TOP_K]) / tp
    fact[Fact.MET] = stage_layers(n, pp) * met
    fact[Fact.RATE] = rate_of(m, k, item)


@inlined
def place_wait(use: Any, d: Any, tpot: float) -> Any:
    """Mean wait for one of the batch's places, M/G/b."""
    b, load = d[Design.BATCH], d[Design.LOAD]
    if load >= 1.0:
        return 0.0  # an offline run: nothing arrives
    shape = load ** (sqrt(2.0 * (b + 1.0)) - 1.0) / (b * (1.0 - load))
    return 0.5 * (1.0 + use[Use.SPREAD] ** 2) * shape * use[Use.OUTPUT] * tpot


@inlined
def server_wait(load: float, time: float) -> Any:
    """Mean wait in an M/D/1 queue."""
    return 0.5 * load / (1.0 - load) * time if load < 1.0 else 0.0


@inlined
def run_static(n: Any, m: Any, k: Any, use: Any, d: Any, part: Any, out: Any) -> None:
    """Padded batches, one after the other."""
    b, load, pp = d[Design.BATCH], d[Design.LOAD], d[Design.PP]
    s = b / (pp * d[Design.EP])
    first = prefill(n, m, k, use, d, d[Design.TP], pp, d[Design.EP], s, part) * (2.0 * pp - 1.0)
    power = first * watts(m, part)
    step = pp * decode(n, m, k, use, d, s, 0.0, part)
    longest = use[Use.OUTPUT] * (1.0 + use[Use.SPREAD] * sqrt(2.0 * log(b)))
    steps = max(longest - 1.0, 0.0)  # the prefill gives the first token
    total = first + steps * step
    out[Out.WATTS] = load * (power + steps * step * watts(m, part)) / total + (1.0 - load) * m[Machine.IDLE_WATTS]
    out[Out.TPOT], out[Out.GAP], out[Out.DECODE_STEP] = step, step, step
    out[Out.TOKENS_PER_S] = load * b * use[Use.OUTPUT] / total
    if load < 1.0:
        out[Out.WAIT] = 0.5 * (b - 1.0) * total / (load * b) + 0.5 * load / (1.0 - load) * total / b
    out[Out.PREFILL], out[Out.IN_FLIGHT] = first, load * b


@inlined
def run_continuous(n: Any, m: Any, k: Any, use: Any, d: Any, part: Any, out: Any) -> None:
    """Whole prefills between decode steps."""
    flying, pp = d[Design.LOAD] * d[Design.BATCH], d[Design.PP]
    first = prefill(n, m, k, use, d, d[Design.TP], pp, d[Design.EP], 1.0, part)
    power = watts(m, part)
    step = pp * decode(n, m, k, use, d, flying / (pp * d[Design.EP]), 0.0, part)
    busy = flying / (use[Use.OUTPUT] * d[Design.EP]) * first
    tpot = step + busy
    out[Out.WATTS] = (busy * power + step * watts(m, part)) / tpot
    out[Out.TPOT], out[Out.GAP], out[Out.DECODE_STEP] = tpot, step + first, step
    out[Out.PREFILL] = pp * first
    out[Out.WAIT] = 0.5 * step + server_wait(busy / tpot, first)


@inlined
def run_chunked(n: Any, m: Any, k: Any, use: Any, d: Any, part: Any, out: Any) -> None:
    """Prompts in chunks beside the decodes. The budget is large enough: `check` says so."""
    pp = d[Design.PP]
    s = d[Design.LOAD] * d[Design.BATCH] / (pp * d[Design.EP])
    demand = s * use[Use.INPUT] / use[Use.OUTPUT]
    room = min(d[Design.CHUNK] - s, max(use[Use.INPUT], demand))
    phi = demand / room
    mixed = decode(n, m, k, use, d, s, room, part)
    power = phi * mixed * watts(m, part)
    step = decode(n, m, k, use, d, s, 0.0, part)
    period = (1.0 - phi) * step + phi * mixed
    out[Out.WATTS] = (power + (1.0 - phi) * step * watts(m, part)) / period
    out[Out.TPOT], out[Out.GAP], out[Out.DECODE_STEP] = pp * period, pp * mixed, pp * step
    chunks = passes(use[Use.INPUT], room)
    out[Out.PREFILL] = (chunks + pp - 1.0) * mixed
    out[Out.WAIT] = 0.5 * period + server_wait(phi, chunks * mixed)


@inlined
def run_disaggregated(n: Any, m: Any, other: Any, k: Any, use: Any, d: Any, part: Any, out: Any) -> None:
    """Prefills on a pool of other GPUs."""
    flying, pp, load, tp = d[Design.LOAD] * d[Design.BATCH], d[Design.PP], d[Design.LOAD], d[Design.PREFILL_TP]
    ep = d[Design.EP]
    first = prefill(n, other, k, use, d, tp, 1.0, ep, 1.0, part)
    power = load * watts(other, part) + (1.0 - load) * other[Machine.IDLE_WATTS]
    step = pp * decode(n, m, k, use, d, flying / (pp * ep), 0.0, part)
    cache = use[Use.INPUT] * stage_layers(n, 1.0) * cache_bytes(n, tp, d[Design.KV_BYTES])
    moved = cache / (k[S.LINK] * min(m[Machine.NIC_BYTES_PER_S], other[Machine.NIC_BYTES_PER_S]))
    tpot = step + moved / use[Use.OUTPUT]
    out[Out.TPOT], out[Out.GAP], out[Out.DECODE_STEP] = tpot, max(step, moved), step
    pool = flying / (use[Use.OUTPUT] * tpot) * first / load * tp
    decoding = d[Design.TP] * pp * ep
    out[Out.GPUS] = decoding + pool
    out[Out.WATTS] = decoding * watts(m, part) + pool * power
    out[Out.USD_PER_HOUR] = decoding * m[Machine.USD_PER_HOUR] + pool * other[Machine.USD_PER_HOUR]
    out[Out.PREFILL], out[Out.WAIT] = first, server_wait(load, first)


@inlined
def serve(n: Any, m: Any, other: Any, k: Any, use: Any, d: Any, part: Any, out: Any) -> None:
    """All columns of `layout.Out` of one valid design."""
    gpus = d[Design.TP] * d[Design.PP] * d[Design.EP]
    scheduler = int(d[Design.SCHEDULER])
    out[Out.IN_FLIGHT] = d[Design.LOAD] * d[Design.BATCH]
    if scheduler == DISAGGREGATED:
        run_disaggregated(n, m, other, k, use, d, part, out)
    else:
        if scheduler == STATIC:
            run_static(n, m, k, use, d, part, out)
        elif scheduler == CONTINUOUS:
            run_continuous(n, m, k, use, d, part, out)
        else:
            run_chunked(n, m, k, use, d, part, out)
        out[Out.GPUS], out[Out.WATTS] = gpus, out[Out.WATTS] * gpus
        out[Out.USD_PER_HOUR] = gpus * m[Machine.USD_PER_HOUR]
    if scheduler != STATIC:
        out[Out.TOKENS_PER_S] = out[Out.IN_FLIGHT] / out[Out.TPOT]
        out[Out.WAIT] += place_wait(use, d, out[Out.TPOT])
    out[Out.TTFT] = out[Out.WAIT] + out[Out.PREFILL]
    out[Out.MEMORY] = needed(n, use, d)
    out[Out.WEIGHTS] = weight_bytes(n, d[Design.TP], d[Design.PP], d[Design.EP], d[Design.WEIGHT_BYTES])
    out[Out.KV] = d[Design.BATCH] / d[Design.EP] * request_cache_bytes(n, use, d)
