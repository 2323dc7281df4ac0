"""Figures of the documentation: ``python -m archgym.envs.parallelism.charts FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from archgym.space import FloatArray

from .training.calibrate import left_out
from .training.figure import Best, best_by_size
from .training.measured import Measured, measured, read

NAMES = {
    "bloom_prequel": "BLOOM, A100",
    "llmfoundry": "llm-foundry, A100 and H100",
    "dgxc": "NVIDIA DGX Cloud, H100 and GB200",
    "mbridge": "Megatron Bridge, H100 to GB300",
    "korthikanti_t5": "Megatron-LM, A100",
}
MARKS = {"native": "o", "fsdp": "s", "fp8": "^", "open": "x"}
GROUPS = {
    "native": "16 bit, 3D parallel",
    "fsdp": "16 bit, sharded",
    "fp8": "8 and 4 bit",
    "open": "context or expert parallel",
}
SIZES = (64, 128, 256, 512, 1024, 2048, 4096)
PARTS = {
    "compute_s": "computing",
    "recompute_s": "computing again",
    "communication_s": "exposed communication",
    "bubble_s": "pipeline bubble",
    "optimizer_s": "optimizer",
    "offload_s": "offload",
    "host_s": "host",
}


def predicted_against_measured() -> Figure:
    """Seconds of an iteration, each predicted by the fit that has not seen its source, log-log and coloured by source."""
    every = measured(read())
    runs = every.take(np.isfinite(every.seconds))
    seconds = left_out(runs)
    figure = Figure(figsize=(6.6, 6.2), layout="constrained", dpi=110)
    axes = figure.subplots()
    low, high = 0.8 * min(runs.seconds.min(), seconds.min()), 1.25 * max(runs.seconds.max(), seconds.max())
    line = np.array([low, high])
    axes.fill_between(line, line / 1.1, line * 1.1, color="0.9", label="within 10 %")
    axes.plot(line, line, color="0.4", lw=0.8)
    for number, (source, name) in enumerate(NAMES.items()):
        _scatter(axes, runs, seconds, source, f"C{number}", name)
    for group, mark in MARKS.items():
        axes.plot([], [], mark, color="0.3", mfc="none", label=GROUPS[group])
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set(xlabel="measured iteration, s", ylabel="predicted iteration, s (source not seen by the fit)")
    error = 100.0 * np.abs(seconds / runs.seconds - 1.0)
    axes.set_title(f"{len(error)} published training runs: median error {np.median(error):.1f} %, mean {error.mean():.1f} %")
    axes.legend(fontsize=8, loc="upper left")
    return figure


def _scatter(axes: Any, runs: Measured, seconds: FloatArray, source: str, colour: str, name: str) -> None:
    """One source's runs, a mark per group; the name joins the legend once."""
    sources, groups = np.array(runs.sources), np.array(runs.groups)
    for group, mark in MARKS.items():
        own = (sources == source) & (groups == group)
        style = {"color": colour, "mfc": "none", "ms": 4.5, "mew": 0.9, "alpha": 0.8}
        axes.plot(runs.seconds[own], seconds[own], mark, **style)
    axes.plot([], [], "-", color=colour, lw=4, label=name)


def best_by_cluster_size() -> Figure:
    """Llama 3 70B, 1,024 x 8,192 tokens a batch, on 64 to 4,096 H100: time and where it goes, of the best configuration."""
    options = {"cluster": "h100-ndr", "gpus": "", "batch": "1024", "sequence": "", "attention": "flash"}
    found = best_by_size("llama3-70b", options, SIZES)
    figure = Figure(figsize=(9.6, 4.6), layout="constrained", dpi=110)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    gpus = np.array([best.gpus for best in found])
    seconds = np.array([best.costs["iteration_s"][0] for best in found])
    left.loglog(gpus, seconds, "o-", color="C0", label="best configuration")
    left.loglog(gpus, seconds[0] * gpus[0] / gpus, "--", color="0.5", label="perfect scaling from 64")
    left.set(xlabel="H100 GPUs", ylabel="iteration, s", title="8.4 M tokens per iteration", xticks=gpus)
    left.set_xticks(gpus, [f"{g:,}" for g in gpus], rotation=45)
    left.minorticks_off()
    left.legend()
    _shares(right, found, seconds)
    return figure


def _shares(axes: Any, found: Sequence[Best], seconds: FloatArray) -> None:
    """Stacked shares of the iteration, a bar per cluster size, with the configuration below it."""
    base, place = np.zeros(len(found)), np.arange(len(found))
    for number, (part, name) in enumerate(PARTS.items()):
        share = 100.0 * np.array([best.costs[part][0] for best in found]) / seconds
        axes.bar(place, share, 0.8, base, color=f"C{number}", label=name)
        base = base + share
    axes.set_xlabel("GPUs, and degrees: t tensor, p pipeline, d data, c context; m micro-batch, v chunks", fontsize=8)
    axes.set(ylabel="share of the iteration, %", ylim=(0, 100), title="where it goes, and the best configuration")
    axes.set_xticks(place, [_label(best) for best in found], fontsize=7)
    axes.legend(loc="lower left", fontsize=8, framealpha=0.9)


def _label(best: Best) -> str:
    d = best.design
    degrees = f"t{d['tensor']} p{d['pipeline']}\nd{d['data']} c{d['context']}"
    return f"{best.gpus:,}\n{degrees}\nm{d['micro_batch']} v{d['chunks']}\n{d['precision']}\nzero {d['zero']}"


def main(folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    predicted_against_measured().savefig(folder / "parallelism-measured.png")
    best_by_cluster_size().savefig(folder / "parallelism-best-by-size.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
