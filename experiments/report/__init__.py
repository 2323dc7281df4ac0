"""The report of a study: one static page with figures, readable without a network. ``archgym report DIR``."""

from __future__ import annotations

from archgym.experiments.report.page import write_report

__all__ = ["write_report"]
