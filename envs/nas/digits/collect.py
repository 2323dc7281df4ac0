"""Shards into the table that is committed: ``python -m archgym.envs.nas.digits.collect SHARDS --out FOLDER``."""

from __future__ import annotations

import sys

from archgym.envs.nas.digits.protocol import programme
from archgym.envs.nas.trained.collect import run

if __name__ == "__main__":
    sys.exit(run(programme()))
