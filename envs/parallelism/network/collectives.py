"""Time of one collective operation, seconds: plain floats, to be called from a kernel's loop over designs.

Every function takes the same ten floats, so that a caller can hold them together:

* ``n`` ranks of the group, ``per_domain`` of them inside one fast-link domain (``per_domain >= n``: the group stays inside);
* ``size`` bytes of the full tensor; all-to-all: what one rank holds; point-to-point: the message;
* ``link``, ``nic``: sustained bandwidth of a GPU's fast links and of its share of the network cards, bytes/s, one direction;
* ``nvls``: sustained bandwidth of reductions inside the switch, 0 where the switch has none;
* ``launch``, ``hop``, ``nic_hop``: seconds of starting the operation, of a step inside a domain, of a step between domains;
* ``half``: bytes on the wire at which the ramp has doubled the time of the bandwidth term.

**Ramp.** ``x`` bytes on a rank's wire take ``x/B (1 + sqrt(half/x))``: protocols and chunk sizes change with the message, so
bandwidth comes in slowly, over three decades. A straight line (alpha-beta) misses that by 15 % on A100 sweeps.

**Ring** (Patarasuk and Yuan, 2009): 2 (n-1)/n of the tensor and 2 (n-1) steps for an all-reduce, half of both for all-gather
and reduce-scatter. A group that leaves its domain runs over every network card of its members in a node: NCCL builds one
ring per card, each enters the node by one card and leaves by the next. So the bus carries ``min(link, per_domain nic)``,
and of all edges of a ring 1 in ``per_domain`` crosses between domains.

**Tree** (Sanders, Speck and Träff, 2009; NCCL 2.4): a chain inside the domain, a double binary tree between domains: twice the
tensor, but only ``2 (per_domain - 1)`` short steps and ``2 log2(domains)`` long ones.

**In the switch** (NVLS, NVSwitch generation 3 and later): a rank's link carries the tensor once, as the switch reads and sums
every rank's copy, and 1/n of it once more, as each rank sends its reduced part to be multicast: ``(1 + 1/n) size``. In the bus
bandwidth of nccl-tests that is ``2 (n-1)/(n+1)`` of the link: 1.07 times one way on 8 H200, and no gain over a ring at 4.
"""

from __future__ import annotations

import math

from archgym.jit import inlined

FEWEST_NVLS = 5.0  # ranks from which NCCL picks the switch's reduction


@inlined
def ramp(wire: float, bandwidth: float, half: float) -> float:
    """Seconds of ``wire`` bytes on one rank's wire: ``x/B (1 + sqrt(half/x))``."""
    return (wire + math.sqrt(wire * half)) / bandwidth


@inlined
def mesh_link(link: float, n: float, domain: float) -> float:
    """Bandwidth that ``n`` ranks reach where the domain is a full mesh (xGMI): only links to other members carry anything."""
    return link * min(1.0, (n - 1.0) / max(1.0, domain - 1.0))


@inlined
def bus(n: float, per_domain: float, link: float, nic: float) -> float:
    """Bandwidth of a group's rings, bytes/s: of the links, and where the group leaves its domain of its cards there."""
    return link if per_domain >= n else min(link, per_domain * nic)


@inlined
def steps_time(steps: float, n: float, per_domain: float, hop: float, nic_hop: float) -> float:
    """Seconds of ``steps`` edges of a ring, of which 1 in ``per_domain`` crosses between domains."""
    crossing = 0.0 if per_domain >= n else 1.0 / per_domain
    return steps * (hop + crossing * (nic_hop - hop))


@inlined
def ring(
    passes: float,
    n: float,
    per_domain: float,
    size: float,
    link: float,
    nic: float,
    launch: float,
    hop: float,
    nic_hop: float,
    half: float,
) -> float:
    """A ring that ``passes`` over the tensor: 2 for an all-reduce, 1 for all-gather and reduce-scatter."""
    late = launch + steps_time(passes * (n - 1.0), n, per_domain, hop, nic_hop)
    return late + ramp(passes * (n - 1.0) / n * size, bus(n, per_domain, link, nic), half)


@inlined
def tree(
    n: float, per_domain: float, size: float, link: float, nic: float, launch: float, hop: float, nic_hop: float, half: float
) -> float:
    """All-reduce by double binary tree: few steps, a little more on the wire than a ring."""
    inside = min(n, per_domain)
    late = launch + 2.0 * ((inside - 1.0) * hop + math.log2(n / inside) * nic_hop)
    return late + ramp(2.0 * size, bus(n, per_domain, link, nic), half)


@inlined
def switch(n: float, size: float, nvls: float, launch: float, hop: float, half: float) -> float:
    """All-reduce inside the switch: two steps whatever ``n``."""
    return launch + 2.0 * hop + ramp((1.0 + 1.0 / n) * size, nvls, half)


@inlined
def all_reduce(
    n: float,
    per_domain: float,
    size: float,
    link: float,
    nic: float,
    nvls: float,
    launch: float,
    hop: float,
    nic_hop: float,
    half: float,
) -> float:
    """All-reduce by the fastest of ring, tree and switch; 0 for a group of one."""
    if n <= 1.0:
        return 0.0
    best = ring(2.0, n, per_domain, size, link, nic, launch, hop, nic_hop, half)
    best = min(best, tree(n, per_domain, size, link, nic, launch, hop, nic_hop, half))
    if nvls > 0.0 and per_domain >= n >= FEWEST_NVLS:
        best = min(best, switch(n, size, nvls, launch, hop, half))
    return best


@inlined
def all_gather(
    n: float,
    per_domain: float,
    size: float,
    link: float,
    nic: float,
    nvls: float,
    launch: float,
    hop: float,
    nic_hop: float,
    half: float,
) -> float:
    """All-gather by ring; ``size`` is the gathered tensor. NCCL's pick on NVSwitch is the ring too, so ``nvls`` is not used."""
    if n <= 1.0:
        return 0.0
    return ring(1.0, n, per_domain, size, link, nic, launch, hop, nic_hop, half)


reduce_scatter = all_gather  # the same bytes and steps in the other order; `size` is the tensor before it is scattered


@inlined
def hierarchical_all_reduce(
    n: float,
    per_domain: float,
    size: float,
    link: float,
    nic: float,
    nvls: float,
    launch: float,
    hop: float,
    nic_hop: float,
    half: float,
) -> float:
    """Reduce-scatter inside a domain, all-reduce of a share between domains over each rank's card, all-gather inside.

    The three phases follow one another: fewer long steps than a flat ring, but the links wait while the cards work.
    """
    g = min(n, per_domain)
    inside = all_gather(g, g, size, link, nic, nvls, launch, hop, nic_hop, half)
    return 2.0 * inside + all_reduce(n / g, 1.0, size / g, link, nic, 0.0, launch, hop, nic_hop, half)


@inlined
def all_to_all(
    n: float,
    per_domain: float,
    size: float,
    link: float,
    nic: float,
    nvls: float,
    launch: float,
    hop: float,
    nic_hop: float,
    half: float,
) -> float:
    """Every rank sends 1/n of its ``size`` bytes to every other: what leaves the domain goes through the rank's own card.

    Links and cards work side by side, so the slower of the two counts.
    """
    if n <= 1.0:
        return 0.0
    inside = min(n, per_domain)
    late = launch + (inside - 1.0) * hop + (n - inside) * nic_hop
    near = ramp((inside - 1.0) / n * size, link, half)
    if inside >= n:
        return late + near
    return late + max(near, ramp((n - inside) / n * size, nic, half))


@inlined
def point_to_point(
    crosses: float, size: float, link: float, nic: float, launch: float, hop: float, nic_hop: float, half: float
) -> float:
    """One message; ``crosses`` > 0: to a rank of another domain, through the sender's card."""
    if crosses > 0.0:
        return launch + nic_hop + ramp(size, nic, half)
    return launch + hop + ramp(size, link, half)
