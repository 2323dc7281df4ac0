"""Figures of the documentation: ``python -m archgym.envs.parallelism.charts FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from archgym.space import FloatArray

from .training.calibrate import left_out
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


def _scatter(axes: object, runs: Measured, seconds: FloatArray, source: str, colour: str, name: str) -> None:
    """One source's runs, a mark per group; the name joins the legend once."""
    sources, groups = np.array(runs.sources), np.array(runs.groups)
    for group, mark in MARKS.items():
        own = (sources == source) & (groups == group)
        style = {"color": colour, "mfc": "none", "ms": 4.5, "mew": 0.9, "alpha": 0.8}
        axes.plot(runs.seconds[own], seconds[own], mark, **style)  # type: ignore[attr-defined]
    axes.plot([], [], "-", color=colour, lw=4, label=name)  # type: ignore[attr-defined]


def main(folder: Path) -> None:
    """Draw all figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    predicted_against_measured().savefig(folder / "parallelism-measured.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
