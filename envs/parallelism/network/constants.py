"""The fitted constants: what each is, what it is expected to be and why, and their file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..fitting import Prior

DATA = Path(__file__).parents[1] / "data" / "collectives.json"


# Shares and ramps of a generation are drawn around the common value of all, which is fitted too: a generation that is left
# out of a fit is predicted from the others.
PRIORS = {
    "launch_s": Prior(
        20e-6,
        0.5,
        "NCCL's tuning table (src/graph/tuning.cc): 3.6-10 us of base latency; a framework's launch adds as much and more",
    ),
    "hop_s": Prior(1.5e-6, 0.7, "NCCL's tuning table: 0.5-3.4 us a step of a ring over NVLink, by protocol"),
    "nic_hop_s.infiniband": Prior(7e-6, 0.7, "NCCL's tuning table: 2.7-9.6 us a step of a ring over a network, more of a tree"),
    "nic_hop_s.efa": Prior(30e-6, 0.7, "EFA: about 15 us of MPI latency when announced (2019), and NCCL's proxy as much again"),
    "link_share": Prior(0.82, 0.1, "public measurements: 249 of 300 GB/s fitted on A100"),
    "link_share.ampere": Prior(1.0, 0.05, "relative to link_share"),
    "link_share.hopper": Prior(1.0, 0.05, "relative to link_share"),
    "link_share.blackwell": Prior(1.0, 0.05, "relative to link_share"),
    "link_share.cdna": Prior(1.0, 0.1, "relative to link_share; xGMI has other packets than NVLink"),
    "nvls_share": Prior(0.69, 0.1, "480 GB/s of bus bandwidth on 8 ranks is 480 (n+1)/(2(n-1)) = 309 of 450 GB/s on the wire"),
    "nvls_share.hopper": Prior(1.0, 0.1, "relative to nvls_share"),
    "nvls_share.blackwell": Prior(1.0, 0.1, "relative to nvls_share"),
    "nic_share": Prior(0.93, 0.05, "NDR-400: 46-48 of 50 GB/s a card"),
    "half_bytes": Prior(1.7e7, 0.5, "public measurements: 29 MB on A100, 10 MB on H200"),
    "half_bytes.ampere": Prior(1.0, 0.5, "relative to half_bytes"),
    "half_bytes.hopper": Prior(1.0, 0.5, "relative to half_bytes"),
    "half_bytes.blackwell": Prior(1.0, 0.5, "relative to half_bytes"),
    "half_bytes.cdna": Prior(1.0, 0.5, "relative to half_bytes"),
    "half_bytes.infiniband": Prior(1.0, 1.0, "relative to half_bytes; a card's chunks are not a link's"),
    "half_bytes.efa": Prior(1.0, 1.0, "relative to half_bytes; a card's chunks are not a link's"),
}
GENERATIONS = ("ampere", "hopper", "blackwell", "cdna")
SWITCHES = ("hopper", "blackwell")  # generations whose NVSwitch reduces


@dataclass(frozen=True)
class Fabric:
    """What the functions of :mod:`.collectives` take beside the group: bandwidths in bytes/s, seconds, bytes."""

    link: float
    nic: float
    nvls: float
    launch: float
    hop: float
    nic_hop: float
    half: float


def fabric(
    values: dict[str, float], generation: str, link: float, nic: float, kind: str = "infiniband", leaves: bool = False
) -> Fabric:
    """Sustained bandwidths and latencies from data-sheet ones; ``leaves``: of a group that leaves its fast-link domain.

    Args:
        values: the constants, as :func:`constants` gives them.
        generation: of the GPU, one of ``GENERATIONS``.
        link: data-sheet bandwidth of the fast links, bytes/s one way per GPU.
        nic: a GPU's share of the network cards, bytes/s one way.
        kind: of the network between domains, ``"infiniband"`` (RoCE too) or ``"efa"``.
        leaves: whether the ramp is a card's or a link's.
    """
    share = values["link_share"] * values[f"link_share.{generation}"]
    nvls = values["nvls_share"] * values[f"nvls_share.{generation}"] * link if generation in SWITCHES else 0.0
    half = values["half_bytes"] * values[f"half_bytes.{kind if leaves else generation}"]
    nic_hop = values[f"nic_hop_s.{kind}"]
    return Fabric(share * link, values["nic_share"] * nic, nvls, values["launch_s"], values["hop_s"], nic_hop, half)


@lru_cache(maxsize=1)
def constants() -> dict[str, float]:
    """The fitted constants of ``data/collectives.json``."""
    values: dict[str, float] = json.loads(DATA.read_text())["constants"]
    return values
