"""Makes the model in plain Python importable: pytest imports tests without touching the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
