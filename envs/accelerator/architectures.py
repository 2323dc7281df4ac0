"""The three fixed architectures that Timeloop's reference mappings run on: storage levels as data, figures from technology/."""

from __future__ import annotations

from functools import cache

from archgym.errors import BadInput, did_you_mean

from .layer import TENSORS
from .nest.architecture import UNLIMITED, Architecture, Level
from .technology.references import load_reference_figures

W, I, O = TENSORS  # noqa: E741  (the field's own letters)

# Level: kept tensors, words, words per block, read and write bandwidth in words per cycle, fan-out along X and Y.
# Source: section 10 of the specification; energies and areas per level are in technology/reference_architectures.json.
Figures = tuple[tuple[str, ...], int, int, int, int, tuple[int, int]]
LEVELS: dict[str, dict[str, Figures]] = {
    "eyeriss": {
        "DRAM": ((W, I, O), UNLIMITED, 4, 4, 4, (1, 1)),
        "GLB": ((I, O), 55296, 4, 16, 16, (14, 12)),
        "ifmap_spad": ((I,), 12, 1, 2, 2, (1, 1)),
        "weights_spad": ((W,), 224, 1, 2, 2, (1, 1)),
        "psum_spad": ((O,), 24, 1, 2, 2, (1, 1)),
    },
    "simba": {
        "DRAM": ((W, I, O), UNLIMITED, 4, 8, 8, (1, 1)),
        "GLB": ((I, O), 32768, 4, 32, 32, (4, 4)),
        "PEInput": ((I,), 4096, 4, 16, 16, (1, 1)),
        "PEWeight": ((W,), 16384, 4, 64, 16, (1, 1)),
        "PEAccu": ((O,), 1536, 1, 16, 16, (8, 8)),
        "WReg": ((W,), 1, 1, 2, 2, (1, 1)),
    },
    "tpu32": {
        "DRAM": ((W, I, O), UNLIMITED, 4, 16, 16, (1, 1)),
        "UB": ((W, I, O), 262144, 4, 64, 64, (1, 1)),
        "AccBuf": ((O,), 16384, 1, 32, 32, (32, 32)),
        "WReg": ((W,), 2, 1, 2, 2, (1, 1)),
    },
}


@cache
def fixed_architecture(name: str) -> Architecture:
    """Eyeriss (168 PEs), Simba (16 PEs of 64 multipliers) or a TPU-like array of 32 x 32; 16-bit words, 45 nm.

    Raises:
        BadInput: there is no such architecture.
    """
    if name not in LEVELS:
        raise BadInput(f"there is no fixed architecture '{name}'" + did_you_mean(name, LEVELS))
    figures = load_reference_figures(name)
    levels = []
    for level, (keeps, words, block, reads, writes, fanout) in LEVELS[name].items():
        cost = figures.levels[level]
        levels.append(Level(level, keeps, words, block, reads, writes, cost.read_pj, cost.write_pj, cost.area_um2, fanout))
    return Architecture(name, tuple(levels), figures.mac_pj, figures.mac_area_um2)
