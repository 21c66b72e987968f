# Two commands do all the set-up: `make demo` and `make test`. Each makes the environment it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test board test-oldest test-openvino distill-smoke bench format clean

demo: .venv/installed
	$(BIN)/assess demo --output assess-demo.html

# The newest release of everything, each time: a dependency that moved on must fail here and not at a user's. Three
# processes even on two cores: tests of boards, gates and labs wait much of their time.
test: .venv/pip
	$(BIN)/pip install --quiet --upgrade --upgrade-strategy eager --editable . --group test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist worksteal

# A board to try targets on, until Ctrl-C: `make board KIND=plain`; it prints its address and what to export.
board: .venv/installed
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m boards $(or $(KIND),arm64)

# The lower bounds that pyproject.toml declares.
test-oldest: .venv/pip
	$(BIN)/pip install --quiet uv
	$(BIN)/uv venv --quiet --seed --clear .venv-oldest --python $(BIN)/python
	$(BIN)/uv pip install --quiet --python .venv-oldest/bin/python --resolution lowest-direct --editable . --group test
	.venv-oldest/bin/python -m pytest -n 3 --dist worksteal

# OpenVINO's own build of ONNX Runtime; it must not meet the plain one, so assess is installed without dependencies.
test-openvino: .venv/pip
	$(BIN)/python -m venv --clear .venv-openvino
	.venv-openvino/bin/python -m pip install --quiet --upgrade pip
	.venv-openvino/bin/python -m pip install --quiet onnxruntime-openvino onnx numpy psutil pydantic rich typer pytest
	.venv-openvino/bin/python -m pip install --quiet --no-deps --editable .
	.venv-openvino/bin/python -m pytest tests/providers

# The two quickest recipes end to end, from one seed each; goal: three minutes on two cores, and the cards' scores.
# PyTorch by its exact version: a range would take the newest, whose usual build has gigabytes of CUDA.
distill-smoke: .venv/pip
	$(BIN)/python -m venv .venv-distill
	.venv-distill/bin/python -m pip install --quiet --upgrade pip
	.venv-distill/bin/python -m pip install --quiet torch==2.13.0
	.venv-distill/bin/python -m pip install --quiet --editable ".[distill,simulators]"
	.venv-distill/bin/python benchmarks/harness/distill_smoke.py

# All of them, even where one misses its goal; fails at the end if one did. Twenty-one minutes; see docs/benchmarks.md.
BENCHMARKS := startup.py overhead.py peers.py pacing.py memory.py certification.py calibration.py \
  students.py history.py lab.py targets.py "static.py --rounds 1 --timeout 60 --large" \
  "gate.py --minutes 10 --calibrate 10"
bench: .venv/pip
	$(BIN)/pip install --quiet --editable . --group bench
	@missed=; for name in $(BENCHMARKS); do \
	  echo; echo "== $$name"; $(BIN)/python benchmarks/harness/$$name || missed="$$missed $$name"; \
	done; [ -z "$$missed" ] || { echo "missed or failed:$$missed"; exit 1; }

format: .venv/pip
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .venv-oldest .venv-openvino .venv-distill .venv-tools dist build assess-demo.html

.venv/installed: .venv/pip pyproject.toml
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "assess needs Python 3.11 or newer; name one with: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "venv is missing; try: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@
