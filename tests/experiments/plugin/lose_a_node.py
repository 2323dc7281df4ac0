"""Play a study on a cluster of two nodes, and kill one of them midway."""

from __future__ import annotations

import io
import sys
import threading
import time
from pathlib import Path

from ray.cluster_utils import Cluster
from rich.console import Console

from archgym.experiments.plan import Study, make_plan
from archgym.experiments.runner import How, run_study
from archgym.files import read_json

STUDY = {
    "name": "lost",
    "tasks": ["toy-latency-v0"],
    "seeds": 8,
    "budget": 60,
    "agent": [{"name": "toy_slow", "config": {"wait_ms": 40}}],
}


def main(folder: Path) -> None:
    """Fails where the study does not end as an undisturbed one does."""
    plan = make_plan(Study.model_validate(STUDY))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 80 * 2**20})
    second = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    out = folder / "out"
    threading.Thread(target=_lose, args=(cluster, second, out), daemon=True).start()
    tally = run_study(plan, out, How(address=cluster.address), Console(file=io.StringIO()))
    cluster.shutdown()
    assert tally.complete == 8 and not tally.failures, tally
    run_study(plan, folder / "calm", How(serial=True), Console(file=io.StringIO()))
    for spec in plan.specs:
        digests = [read_json(folder / name / spec.id / "run.json")["digest"] for name in ("out", "calm")]
        assert digests[0] == digests[1], spec


def _lose(cluster: Cluster, node: object, out: Path) -> None:
    while not (list(out.glob("*/trials.parquet")) and len(list(out.glob("*/trials.log"))) == 2):
        time.sleep(0.05)
    cluster.remove_node(node, allow_graceful=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
