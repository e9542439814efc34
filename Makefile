# Everything that is built or downloaded lives in the user's cache folder, but for .venv.
CACHE      := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lambdameter
UV_VERSION := 0.13.9
UV_HOME    := $(CACHE)/uv-$(UV_VERSION)
UV         := $(UV_HOME)/bin/uv
VENV       := .venv/bin
# npm, in a copy of race/page/ below the cache.
PAGE       := PYTHONPATH=src $(VENV)/python -m lambdameter.build.page

# The interpreter is the host's: a downloaded one would be one more thing to trust.
export UV_PYTHON_DOWNLOADS := never
export CARGO_TARGET_DIR := $(CACHE)/cargo-target

.PHONY: run test test-unit test-whole test-cgroup2 setup check record claims soak simulate blind format clean

run: setup ## all set-up, once a calibration, then the duel
	@test -e $(CACHE)/speed-arm64.json || $(VENV)/lambdameter doctor --calibrate > /dev/null || true
	@$(VENV)/lambdameter run etl $(ARGS)

test: setup ## all set-up, then the tests; with ARGS only those of pytest that it names
ifdef ARGS
	$(VENV)/pytest $(ARGS)
else
	cargo test --release --locked --quiet --workspace
	@$(PAGE) test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-unit test-whole
endif

# Side by side: the one is busy, the others mostly wait for what they measure.
test-unit:
	$(VENV)/coverage run -m pytest tests/unit tests/test_architecture.py
	$(VENV)/coverage report
test-whole:
	$(VENV)/pytest --numprocesses=2 --dist=loadfile --durations=25 \
	  tests/e2e tests/page tests/parity tests/conformance

test-cgroup2: setup ## the sandbox's tests on a kernel with cgroup v2, in a virtual machine
	./scripts/cgroup2/kernel.sh $(CACHE)/cgroup2
	$(VENV)/python scripts/cgroup2/machine.py $(CACHE)/cgroup2

setup: $(UV) ## the set-up alone
	@./scripts/interpreter/debian.sh $(CACHE)
	@$(UV) sync --quiet --locked --no-install-project
	@PYTHONPATH=src $(VENV)/python -m lambdameter.build.cargo
	@$(PAGE)
	@$(UV) sync --quiet --locked

$(UV):
	@python=$$(./scripts/prerequisites.sh) || exit 3; \
	  echo "uv $(UV_VERSION) -> $(UV_HOME)" >&2; \
	  "$$python" -m venv "$(UV_HOME)" && \
	  "$(UV_HOME)/bin/pip" install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { \
	    echo 'lambdameter needs uv $(UV_VERSION), and pip could not install it.' >&2; \
	    echo '  Next: check the connection to https://pypi.org (PIP_INDEX_URL behind a proxy) and the space below $(CACHE)' >&2; \
	    exit 3; }

check: setup ## lint, types, architecture
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/python scripts/check_types.py
	cargo fmt --check
	cargo clippy --release --locked --quiet --workspace --all-targets -- -D warnings
	@$(PAGE) check
	$(VENV)/pytest --quiet tests/test_architecture.py

record: setup ## measure anew what docs/duel shows
	rm -rf docs/duel
	$(VENV)/lambdameter run etl --out docs/duel > /dev/null
	$(VENV)/lambdameter report docs/duel --full > docs/duel/report.txt

claims: setup ## measure anew what docs/claims.md shows; what was interrupted goes on
	$(VENV)/lambdameter reproduce --out docs/claims --markdown > docs/claims.md

soak: setup ## ten minutes of duels with random kills, counted up
	@$(VENV)/python benchmarks/soak.py $(ARGS)

simulate: setup ## ten minutes of simulated runs: what docs/method.md promises, and its figures
	OPENBLAS_NUM_THREADS=1 $(VENV)/python -P benchmarks/statistics.py --write docs/method.md

blind: setup ## half an hour of duels whose truth the judge does not know
	@$(VENV)/python -P benchmarks/blind.py --folder $(CACHE)/blind $(ARGS)

format: ## what the formatters do by themselves
	$(VENV)/ruff check --fix-only
	$(VENV)/ruff format
	cargo fmt
	@$(PAGE) format

clean: ## forget what this checkout made; the cache is left (see its path in the README)
	rm -rf .venv .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
