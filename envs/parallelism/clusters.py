"""GPUs and clusters as plain facts: peaks, memories, links, power and price."""

from __future__ import annotations

import csv
import io
import tomllib
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from archgym.errors import BadInput, did_you_mean
from archgym.files import read_text
from archgym.space import FloatArray

DATA = Path(__file__).parent / "data"
GIB = 2**30
MOST_GPUS = 1 << 17
MOST_NODES = 4096  # whose links are held as a matrix: 128 MiB


@dataclass(frozen=True)
class Gpu:
    """One accelerator. Peaks are dense; bandwidths of one direction; figures and their sources: ``data/platforms.toml``.

    Args:
        name, title: for the machine and for people.
        generation: family of its matrix units, free text.
        flops_16, flops_8, flops_4: peaks of 16, 8 and 4-bit floats, FLOP/s.
        hbm_bytes, hbm_bytes_per_s: its memory.
        units: streaming multiprocessors or compute units.
        best_16, best_8: share of the peak that the best measured GEMM shape reaches.
        link_bytes_per_s: all its fast links together.
        domain: GPUs that the fast links join.
        host_bytes_per_s, host_bytes: the host's memory, its share.
        tdp_w, idle_w: of the board, busy and idle; node_w: its share of the rest of the node.
        usd_per_hour: list price; ``price`` says whose and when.
    """

    name: str
    title: str
    generation: str
    flops_16: float
    flops_8: float
    flops_4: float
    hbm_bytes: float
    hbm_bytes_per_s: float
    units: int
    best_16: float
    best_8: float
    link_bytes_per_s: float
    domain: int
    host_bytes_per_s: float
    host_bytes: float
    tdp_w: float
    idle_w: float
    node_w: float
    usd_per_hour: float
    price: str

    @property
    def watts(self) -> float:
        """Of the busy GPU with its share of the node."""
        return self.tdp_w + self.node_w

    @property
    def idle_watts(self) -> float:
        """Of the idle GPU with its share of the node."""
        return self.idle_w + self.node_w


@dataclass(frozen=True)
class Island:
    """A part of a cluster's nodes with one kind of network card: its share of the nodes, bytes/s of a GPU."""

    name: str
    share: float
    nic_bytes_per_s: float


@dataclass(frozen=True)
class Cluster:
    """Nodes of equal GPUs. Bandwidths are of one direction and one GPU's share, in bytes/s.

    Args:
        name: its name.
        gpu: what it is made of.
        gpus: how many; ``node`` of them a node, ``domain`` of them joined by fast links of ``link_bytes_per_s``.
        nic_bytes_per_s: network cards; of the slowest link where links differ.
        host_bytes: host memory of a GPU's share.
        usd_per_hour: of a GPU.
        islands, between_bytes_per_s: kinds of network cards, in the order of the nodes, and what joins them (Holmes).
        measured: bandwidth from node to node, row by row (Pipette); empty where links do not differ one by one.
        spread, seed: of a drawn matrix: a link attains exp(-spread |z|) of ``nic_bytes_per_s``'s nominal.
        nominal_bytes_per_s: of the cards, before the spread.
    """

    name: str
    gpu: Gpu
    gpus: int
    node: int
    domain: int
    link_bytes_per_s: float
    nominal_bytes_per_s: float
    host_bytes: float
    usd_per_hour: float
    islands: tuple[Island, ...] = ()
    between_bytes_per_s: float = 0.0
    measured: tuple[tuple[float, ...], ...] = ()
    spread: float = 0.0
    seed: int = 0

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return self.gpus // self.node

    @property
    def uniform(self) -> bool:
        """Whether every pair of nodes is joined alike."""
        return not (self.islands or self.measured or self.spread)

    @property
    def nic_bytes_per_s(self) -> float:
        """Of the slowest link between two nodes: what a ring through all of them gets, wherever its ranks are placed."""
        if self.uniform or self.nodes < 2:
            return self.nominal_bytes_per_s
        links = self.links()
        return float(links[~np.eye(self.nodes, dtype=bool)].min())

    def island_of(self) -> tuple[int, ...]:
        """Index of each node's island, (nodes,); zeros without islands."""
        if not self.islands:
            return (0,) * self.nodes
        ends = np.rint(np.cumsum([island.share for island in self.islands]) * self.nodes)
        return tuple(int(i) for i in np.searchsorted(ends, np.arange(self.nodes), side="right"))

    def links(self) -> FloatArray:
        """Bandwidth from node to node, (nodes, nodes) bytes/s of one GPU's share, read-only; fast links inside a domain.

        Raises:
            BadInput: more than ``MOST_NODES`` nodes.
        """
        return _links(self)

    def sized(self, gpus: int) -> Cluster:
        """The same cluster with another number of GPUs; of a measured matrix, its first nodes.

        Raises:
            BadInput: no whole number of nodes, too many, or more than the matrix has.
        """
        if not self.node <= gpus <= MOST_GPUS or gpus % self.node:
            raise BadInput(f"cluster '{self.name}': GPUs must be a multiple of {self.node} up to {MOST_GPUS}, got {gpus}")
        nodes = gpus // self.node
        if self.measured and nodes > len(self.measured):
            raise BadInput(f"cluster '{self.name}': its matrix has {len(self.measured)} nodes, {nodes} were asked for")
        if nodes < len(self.islands):
            raise BadInput(f"cluster '{self.name}': {len(self.islands)} islands need as many nodes, {nodes} were asked for")
        return replace(self, gpus=gpus, measured=tuple(row[:nodes] for row in self.measured[:nodes]))


@lru_cache(maxsize=4)
def _links(cluster: Cluster) -> FloatArray:
    nodes = cluster.nodes
    if nodes > MOST_NODES:
        raise BadInput(f"cluster '{cluster.name}': links are known one by one up to {MOST_NODES} nodes, it has {nodes}")
    if cluster.measured:
        links = np.array(cluster.measured, dtype=np.float64)
    elif cluster.spread:
        links = cluster.nominal_bytes_per_s * np.exp(-cluster.spread * np.abs(_draws(cluster.seed, nodes)))
    elif cluster.islands:
        of = np.array(cluster.island_of())
        own = np.array([island.nic_bytes_per_s for island in cluster.islands])[of]
        within = np.minimum(own[:, None], own[None, :])
        links = np.where(of[:, None] == of[None, :], within, np.minimum(within, cluster.between_bytes_per_s))
    else:
        links = np.full((nodes, nodes), cluster.nominal_bytes_per_s)
    rack = np.arange(nodes) * cluster.node // max(cluster.domain, cluster.node)
    joined = np.eye(nodes, dtype=bool) if cluster.measured else rack[:, None] == rack[None, :]
    links[joined] = cluster.link_bytes_per_s
    links.flags.writeable = False
    return links


def _draws(seed: int, nodes: int) -> FloatArray:
    """Standard normal numbers (nodes, nodes), one stream a row: a smaller cluster is a corner of a larger one."""
    return np.array([np.random.default_rng([seed, row]).standard_normal(nodes) for row in range(nodes)])


@cache
def _gpus() -> dict[str, Gpu]:
    tables = tomllib.loads((DATA / "platforms.toml").read_text(encoding="utf-8"))
    return {name: _gpu({"name": name, **table}) for name, table in tables.items()}


def built_in_gpus() -> list[str]:
    """Names of the GPUs that ship with the package."""
    return sorted(_gpus())


def load_gpu(name: str) -> Gpu:
    """A GPU by name (any case, ``_`` for ``-``).

    Raises:
        BadInput: there is none of that name.
    """
    word = name.strip().lower().replace("_", "-")
    if word not in _gpus():
        raise BadInput(f"there is no GPU '{name}'" + did_you_mean(name, _gpus()))
    return _gpus()[word]


@cache
def _clusters() -> dict[str, Cluster]:
    tables = tomllib.loads((DATA / "clusters.toml").read_text(encoding="utf-8"))
    return {name: _cluster({"name": name, **table}) for name, table in tables.items()}


def built_in_clusters() -> list[str]:
    """Names of the clusters that ship with the package."""
    return sorted(_clusters())


@cache
def load_cluster(text: str) -> Cluster:
    """A cluster by name (any case, ``_`` for ``-``), or from a TOML file, whose ``matrix`` may name a CSV beside it.

    The CSV holds one line per node: the bandwidth in GB/s of a GPU's share to every node. It has no header, its diagonal is
    not read.

    Raises:
        BadInput: no such cluster, or a field of a file is missing or wrong; the message names file and place.
    """
    if text.endswith(".toml"):
        return _read(Path(text))
    name = text.strip().lower().replace("_", "-")
    if name not in _clusters():
        raise BadInput(f"there is no cluster '{text}'" + did_you_mean(name, _clusters()))
    return _clusters()[name]


def _read(path: Path) -> Cluster:
    from .schema import ClusterFile, checked  # pydantic takes a while to import

    table = checked(path, read_text(path), ClusterFile).model_dump(exclude_none=True, warnings=False)
    if isinstance(table["gpu"], str):
        try:
            load_gpu(table["gpu"])
        except BadInput as error:
            raise BadInput(f"{path}: gpu: {error}") from None
    matrix = table.pop("matrix", None)
    if matrix is not None:
        table["measured"] = _matrix(path.parent / matrix, table["gpus"] // table["node"])
    return _cluster({"name": path.stem, **table})


def _gpu(table: dict[str, Any]) -> Gpu:
    """A GPU with what its table leaves out filled in: a format that it lacks runs as the next wider one."""
    given = dict(table)
    given.setdefault("title", given["name"])
    given.setdefault("flops_8", given["flops_16"])
    given.setdefault("flops_4", given["flops_8"])
    given.setdefault("best_8", given["best_16"])
    return Gpu(hbm_bytes=given.pop("hbm_gib") * GIB, **given)


def _cluster(table: dict[str, Any]) -> Cluster:
    """A cluster with what its table leaves out taken from its GPU."""
    given = dict(table)
    gpu = load_gpu(given["gpu"]) if isinstance(given["gpu"], str) else _gpu(given["gpu"])
    islands = tuple(Island(**island) for island in given.pop("islands", ()))
    known = [island.nic_bytes_per_s for island in islands] or [value for row in given.get("measured", ()) for value in row]
    nominal = given.pop("nic_bytes_per_s", max(known, default=0.0)) or gpu.link_bytes_per_s  # a matrix of one node knows none
    own = {key: getattr(gpu, key) for key in ("domain", "link_bytes_per_s", "host_bytes", "usd_per_hour")}
    return Cluster(**{**own, **given, "gpu": gpu, "islands": islands, "nominal_bytes_per_s": nominal})


def _matrix(path: Path, nodes: int) -> tuple[tuple[float, ...], ...]:
    lines = list(csv.reader(io.StringIO(read_text(path))))
    if len(lines) != nodes:
        raise BadInput(f"{path}: needs one line per node, {nodes}, has {len(lines)}")
    return tuple(_row(path, number, line, nodes) for number, line in enumerate(lines))


def _row(path: Path, number: int, line: list[str], nodes: int) -> tuple[float, ...]:
    """Bytes/s of one line; its own entry is not looked at."""
    place = f"{path}: line {number + 1}"
    if len(line) != nodes:
        raise BadInput(f"{place}: needs {nodes} numbers, has {len(line)}")
    try:
        values = [0.0 if i == number else float(word) for i, word in enumerate(line)]
    except ValueError as error:
        raise BadInput(f"{place}: {error}") from None
    if not all(0 < value < 1e6 for i, value in enumerate(values) if i != number):
        raise BadInput(f"{place}: bandwidths must be positive and below 1e6 GB/s")
    return tuple(value * 1e9 for value in values)
