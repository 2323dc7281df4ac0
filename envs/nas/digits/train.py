"""Train the table, shard by shard: ``python -m archgym.envs.nas.digits.train --shard 1/2 --out FOLDER --hours 2``."""

from __future__ import annotations

import sys

from archgym.envs.nas.digits.protocol import programme
from archgym.envs.nas.trained.command import run

if __name__ == "__main__":
    sys.exit(run(programme()))
