"""The measured collectives: rows, and what each system is by its data sheet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archgym.errors import BadInput
from archgym.files import read_table

REFERENCE = Path(__file__).parents[1] / "reference" / "collectives_measured.csv.gz"
COLUMNS = ("system", "collective", "algo", "ranks", "nodes", "bytes", "busbw_GBps")
PASSES = {"all_reduce": 2.0, "all_gather": 1.0, "reduce_scatter": 1.0}


@dataclass(frozen=True)
class System:
    """A measured system; bandwidths in bytes/s per GPU and direction.

    Args:
        group: what one hardware is called in tables; sweeps of the same hardware are one group.
        generation: of the GPU.
        link: of the fast links.
        nic: of a GPU's share of the network cards, 0 where the rows stay inside a node.
        fabric: between nodes.
        mesh: ranks of a domain that is a full mesh, 0 behind a switch.
    """

    group: str
    generation: str
    link: float
    nic: float = 0.0
    fabric: str = "infiniband"
    mesh: int = 0


# NVLink 3, 4, 5: 600, 900, 1800 GB/s both ways; xGMI of MI300X: 7 x 64 GB/s one way; EFA of p5en/p6: 3200 Gb/s a node.
# The older cluster's cards are not named; 100 Gb/s a GPU is the common size just above its 92 GB/s of bus bandwidth.
SYSTEMS = {
    "A100x8 NVSwitch": System("A100", "ampere", 300e9),
    "H200x8 NVSwitch": System("H200", "hopper", 450e9),
    "H200 NVSwitch": System("H200", "hopper", 450e9),
    "H100x8 NVSwitch": System("H100", "hopper", 450e9),
    "B200x8": System("B200", "blackwell", 900e9),
    "B200 NVSwitch": System("B200", "blackwell", 900e9),
    "B200x8 x4 nodes 8x50GBps EFA": System("B200 x 4 nodes", "blackwell", 900e9, 50e9, "efa"),
    "4xH200 nodes EFA": System("H200 x 4 nodes", "hopper", 450e9, 50e9, "efa"),
    "4-node older cluster (unspecified)": System("unnamed x 4 nodes", "ampere", 300e9, 12.5e9),
    "MI300X": System("MI300X", "cdna", 448e9, mesh=8),
}


@dataclass(frozen=True)
class Measured:
    """One row of nccl-tests or its like: ``size`` bytes of the full tensor, ``time`` in seconds."""

    system: System
    collective: str
    algorithm: str
    ranks: int
    nodes: int
    size: float
    time: float


def measured(path: Path = REFERENCE) -> list[Measured]:
    """The rows of a CSV file, gzip or plain, with the columns of the shipped one; a row's time follows from its bus bandwidth.

    Raises:
        BadInput: the file cannot be read, a row names a system or a collective that is not known, or holds no number.
    """
    return [_row(path, i, row) for i, row in enumerate(read_table(path, COLUMNS), 2)]


def _row(path: Path, line: int, row: dict[str, str]) -> Measured:
    try:
        system, passes = SYSTEMS[row["system"]], PASSES[row["collective"]]
        n, size, bandwidth = int(row["ranks"]), float(row["bytes"]), float(row["busbw_GBps"]) * 1e9
        time = passes * (n - 1) / n * size / bandwidth
        return Measured(system, row["collective"], row["algo"], n, int(row["nodes"]), size, time)
    except (KeyError, ValueError, ZeroDivisionError) as e:
        raise BadInput(f"{path.name}, line {line}: not a measured collective: {e}") from None
