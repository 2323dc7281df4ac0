"""How much of a table of trained networks is noise of the seeds."""

from __future__ import annotations

import numpy as np

from archgym.space import FloatArray

from .table import Table


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Spearman's, ties at their mean rank."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def between_seeds(figures: FloatArray) -> float:
    """Mean rank correlation between the columns of ``figures (R, S)``."""
    seeds = figures.shape[1]
    pairs = [(a, b) for a in range(seeds) for b in range(a)]
    return float(np.mean([rank_correlation(figures[:, a], figures[:, b]) for a, b in pairs]))


def ceiling(figures: FloatArray) -> float:
    """The rank correlation with the truth that the mean over seeds can be expected to have, 0 to 1.

    The root of its reliability ``S r / (1 + (S - 1) r)``, r the correlation between two seeds (Spearman and Brown, 1910): no
    predictor can be shown to rank these networks better.
    """
    seeds, r = figures.shape[1], between_seeds(figures)
    return float(np.sqrt(seeds * r / (1.0 + (seeds - 1) * r)))


def seed_deviation(figures: FloatArray) -> tuple[float, float]:
    """Standard deviation between seeds of a network (root mean square over networks), and between the networks' means."""
    return float(np.sqrt(figures.var(axis=1, ddof=1).mean())), float(figures.mean(axis=1).std(ddof=1))


def noise(table: Table) -> list[tuple[str, float, float, float, float]]:
    """Per column of figures: its name, correlation between seeds, ceiling, deviation between seeds and between networks."""
    columns = {
        "validation loss": table.validation_loss,
        "validation error": 1.0 - table.validation_accuracy,
        "test loss": table.test_loss,
        "test error": 1.0 - table.test_accuracy,
    }
    return [(name, between_seeds(f), ceiling(f), *seed_deviation(f)) for name, f in columns.items()]
