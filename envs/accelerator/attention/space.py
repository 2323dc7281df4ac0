"""Knobs of an attention accelerator: cascade, binding, array, buffer, bandwidth, blocks and placement."""

from __future__ import annotations

from archgym.space import DesignSpace, Param

CASCADES = ("unfused", "three_pass", "two_pass", "one_pass")
OPERANDS = ("streamed", "query", "key", "head", "block")
KIB = 1 << 10

SPACE = DesignSpace(
    [
        Param(
            "cascade",
            CASCADES,
            doc="softmax as einsums: through DRAM, fused with 3 passes over a row (FLAT), 2 passes, 1 pass (FuseMax)",
        ),
        Param("softmax_unit", ("vector", "array"), doc="where maximum, exponential and sum of the scores run"),
        Param("schedule", ("serial", "pipelined"), doc="array and vector unit in turn, or on different tiles at once"),
        Param("array_edge", (16, 32, 64, 128, 256, 512), "PEs", True, "rows and columns of the array, D"),
        Param("vector_lanes", (16, 32, 64, 128, 256, 512, 1024), "lanes", True, "width of the 1-D vector unit"),
        Param("buffer_bytes", tuple(64 * KIB << i for i in range(11)), "B", True, "on-chip buffer"),
        Param("dram_gib_per_s", (25, 50, 100, 200, 400, 800, 1600), "GiB/s", True, "DRAM bandwidth, HBM2"),
        Param(
            "query_tiles", tuple(1 << i for i in range(13)), "tiles", True, "queries held on chip, in units of the array's edge"
        ),
        Param("key_tiles", (1, 2, 4, 8, 16), "tiles", True, "keys between two corrections (1 and 2 passes), in the same unit"),
        Param(
            "operands",
            OPERANDS,
            doc="on chip with 2 or 3 passes: none, the query block, keys, a head's keys and values, query and output block",
        ),
        Param(
            "scores", ("onchip", "offchip"), doc="rows that wait for a later pass: on chip, the overflow spilled, or in DRAM"
        ),
    ]
)
