# Everything a person or a machine does with a checkout. `make` alone explains itself.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# Packages that are type-checked; tests and benchmarks are checked by running them.
TYPED := -p shared -p services -p studiomatic -p deploy.local
STATIC := $(BIN)/ruff format --check --quiet && $(BIN)/ruff check --quiet && $(BIN)/mypy $(TYPED) && \
	$(BIN)/lint-imports
# Modules that can be run; the other files there are their parts. Other programs have a target of their own, and the
# table that encoder settings were chosen from promises nothing.
BENCHMARKS = $(filter-out benchmarks.renderer.peers.% benchmarks.renderer.profiles,$(subst /,.,$(basename $(sort \
	$(shell grep -rl --include='*.py' '^if __name__ ==' benchmarks)))))
MOVIEPY := .run/peers/moviepy

.PHONY: help demo test check corpus bench bench-peers servers farm farm-demo farm-down format contracts lock clean static server-programs test-programs

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.runtime ## make a narrated video from the bundled sample (needs only Python 3.11 to 3.13)
	@$(BIN)/studio demo

# Two processes, each with servers of its own: many tests wait. A file stays in one of them.
test: .venv/.dev test-programs ## run everything, on private servers (as root: installs them with apt)
	@status=0; { $(STATIC); } || status=$$?; $(BIN)/pytest -n 2 --dist loadfile --durations=15 || status=$$?; exit $$status

check: .venv/.dev static ## what needs no server: format, lint, types, imports, unit and contract tests
	@$(BIN)/pytest -q tests/unit tests/contract

corpus: .venv/.dev ## put 10,000 hostile media files through the sandbox; make test takes 500 of them
	@STUDIO_CORPUS_CASES=10000 $(BIN)/pytest tests/corpus

bench: .venv/.dev server-programs ## measure: prints ratios and compares them with their targets
	@status=0; for module in $(BENCHMARKS); do \
		echo "== $$module"; $(BIN)/python -m $$module || status=$$?; done; exit $$status

bench-peers: .venv/.dev $(MOVIEPY)/.installed ## compare with FFmpeg's filters and MoviePy (as root: installs both)
	@command -v ffmpeg >/dev/null || deploy/local/install-packages ffmpeg
	@$(BIN)/python -m benchmarks.renderer.peers

servers: .venv/.dev server-programs ## start private RabbitMQ, PostgreSQL and S3 to develop against, until Ctrl-C
	@$(BIN)/python -m deploy.local run

farm: .venv/.dev server-programs ## start a farm that goes on without the terminal: every service its own process
	@$(BIN)/python -m deploy.local farm up

farm-demo: .venv/.dev ## render the bundled sample through the running farm
	@$(BIN)/python -m deploy.local farm demo

farm-down: .venv/.dev ## stop the farm: exactly what was started
	@$(BIN)/python -m deploy.local farm down

format: .venv/.dev ## format the code and mend what the linter can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

contracts: .venv/.dev ## write docs/contracts anew from the code
	@$(BIN)/python -m shared.bus.documents docs/contracts --examples tests/contract/messages/golden

lock: .venv/.dev ## renew the locks in requirements/ from pyproject.toml
	@command -v $(BIN)/uv >/dev/null || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK) -o requirements/runtime.txt
	$(BIN)/uv pip compile $(LOCK) --extra dev -c requirements/runtime.txt -o requirements/dev.txt

clean: ## remove what was made here: a running farm, environment, caches, logs of past runs, demo output
	@[ ! -d .run/farm ] || ! [ -x $(BIN)/python ] || $(BIN)/python -m deploy.local farm down
	@rm -rf .venv .run build demo-output *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	pyproject.toml requirements/build.in

static: .venv/.dev
	@$(STATIC)

server-programs: .venv/.dev
	@deploy/local/install-servers

test-programs: .venv/.dev
	@deploy/local/install-servers --for-tests

$(MOVIEPY)/.installed: .venv/.dev
	@$(BIN)/python -m venv --clear $(MOVIEPY)
	@$(MOVIEPY)/bin/python -m pip install --quiet --disable-pip-version-check 'moviepy>=2.2,<3'
	@touch $@

.venv/.runtime: requirements/runtime.txt pyproject.toml services/renderer/pipeline/resample.c
	@deploy/local/make-venv $<
	@touch $@

# The development lock holds everything of the runtime lock.
.venv/.dev: requirements/dev.txt pyproject.toml services/renderer/pipeline/resample.c
	@deploy/local/make-venv $<
	@touch .venv/.runtime $@
