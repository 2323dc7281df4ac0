"""Structural moves on representative wide rows: what a designer would change in one step. Compiled; layout as in `rows`.

Rows come as `canonical` leaves them: used slots first, so the first unused slot of a kind is the number of used ones. A move
may leave a row that needs repair; where it finds nothing to do it leaves the row as it is, and the caller draws another.
"""

from __future__ import annotations

from archgym.jit import inlined

from .draws import draw
from .element_moves import add_processor, build_accelerator, empty_element, migrate_group, migrate_task, tune_element
from .net_moves import (
    hang_bus,
    merge_buses,
    merge_memories,
    move_block,
    move_outputs,
    settle,
    split_bus,
    split_memory,
    tune_bus,
    tune_memory,
)  # fmt: skip

MOVES = 16


@inlined
def _move_tasks(move, w, state, dims, own, processors, placed, shapes):
    if move == 0:
        migrate_task(w, state, dims, own, processors, placed)
    elif move <= 2:
        build_accelerator(w, state, dims, own, processors, placed, shapes)
    elif move == 3:
        empty_element(w, state, dims)
    else:
        add_processor(w, state, dims, processors)


@inlined
def _move_memories(move, w, state, dims, processors, stores, shapes):
    if move <= 6:
        tune_element(w, state, dims, processors, shapes)
    elif move == 7:
        move_outputs(w, state, dims, stores, shapes)
    elif move >= 9:
        tune_memory(w, state, dims, shapes)
    elif draw(state, 2) == 0:
        split_memory(w, state, dims, shapes)
    else:
        merge_memories(w, state, dims)


@inlined
def _move_buses(move, w, state, dims, shapes):
    if move == 11:
        tune_bus(w, state, dims, shapes)
    elif move == 12:
        move_block(w, state, dims)
    elif draw(state, 2) == 0:
        split_bus(w, state, dims)
    else:
        merge_buses(w, state, dims)


@inlined
def vary_row(w, state, dims, own, processors, placed, stores, shapes):
    """One random move, in place."""
    move = draw(state, MOVES)
    if move < 5:
        _move_tasks(move, w, state, dims, own, processors, placed, shapes)
    elif move < 11:
        _move_memories(move, w, state, dims, processors, stores, shapes)
    elif move < 14:
        _move_buses(move, w, state, dims, shapes)
    elif move == 14:
        if draw(state, 2) == 0:
            migrate_group(w, state, dims, own, processors)
        else:
            hang_bus(w, state, dims)
    else:
        settle(w, state, dims, placed, stores)
