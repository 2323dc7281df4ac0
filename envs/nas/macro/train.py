"""Train the table, shard by shard: ``python -m archgym.envs.nas.macro.train --shard 1/2 --out FOLDER --hours 2``."""

from __future__ import annotations

import sys

from archgym.envs.nas.macro.protocol import programme
from archgym.envs.nas.trained.command import run

if __name__ == "__main__":
    sys.exit(run(programme()))
