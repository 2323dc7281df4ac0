"""``python -m archgym.experiments.cli``: the command line where the script is not installed."""

import sys

from archgym.experiments.cli import main

sys.exit(main())
