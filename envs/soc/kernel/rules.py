"""What can make a design invalid."""

from __future__ import annotations

RULES = (
    "a task on an empty slot",
    "a task on another task's accelerator",
    "outputs in an empty memory slot",
    "a memory on no bus or on several",
    "no route between an element and a memory",
    "buses form a cycle",
    "a memory beyond the largest capacity",
)  # their index is the reason bit

EMPTY_SLOT, FOREIGN, NO_MEMORY, OFF_BUS, NO_ROUTE, CYCLE, TOO_LARGE = range(len(RULES))
