"""Where pages and files of a suite lie, seen from the suite's own page."""

from __future__ import annotations


def task_page(task_id: str) -> str:
    """The page of a task."""
    return f"tasks/{task_id}.html"


def method_page(name: str, failed: int | None = None) -> str:
    """The page of a method; of one that failed, with a number, so that it cannot take another's place."""
    return f"methods/{name.lower()}.html" if failed is None else f"failed/{failed + 1}-{name.lower()}.html"


def front_table(task_id: str) -> str:
    """The table of the fronts on a task."""
    return f"designs/{task_id}.csv"
