# Everything that is made goes under build/; `make clean` removes it. `make` alone lists the targets.

PYTHON ?= python3
ARGS ?=

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One virtual environment per version of Python, rebuilt when what it must contain changes, and when it was moved.
FACTS := $(shell $(PYTHON) -c 'import os, platform, sys; print(platform.python_version(), sys._base_executable, \
  len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
VERSION := $(word 1,$(FACTS))
BASE := $(word 2,$(FACTS))
CORES := $(word 3,$(FACTS))
VENV := build/venv/$(VERSION)
PY := $(VENV)/bin/python
REQUIREMENTS := tests/requirements
sum = $(shell { pwd; cat $(1:%=$(REQUIREMENTS)/%.txt); } | cksum | tr ' ' -)
PIP_READY := $(VENV)/pip-$(call sum,pip ansible-core amazon-aws run)
RUN_READY := $(VENV)/run-$(call sum,ansible-core amazon-aws run)
TEST_READY := $(VENV)/test-$(call sum,ansible-core amazon-aws run test)
GATES_READY := $(VENV)/gates-$(call sum,ansible-core amazon-aws run test gates)
# The aws command and Cloud Custodian, which are run against the embedded EC2, want versions of their own.
CLIENTS := $(VENV)-clients
CLIENTS_READY := $(CLIENTS)/ready-$(call sum,clients)
# ansible-rulebook with the Java that it needs, and the schema of patterns.
EVENTS := $(VENV)-events
EVENTS_READY := $(EVENTS)/ready-$(call sum,events schema)
TREE := build/collections/ansible_collections/amikit/aws

# Nothing that the user has set for other work has an effect here: no credentials, no configuration, no home directory.
# Only pip runs with the user's home, which has its cache and its settings for package indexes. HOME is changed
# below, so a make that this one starts takes the user's home from this variable.
ifndef AMIKIT_USER_HOME
export AMIKIT_USER_HOME := $(HOME)
endif
unexport $(filter-out PYTHON PYTHONUNBUFFERED,$(filter PYTHON%,$(.VARIABLES)))
unexport $(filter ANSIBLE_% AWS_% BOTO% COVERAGE_% EC2_% GIT_% HYPOTHESIS_% MOTO_% MYPY% PYTEST_% VIRTUAL_ENV,$(.VARIABLES))
export HOME := $(CURDIR)/build/home
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export LC_ALL := C.UTF-8
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
export AWS_EC2_METADATA_DISABLED := true

pip_install = HOME="$(AMIKIT_USER_HOME)" $(PY) -m pip --python $(1) install --quiet --disable-pip-version-check --no-compile
PIP_INSTALL := $(call pip_install,$(VENV))
GATE := PYTHONPATH=tests $(PY) -m gates
IN_TREE := cd $(TREE) && PYTHONPATH="$(CURDIR)/build/collections:$(CURDIR)/$(TREE)/tests"
CACHES := $(CURDIR)/build/cache
# Many tests wait for processes that they have started, so there is one more worker than cores.
PYTEST = $(IN_TREE) python -m pytest -q -n $$(($(CORES) + 1)) --maxprocesses 10 --dist worksteal -o cache_dir="$(CACHES)/pytest"
export RUFF_CACHE_DIR := $(CACHES)/ruff
GATES := format lint mypy unit integration
# What the community and certification apply, which rarely fails if those pass; and the unit tests measure coverage.
MORE_GATES := sanity build-check units docs importer
# What is type-checked besides the plugins, if it contains anything.
typed = $(if $(wildcard $(addprefix $(1),/*.py /*/*.py /*/*/*.py)),-p $(notdir $(1)))
TYPED = $(foreach name,bench demo tests/gates tests/local_ec2 tests/simulation tests/unit,$(call typed,$(name)))

.PHONY: help
help: ## list the targets
	@echo "make TARGET [PYTHON=python3.12] [ARGS='further arguments of the tool']"
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r n t; do printf '  %-12s %s\n' "$$n" "$$t"; done

### Use it

.PHONY: demo
demo: $(RUN_READY) tree ## share images of an embedded EC2, step by step
	@$(PY) demo/run.py $(ARGS)

.PHONY: ec2
ec2: $(RUN_READY) tree ## start an embedded EC2 with a few images, and print how to use it
	@PYTHONPATH=tests $(PY) -m local_ec2 --seed $(ARGS)

.PHONY: bench
bench: $(RUN_READY) $(CLIENTS_READY) tree ## measure the collection for ten minutes; ARGS='--against REV' compares two commits
	@$(PY) bench/run.py $(ARGS)

.PHONY: tarball
tarball: $(RUN_READY) tree ## build the collection into build/dist
	@rm -rf build/dist && mkdir -p build/dist
	@ansible-galaxy collection build --output-path build/dist $(TREE)

### Gates

.PHONY: test
test: venv ## run the whole suite, and say at the end which gates passed
	@$(MAKE) tree
	@$(GATE).together $(GATES)

.PHONY: gates
gates: venv ## run these gates, measure coverage, and run all that the community and certification apply
	@$(MAKE) --silent $(GATES_READY) tree
	@$(GATE).together $(GATES:unit=coverage) $(MORE_GATES)

.PHONY: quick
quick: $(TEST_READY) tree ## what fails first, in a minute: format, lint, types, the pure unit tests, and those of what changed
	@$(GATE).quick

.PHONY: format
format: $(TEST_READY) ## check the formatting
	@echo "==> format: ruff format"
	@ruff format --quiet --diff . || { echo "To apply this: make fmt"; exit 1; }

.PHONY: fmt
fmt: $(TEST_READY) ## apply the formatting, and those fixes that are safe
	@ruff check --quiet --fix --exit-zero . && ruff format .

# reuse leaves out what git ignores. With safe.directory, it also does if the checkout belongs to another user, as in a
# container. antsibull-docs copies amazon.aws without what git ignores, so it must not find the repository around build/.
.PHONY: lint
lint: $(TEST_READY) tree ## ruff, yamllint, ansible-lint, shellcheck, the changelog, the documentation, the licences
	@failed=0; step() { echo "==> lint: $$1"; "$${@:2}" || failed=1; }; \
	step "ruff" ruff check --quiet --output-format concise .; \
	step "reuse" env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="*" reuse lint --lines; \
	cd $(TREE); \
	step "yamllint" yamllint --strict .; \
	step "ansible-lint, profile production" ansible-lint --strict --offline --format pep8 --nocolor -q; \
	step "antsibull-changelog" antsibull-changelog lint; \
	step "antsibull-docs" env GIT_CEILING_DIRECTORIES="$(CURDIR)/build" antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=dependent \
	  --disallow-unknown-collection-refs .; \
	step "shellcheck" shellcheck .ci/run; \
	exit $$failed

.PHONY: mypy
mypy: $(TEST_READY) tree ## check the types, strictly
	@echo "==> mypy: strict"
	@cd $(TREE) && MYPYPATH="$(CURDIR)/build/collections" mypy --cache-dir "$(CACHES)/mypy" \
	  -p ansible_collections.amikit.aws.plugins $(TYPED) $(ARGS)

.PHONY: unit
unit: $(TEST_READY) $(CLIENTS_READY) $(EVENTS_READY) tree ## run the unit tests: make unit ARGS='-k permissions'
	@echo "==> unit: pytest"
	@$(PYTEST) $(ARGS)

# What decides who is granted and who is revoked has no line or branch that no test has seen. As prerequisites, these
# files cannot be renamed without notice.
DECIDING := $(addprefix plugins/module_utils/,$(addprefix _attributes/,permissions.py plan.py key_policy.py keys.py options.py) \
  $(addprefix _sharing/,options.py policies.py merge.py guards.py))

.PHONY: coverage
coverage: $(TEST_READY) $(CLIENTS_READY) $(EVENTS_READY) tree $(DECIDING) ## run them, and measure what they cover
	@echo "==> coverage: pytest, with coverage"
	@$(PYTEST) --cov --cov-config=tests/coverage.ini --cov-report=
	@$(IN_TREE) coverage report --rcfile=tests/coverage.ini --fail-under=100 --include="$$(tr ' ' , <<< "$(DECIDING)")"

.PHONY: simulate
simulate: $(TEST_READY) tree ## run the engine through many simulated disasters: make simulate SEEDS=10000; describe one: SEED=4711
	@echo "==> simulate: the engine under a virtual clock, against an EC2 in memory"
	@$(IN_TREE) python -m simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000)) $(ARGS)

.PHONY: units
units: $(TEST_READY) tree ## run unit tests by ansible-test
	@echo "==> units: ansible-test units"
	@$(GATE).units $(ARGS)

.PHONY: integration
integration: $(TEST_READY) tree ## run the integration targets: make integration ARGS='target ...'
	@echo "==> integration: ansible-test integration, against an embedded EC2"
	@$(GATE).integration $(ARGS)

.PHONY: sanity
sanity: $(TEST_READY) tree ## run ansible-test sanity: make sanity ARGS='--test pylint'
	@echo "==> sanity: ansible-test sanity (the first time it makes its environments, a minute or two)"
	@$(GATE).sanity $(ARGS)

.PHONY: build-check
build-check: $(TEST_READY) tarball ## build the tarball, check its contents, install it, and use it from there
	@echo "==> build-check: the tarball"
	@$(GATE).tarball

.PHONY: importer
importer: $(GATES_READY) tarball ## check the tarball with galaxy-importer, as Galaxy does
	@echo "==> importer: galaxy-importer"
	@$(GATE).importer

.PHONY: matrix
matrix: $(RUN_READY) ## run every Python here x ansible-core 2.17-2.21 x amazon.aws 10 and 11: make matrix ARGS='3.12 core-2.17'
	@echo "==> matrix: imports, unit tests and an integration target in each cell (an hour and a half; environments are made once)"
	@$(GATE).matrix $(ARGS)

### Publish it

.PHONY: release
release: importer build-check ## build and check what would be published, and list what is missing; publish nothing
	@echo "==> release: what would be published"
	@$(GATE).release

.PHONY: docs
docs: $(GATES_READY) tree ## build the documentation as a site, in build/site
	@echo "==> docs: antsibull-docs and Sphinx"
	@$(GATE).site

.PHONY: screenshots
screenshots: $(GATES_READY) tree ## take the pictures of the report that are in docs/images
	@echo "==> screenshots: the role's report, on an embedded EC2, in chromium"
	@$(GATE).screenshots

### Means

.PHONY: venv
venv: ## make the virtual environments that the gates need, in parallel
	@$(MAKE) --silent -j$(CORES) PYTHON="$(BASE)" $(TEST_READY) $(CLIENTS_READY) $(EVENTS_READY)

.PHONY: tree
tree: $(RUN_READY) ## copy the checkout to where Ansible finds it, with amazon.aws beside it
	@$(GATE).tree

.PHONY: clean
clean: ## remove everything that was built
	@rm -rf build

$(PIP_READY):
	@[[ -n "$(VERSION)" ]] || { echo "PYTHON=$(PYTHON) does not run"; exit 1; }
	@$(BASE) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed and $(PYTHON) is $(VERSION). Name another: make PYTHON=python3.12"; exit 1; }
	@echo "==> environment: pip for Python $(VERSION) (once, a few seconds)"
	@rm -rf $(VENV)
	@$(BASE) -m venv $(VENV)
	@HOME="$(AMIKIT_USER_HOME)" $(PY) -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)/pip.txt
	@touch $@

$(RUN_READY): $(PIP_READY)
	@echo "==> environment: ansible-core, amazon.aws and moto for Python $(VERSION) (once, a quarter of a minute)"
	@rm $(PIP_READY)  # what is interrupted from here on begins anew
	@$(PIP_INSTALL) -r $(REQUIREMENTS)/ansible-core.txt -r $(REQUIREMENTS)/run.txt
	@HOME="$(AMIKIT_USER_HOME)" $(GATE).amazon_aws
	@HOME="$(AMIKIT_USER_HOME)" $(GATE).harness
	@cd $(VENV)/lib/python*/site-packages && "$(CURDIR)/$(PY)" -m compileall -qq -j0 \
	  ansible boto3 botocore flask jinja2 moto/core moto/ec2 moto/iam werkzeug yaml
	@touch $(PIP_READY) $@

$(TEST_READY): $(RUN_READY)
	@echo "==> environment: the tools of the gates for Python $(VERSION) (once, a quarter of a minute)"
	@$(PIP_INSTALL) -r $(REQUIREMENTS)/test.txt
	@$(GATE).chromium
	@rm -f $(VENV)/test-*
	@touch $@

$(GATES_READY): $(TEST_READY)
	@echo "==> environment: galaxy-importer and Sphinx for Python $(VERSION) (once, a quarter of a minute)"
	@$(PIP_INSTALL) -r $(REQUIREMENTS)/gates.txt
	@rm -f $(VENV)/gates-*
	@touch $@

$(CLIENTS_READY): SAID = the aws command and Cloud Custodian
$(EVENTS_READY): SAID = ansible-rulebook, with Java
$(EVENTS_READY): ALONE = $(ASIDE) --no-deps -r $(REQUIREMENTS)/schema.txt
$(CLIENTS_READY) $(EVENTS_READY): ASIDE = $(call pip_install,$(@D))
$(CLIENTS_READY) $(EVENTS_READY): | $(PIP_READY)
	@echo "==> environment: $(SAID), for Python $(VERSION) (once, a quarter of a minute)"
	@rm -rf $(@D)
	@$(BASE) -m venv --without-pip $(@D)
	@$(ASIDE) -r $(REQUIREMENTS)/$(patsubst $(VENV)-%,%,$(@D)).txt
	@$(ALONE)
	@cd $(@D)/lib/python*/site-packages && "$(CURDIR)/$(@D)/bin/python" -m compileall -qq -j0 .
	@touch $@
