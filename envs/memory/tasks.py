"""Memory tasks."""
from archgym.task import Task
def tasks() -> list[Task]:
    return []
