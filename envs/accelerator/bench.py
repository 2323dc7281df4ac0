"""``archgym bench accelerator``: mappings and designs per second and core, cold start, beside the peers' figures."""

from __future__ import annotations

import json
import time
from functools import partial

import numpy as np

from archgym import registry
from archgym.family import Table
from archgym.files import read_text
from archgym.timing import cpu_seconds, one_thread

from .hardware.decode import Default
from .hardware.fidelity import REFERENCE, architecture
from .hardware.topology import KEEP, ROW_STATIONARY
from .layer import Network
from .mapper.solve import solve
from .mapper.table import build_table
from .nest.architecture import Architecture
from .technology import load_technology
from .workloads import load_network

# Measured on the same kind of shared machine; ArchGym's loop runs one Timeloop per layer of a five-layer network.
PEERS = (
    "Timeloop's mapper: about 100 valid mappings per CPU second; as ArchGym runs it, 0.27 designs per CPU second on 5 layers",
    "the compiled code is in numba's cache; compiling it takes about 10 s once per user",
)
BATCHES = {"mapping": 65536, "systolic": 65536, "attention": 65536, "accelerator": 256, "timeloopgym": 256}
NETWORKS = ("alexnet", "resnet18", "resnet50", "mobilenet_v2")
REPEATS = 3


def bench() -> list[Table]:
    """Everything on one thread, in CPU time."""
    with one_thread():
        return [_mapper(), _tables(), _environments()]


def _mapper() -> Table:
    """The default point of ArchGym's space, certified, layer by layer and network by network."""
    points = json.loads(read_text(REFERENCE / "timeloop_points.json.gz"))
    eyeriss = architecture(points["default"], load_technology("cacti_45nm"))
    rows = [_network_row(name, load_network(name), eyeriss) for name in NETWORKS]
    rates = ("million fitting/s", "million priced/s")
    headings = ("network", "layers", "fitting", "priced", *rates, "slowest layer, s", "all layers cold, s")
    title = "certified optimum on ArchGym's Eyeriss-like design, one core, energy-delay product"
    notes = ("fitting: mappings of the space that fit; priced: one by one, the others are passed over by proved bounds",)
    return Table(title, headings, rows, (*notes, *PEERS))


def _network_row(name: str, network: Network, eyeriss: Architecture) -> tuple[object, ...]:
    limits = eyeriss.limits
    offered = [limits[i, :1] for i in range(len(limits))]
    layers = [layer for layer, _ in network.layers]
    solve(layers[0], eyeriss, ROW_STATIONARY)
    fitting = sum(build_table(layer, ROW_STATIONARY, KEEP, limits[:, 1:], offered).walked for layer in layers)
    priced = sum(solve(layer, eyeriss, ROW_STATIONARY).walked for layer in layers)
    seconds = [cpu_seconds(partial(solve, layer, eyeriss, ROW_STATIONARY)) for layer in layers]
    rates = [f"{n / sum(seconds) / 1e6:.2f}" for n in (fitting, priced)]
    return name, len(layers), fitting, priced, *rates, f"{max(seconds):.3f}", f"{sum(seconds):.2f}"


def _tables() -> Table:
    """What the first design of the default space waits for, row stationary: every mapping walked, counted and thinned."""
    fanouts, capacities = Default(load_technology("cacti_45nm")).largest
    rows = []
    for name in NETWORKS:
        layers = [layer for layer, _ in load_network(name).layers]
        work = partial(build_table, space=ROW_STATIONARY, keep=KEEP, fanouts=fanouts, capacities=capacities)
        work(layers[0])
        started = time.process_time()
        tables = [work(layer) for layer in layers]
        seconds = time.process_time() - started
        walked, kept = sum(table.walked for table in tables), sum(len(table.counts) for table in tables)
        rows.append((name, len(layers), walked, kept, f"{walked / seconds / 1e6:.2f}", f"{seconds:.2f}"))
    headings = ("network", "layers", "walked", "kept", "million walked/s", "all layers cold, s")
    return Table("tables for all designs of the default space, row stationary, one core", headings, rows, ())


def _environments() -> Table:
    """The first task of each environment: random designs in one batch, after the tables are there."""
    rows = []
    for environment, n in BATCHES.items():
        task_id = next(t for t in registry.task_ids("accelerator") if t.startswith(f"{environment}-"))
        model = registry.get_task(task_id).model
        x = model.space.sample(np.random.default_rng(0), n)
        first = cpu_seconds(partial(model.evaluate, x[:1]))
        seconds = min(cpu_seconds(partial(model.evaluate, x)) for _ in range(REPEATS))
        rows.append((task_id, n, f"{n / seconds:,.0f}", f"{first:.2f}"))
    return Table("designs per second, one core", ("task", "batch", "designs/s", "first design, s"), rows)
