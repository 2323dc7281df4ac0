# Everything from a fresh clone, with nothing but Python >= 3.11 and make: the first target sets up .venv by itself.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Interpreters tried in this order, the one the pinned versions were measured on first; PYTHON=... chooses another.
CANDIDATES := python3.11 python3.12 python3.13 python3.14 python3 python
RESULTS := results/quickstart
# Test processes at a time, and further words for pytest: make test WORKERS=4 ARGS='-k space'
WORKERS := 2
ARGS :=

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
STEPS := ("Downloading", "Building", "Installing", "Successfully")
PROGRESS := import sys; [print("  " + s.strip()[:118], flush=True) for s in sys.stdin if s.strip().startswith($(STEPS))]

.DEFAULT_GOAL := help
.PHONY: study leaderboard test test-all golden lint format check clean help

study: $(INSTALLED)  ## play the quickstart study: figures, tables and an HTML report in results/quickstart
	$(BIN)/archgym study experiments/studies/quickstart.toml --out $(RESULTS)

leaderboard: $(INSTALLED)  ## play, verify and rank every agent on a frozen suite: SUITE=quick-v0, or core-v0 (hours)
	$(BIN)/archgym leaderboard baseline $(or $(SUITE),quick-v0) --out results/leaderboard-$(or $(SUITE),quick-v0)

test: $(INSTALLED)  ## the default tests
	$(BIN)/python -m pytest -v -n $(WORKERS) $(ARGS)

test-all: $(INSTALLED)  ## the default tests and the slow ones
	$(BIN)/python -m pytest -v -n $(WORKERS) -m "slow or not slow" $(ARGS)

golden: $(INSTALLED)  ## record the figures of new tasks and of new model versions
	$(BIN)/python -m pytest tests/test_golden.py --update-golden

lint: $(INSTALLED)  ## style, format and types, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)  ## repair style and format where that can be done by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint test  ## what has to pass before a commit

clean:  ## remove caches and build outputs; .venv and results stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find archgym agents envs experiments tests -name __pycache__ -prune -exec rm -rf {} +

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' $(MAKEFILE_LIST) | while IFS=: read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

$(BIN)/python:
	@for python in $(or $(PYTHON),$(CANDIDATES)); do \
	  if $$python -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "ArchGym needs Python >= 3.11, and none of these is: $(or $(PYTHON),$(CANDIDATES))" >&2; \
	  echo "install one, or say where it is: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; \
	fi; \
	echo "setting up $(VENV) with $$($$found --version)"; \
	$$found -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$$found cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(INSTALLED): pyproject.toml constraints/ci.txt | $(BIN)/python
	@echo "installing ArchGym and its libraries into $(VENV): minutes the first time, nothing afterwards"
	@{ $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints/ci.txt -e '.[dev]'; \
	  echo $$? >$@.status; } | $(BIN)/python -c '$(PROGRESS)'; \
	status=$$(cat $@.status); rm -f $@.status; \
	if [ "$$status" != 0 ]; then echo "the installation failed: see the lines above" >&2; exit 1; fi
	@touch $@
