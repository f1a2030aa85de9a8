# Every target sets up what it needs. `make help` lists them; CI and Cloud Build call the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
REQ := infra/requirements
READY := .venv/.ready
UV_SYNC := $(BIN)/uv pip sync -q --require-hashes
# A machine may forbid bytecode (images do); each process of a test run would then compile everything anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}'

$(READY): $(REQ)/bootstrap.txt $(REQ)/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(REQ)/bootstrap.txt
	@$(UV_SYNC) --python $(BIN)/python $(REQ)/bootstrap.txt $(REQ)/dev.txt
	@printf '#!%s\nimport sys\n\nsys.path.insert(0, "%s")\nfrom shared.cli.main import app\n\napp()\n' \
		'$(CURDIR)/$(BIN)/python' '$(CURDIR)' > $(BIN)/daybias && chmod +x $(BIN)/daybias
	@touch $@

.PHONY: setup
setup: $(READY) ## make .venv from the hashed lock files

# ------------------------------------------------------------------ run
.PHONY: demo
demo: $(READY) ## replay Friday 2020-05-29 end to end (ARGS=--once ends by itself)
	@$(BIN)/python -m infra.local.demo $(ARGS)

.PHONY: serve
serve: $(READY) ## run the whole system in one process on loopback
	@$(BIN)/python -m infra.local.serve $(ARGS)

# ---------------------------------------------------------------- check
.PHONY: lint
lint: $(READY) ## ruff: lint and format check
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .

.PHONY: type
type: $(READY) ## mypy --strict
	@$(BIN)/mypy --no-error-summary

.PHONY: imports
imports: $(READY) ## import contracts
	@PYTHONPATH=. $(BIN)/lint-imports >/tmp/daybias-imports.$$$$ || { cat /tmp/daybias-imports.$$$$; exit 1; }; rm -f /tmp/daybias-imports.$$$$

.PHONY: unit
unit: $(READY) ## unit and architecture tests
	@$(BIN)/pytest -q tests/unit tests/architecture -n 2

.PHONY: quick
quick: lint type imports unit ## the inner loop, a minute and a half on two cores

.PHONY: test
test: lint imports ## everything a change must pass (at most 5 minutes); CI calls this
	@$(MAKE) --no-print-directory -j2 -Otarget type terraform
	@$(BIN)/pytest -q tests -n 2

.PHONY: simulate
simulate: $(READY) ## the simulations with more seeds (SEEDS=10000; SEED=n repeats one)
	@SEEDS=$(or $(SEEDS),1000) $(BIN)/pytest -q tests/simulation -n 2

.PHONY: test-emulators
test-emulators: $(READY) ## contract suites and the demo's flow on Google's Firestore and Pub/Sub emulators
	@$(BIN)/pytest -q tests -m emulator

SDKS := alpaca binance binance-connector ibkr kraken oanda schwab tastytrade topstepx tradestation

.venv-sdk-%/.ready: $(READY) $(REQ)/sdk-%.txt
	@test -x .venv-sdk-$*/bin/python || $(PYTHON) -m venv .venv-sdk-$*
	@$(UV_SYNC) --python .venv-sdk-$*/bin/python $(REQ)/sdk-$*.txt
	@touch $@

.PHONY: test-sdks
test-sdks: $(READY) $(SDKS:%=.venv-sdk-%/.ready) ## third-party broker clients against our simulators
	@$(BIN)/pytest -q tests -m sdk

.venv-local-model/.ready: $(READY) $(REQ)/local-model.txt
	@test -x .venv-local-model/bin/python || $(PYTHON) -m venv .venv-local-model
	@$(UV_SYNC) --python .venv-local-model/bin/python $(REQ)/local-model.txt
	@touch $@

.PHONY: test-local-model
test-local-model: $(READY) .venv-local-model/.ready ## the model analyst with a true, small language model
	@$(BIN)/pytest -q tests -m local_model

.PHONY: test-browser
test-browser: $(READY) ## the dashboard in a real browser (skips aloud without chromium)
	@$(BIN)/pytest -q tests/web -m browser

.venv-bench-dlt/.ready: $(READY) $(REQ)/bench-dlt.txt
	@test -x .venv-bench-dlt/bin/python || $(PYTHON) -m venv .venv-bench-dlt
	@$(UV_SYNC) --python .venv-bench-dlt/bin/python $(REQ)/bench-dlt.txt
	@touch $@

.PHONY: bench
bench: $(READY) .venv-bench-dlt/.ready ## benchmarks: ratios measured in one run
	@$(BIN)/pytest -q tests/benchmarks -m benchmark -s

.PHONY: verify
verify: test test-emulators test-sdks test-local-model test-browser bench ## everything

# --------------------------------------------------------------- deploy
.PHONY: package
package: $(READY) ## one byte-identical zip a function into dist/
	@$(BIN)/python -m infra.package

.venv-terraform/.ready: $(READY) $(REQ)/terraform.txt
	@test -x .venv-terraform/bin/python || $(PYTHON) -m venv .venv-terraform
	@$(UV_SYNC) --python .venv-terraform/bin/python $(REQ)/terraform.txt
	@touch $@

.PHONY: terraform
terraform: $(READY) package ## fmt, validate, plan-level tests and policy of terraform/ (skips aloud without terraform)
	@$(BIN)/python -m infra.terraform

.PHONY: known-environment
known-environment:
	@$(if $(filter $(ENV),dev prod),,$(error say ENV=dev or ENV=prod))

.PHONY: plan
plan: known-environment package ## plan terraform/ for ENV=dev or ENV=prod into a file that apply takes
	@terraform -chdir=terraform init -input=false -reconfigure -backend-config=envs/$(ENV).gcs.tfbackend
	@terraform -chdir=terraform plan -input=false -var-file=envs/$(ENV).tfvars -out=$(ENV).tfplan $(ARGS)

.PHONY: apply
apply: known-environment ## apply exactly what `make plan ENV=...` saved
	@terraform -chdir=terraform apply -input=false $(ENV).tfplan

# ------------------------------------------------------------- maintain
.PHONY: lock
lock: $(READY) ## renew the hashed lock files
	@$(BIN)/python -m infra.lock

.PHONY: golden
golden: $(READY) ## rewrite generated files (data model, message schemas, indexes, broker table); review the diff
	@$(BIN)/python -m infra.golden

.PHONY: format
format: $(READY) ## ruff format and safe fixes
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

.PHONY: clean
clean: ## remove everything that the targets made
	@rm -rf .venv .venv-* dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .daybias
