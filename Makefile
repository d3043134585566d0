# make fixtures      builds every fixture that is not up to date
# make test          builds them, compares them with the committed pins, runs the tests
# make test-slow     the tests that take long: builds, servers, browsers, trainings
# make test SUITE=    both at once, as CI does
# make check         linter, format, types (on Linux, Windows, macOS), layers, workflows
# make reproducibility   rebuilds under other CPU features, library versions, on aarch64; certifies
# make reproducibility-all   on riscv64, armhf, i386 and s390x as well (an hour)
# make report        draws every fixture: build/report/index.html
# make docs          builds the documentation site: build/docs/site/index.html
# make envelope      measures what the reference training takes (minutes); needs a quiet machine
# make bench         benchmarks
# make mutants       what the tests would notice (minutes): faults put into the code, one at a time
# make fuzz          100,000 mutants for each reader of files (an hour); make fuzz FUZZ=1000 for fewer
# make kills         what killed commands leave (minutes): 200 kills, each at a random moment
# make lives         a hundred random lives of a registry (minutes): nothing published changes
# make proof         what the checks say of sound and unsound scans, 20 of each kind (an hour)
# make format        formats and mends what can be mended by itself; leaves published generators alone
# make dist          builds wheel and source distribution: dist/
# make constraints   resolves constraints.txt anew
# make clean         removes .venv, build/ and caches; leaves fixtures and DVC's cache
#
# make PYTHON=python3.12 …   for an interpreter other than python3

PYTHON ?= python3
# A worker that has nothing left to do takes over half of what another one has before it.
PYTEST_ARGS ?= -n auto --dist worksteal

# Mutants for each target of `make fuzz`.
FUZZ ?= 100000

# What is checked for Windows and macOS as well: all but what develops this package.
ELSEWHERE := registry fixture_registry generators

VENV := .venv
BIN := $(VENV)/bin
# What is installed, by what needs it: a stamp is as new as the last install. The development
# environment holds everything that the other one does.
BASE := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
BASE_EXTRAS := build
DEV_EXTRAS := dev

# An environment holds absolute paths: one that came along with a copied or moved clone runs the
# other clone's code, and one whose Python was removed runs nothing. Either is made anew. (The folder
# as the shell is told it: its name may have spaces and apostrophes.)
HERE := '$(subst ','\'',$(CURDIR))/$(VENV)'
VENV_STALE := $(shell test -x $(BIN)/python && grep -qF $(HERE) $(VENV)/pyvenv.cfg || echo yes)

# DVC runs stages as `python -m registry.build…`: that has to be this environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
# A caller's own paths would shadow what is pinned, and warnings be taken for errors.
unexport PYTHONPATH
unexport PYTHONHOME
unexport PYTHONWARNINGS
# Python has to keep what it compiles, since pip does not compile anything (below).
unexport PYTHONDONTWRITEBYTECODE

# pip takes what builds the package from the first (pip < 25.3) or the second. It would compile every
# module, on one core, for half a minute; Python compiles those that are imported.
PIP_INSTALL := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq --no-compile

.DEFAULT_GOAL := help
# Two pips in one environment, or two DVCs in one repository, would get in each other's way.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help fixtures test test-slow check reproducibility reproducibility-all report docs dist envelope bench mutants fuzz kills lives proof format constraints clean FORCE

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile

$(VENV)/pyvenv.cfg: $(if $(VENV_STALE),FORCE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "$(PYTHON)"; \
		echo "  expected: Python >= 3.11"; \
		echo "  found:    $$($(PYTHON) --version 2>&1 | tail -n 1)"; \
		echo "  to mend:  make PYTHON=/path/to/python3.11 (or newer) $(MAKECMDGOALS)"; \
		exit 2; } >&2
	@# Without ensurepip venv leaves half an environment behind, which would pass for a whole one.
	$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 2; }

$(BASE): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing the package into $(VENV) (about a minute)"
	@$(PIP_INSTALL) -e '.[$(BASE_EXTRAS)]'
	@touch $@

$(DEV): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing the package and the development tools into $(VENV) (about a minute)"
	@$(PIP_INSTALL) -e '.[$(DEV_EXTRAS)]'
	@touch $@ $(BASE)

# What dvc repro --keep-going builds, sooner. Whatever would change a published version is refused first.
fixtures: $(BASE)
	$(BIN)/fixtures check-params
	$(BIN)/fixtures build

test: SUITE := -m 'not slow'
test-slow: SUITE := -m slow

# `dvc repro` overwrites the lock without a word: hence the comparison with the committed one.
test test-slow: $(DEV) fixtures
	$(BIN)/fixtures verify --against HEAD
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(SUITE)

check: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	# What users run, by the branches of the other systems; of each system the cache is its own.
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 $(ELSEWHERE)
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin $(ELSEWHERE)
	$(BIN)/lint-imports
	# Neither of the two programs that it would use, if they happened to be there.
	$(BIN)/actionlint -shellcheck= -pyflakes=

reproducibility: $(DEV)
	$(BIN)/python tests/reproducibility/run.py

reproducibility-all: $(DEV)
	$(BIN)/python tests/reproducibility/run.py --all

report: $(DEV) fixtures
	$(BIN)/fixtures report

docs: $(DEV)
	$(BIN)/python docs/build_site.py build/docs

dist: $(DEV)
	rm -rf dist
	$(BIN)/hatchling build --directory dist

envelope: $(DEV) fixtures
	$(BIN)/fixtures envelope

bench: $(DEV)
	$(BIN)/python -m bench

mutants: $(DEV)
	$(BIN)/python -m bench.mutants

fuzz: $(DEV)
	$(BIN)/python -W ignore -m tests.fuzz --count $(FUZZ)

kills: $(DEV) fixtures
	$(BIN)/python -m tests.kills

lives: $(DEV) fixtures
	$(BIN)/python -W ignore -m tests.lives

proof: $(DEV)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.proof

# `--fix` rewrites files: the generators that `ruff format` skips are skipped here as well.
format: $(DEV)
	$(BIN)/ruff check --fix --extend-exclude 'generators/*_v[0-9]*.py'
	$(BIN)/ruff format

# torch stays where it is, because plain `torch` resolves to a build with gigabytes of CUDA. Its
# local version (+cpu) is cut off, so that the pin holds on any index.
constraints:
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install -qq --upgrade hatchling editables setuptools \
		"$$(grep '^torch==' constraints.txt)" '.[build,train,s3,ssh,hdf5,report,dev]'
	{ sed -n '/^#/p' constraints.txt; \
	  build/constraints/bin/python -m pip freeze --all --exclude pip --exclude fixture-registry \
	  | sed 's/+cpu$$//' | LC_ALL=C sort -f; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
