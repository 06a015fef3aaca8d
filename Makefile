# What a developer does, as verbs: `make help` lists them. .ci/run goes through the same ones.
#
# Needs python3 (3.11 or newer) with venv, a C compiler and, once, a package index. T chooses what to
# test or time, and switches of setup.py are given like it:
#     make test T=tests/kernels    make test T="-k softmax"    make test MASKSEQ_DEBUG=1

PYTHON ?= python3
VENV ?= .venv
T ?=
BIN := $(VENV)/bin
READY := $(VENV)/ready
# One program per CPU: a thread that waits for work must not hold a CPU meanwhile.
PARALLEL := OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1
SOURCES := src csrc tests benchmarks examples setup.py
CSRC := $(shell find csrc -name '*.[ch]')
C_FILES = $(shell git ls-files '*.c' '*.h')

# What takes long to compile is optimised less, except for what is timed.
export MASKSEQ_DEV ?= 1
bench profile sanitize: export MASKSEQ_DEV = 0

.PHONY: help setup peers build test quick mutants fuzz coverage sanitize lint format types docs \
	answers golden sweep bench profile profile-kernel check clean site

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: $(READY) ## an environment in .venv with the tools; maskseq there is this working tree

# The README's command installs a copy of maskseq into the same environment: that is undone here.
ifeq ($(wildcard $(VENV)/lib/python3*/site-packages/__editable__.maskseq-*),)
.PHONY: $(READY)
endif
$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q "setuptools>=77" "cython>=3.1"
	$(BIN)/pip install -q --no-compile --no-build-isolation -e ".[dev]"
	touch $@

peers: setup ## Keras, PyTorch and others beside us, for tests/conformance
	$(BIN)/pip install -q --no-compile --no-build-isolation -e ".[peers]"

build: setup ## write what is copied from maskseq.h and the façade, and compile what is stale
	@$(BIN)/python csrc/headers.py
	@$(BIN)/python csrc/stub.py
	@$(BIN)/python setup.py -q build_ext --inplace

test: build ## all tests, or T
	$(BIN)/python -m pytest $(T)

quick: export MASKSEQ_CASES ?= 6
quick: build ## the tests that are not marked slow, or those of T
	$(PARALLEL) $(BIN)/python -m pytest -n auto -m "not slow" $(T)

# T="--only softmax" plants those of a name or file, T="--part 1/1" all of them: see tests/mutation.
mutants: build ## plant a tenth of the mutants, other ones each day: tests must kill them
	$(BIN)/pip install -q --no-compile pyarrow # some are in what needs it
	$(BIN)/python -m tests.mutation $(PASSED) \
		$(or $(T),--part $$(( $$(date +%s) / 86400 % 10 + 1 ))/10 --seconds $(or $(SECONDS),240))

# Floors, in percent, just under what was measured: raise them with the tests that raise that. Each
# inlined copy of a template has branches of its own. generic.c is left out: with one lane, no row
# has a rest, so half of its branches cannot be taken. Loops run billions of times: no overflow.
C_LINES := 98
C_BRANCHES := 84
READERS := 97
COUNTED := $(addprefix tests/,abi data fuzz gradients importers kernels models savers scoring storage system training)
coverage: setup ## which lines and branches of csrc and of the readers their tests run, and floors
	rm -rf build/coverage
	MASKSEQ_COVERAGE=1 $(BIN)/python setup.py -q build --build-lib build/coverage
	find build -name '*.gcda' -delete
	PYTHONPATH=$(CURDIR)/build/coverage $(PARALLEL) MASKSEQ_CASES=1000000 \
		$(BIN)/python -m coverage run -m pytest -n auto -m "not slow or sanitize" \
		$(or $(T),$(COUNTED))
	$(BIN)/gcovr --filter csrc/ --exclude csrc/isa/generic.c --gcov-suspicious-hits-threshold 0 \
		--sort uncovered-percent --txt-metric branch --txt-summary \
		--fail-under-line $(C_LINES) --fail-under-branch $(C_BRANCHES) build
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under $(READERS)

# Tests of pages, pictures and types reach no C that others do not.
SANITIZED := $(filter-out $(addprefix tests/,csrc docs files mutation pictures report support typing),\
	$(patsubst %/,%,$(wildcard tests/[a-z]*/)))
# Of tests with many cases, other ones each day; MASKSEQ_DRAW=0421 draws those of 21 April.
sanitize: export MASKSEQ_DRAW ?= $(shell date +%m%d)
sanitize: export MASKSEQ_CASES ?= 4
sanitize: setup ## what quick runs and more, under AddressSanitizer and UBSan
	MASKSEQ_DEBUG=1 MASKSEQ_SANITIZE=address,undefined \
		$(BIN)/python setup.py -q build --build-lib build/sanitized
	for library in $$(find build/sanitized -name '*.so'); do \
		nm -D --undefined-only $$library | grep -q __asan_init || exit 1; \
	done
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so.6)" \
		PYTHONPATH=$(CURDIR)/build/sanitized $(PARALLEL) \
		PYTHONMALLOC=malloc UBSAN_OPTIONS=print_stacktrace=1 \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
		$(BIN)/python -m pytest -s -n auto --maxschedchunk 5 -p no:cacheprovider \
		-m "not slow or sanitize" $(or $(T),$(SANITIZED))

lint: setup ## style and types of Python, style of C, and the files of continuous integration
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/python csrc/headers.py --check
	$(BIN)/python csrc/stub.py --check
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	for system in linux macos windows; do \
		$(BIN)/cibuildwheel --platform $$system --archs auto64 --print-build-identifiers || exit 1; \
	done

format: setup ## put Python and C into the style that lint wants
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/clang-format -i $(C_FILES)

types: setup ## check the type hints
	$(BIN)/pyright --pythonpath $(BIN)/python

fuzz: build ## search for inputs that break a reader or the C API: T="hdf5 config" SECONDS=600
	$(BIN)/pip install -q atheris
	MASKSEQ_FUZZ_SECONDS=$(or $(SECONDS),300) .ci/fuzz $(BIN)/python $(T)

docs: build ## write the pages that are made from the code
	$(BIN)/python -m maskseq.testing.table >build/layers.md
	mv build/layers.md docs/layers.md
	$(BIN)/python -m tests.system.test_who_imports_whom

site: setup ## the pages and the reference as a site in build/site; warnings are errors
	$(BIN)/pip install -q --no-compile --no-build-isolation -e ".[docs]"
	$(BIN)/python -m sphinx -q -W --keep-going -E -b html docs build/site

answers: build peers ## ask Keras for the answers that layers are compared with
	KERAS_BACKEND=jax $(BIN)/python -W ignore -m tests.conformance.recorded
	KERAS_BACKEND=jax $(BIN)/python -W ignore -m tests.conformance.recorded_graphs
	KERAS_BACKEND=jax $(BIN)/python -W ignore -m tests.training.recorded

golden: build ## write the hashes of all answers anew: say in CHANGELOG why bits change
	$(BIN)/python -m tests.golden write

sweep: build ## the error of elementary functions over all floats: T="--every 7 sin"
	$(BIN)/python benchmarks/sweep_functions.py $(T)

bench: build ## time the kernels, or T
	$(BIN)/python -m pytest $(or $(T),benchmarks --benchmark-columns=min,median)

profile: build ## Python's side of a call: make profile CALL=lstm_step
	$(BIN)/python -m benchmarks.calls $(CALL)

profile-kernel: build/cost ## instructions of a kernel, by line: make profile-kernel CALL="lstm right"
	valgrind --tool=callgrind --toggle-collect=masked_call --callgrind-out-file=build/callgrind.out \
		build/cost $(or $(CALL),lstm right)
	callgrind_annotate build/callgrind.out

build/cost: tests/csrc/cost.c $(CSRC)
	mkdir -p build
	$(CC) -std=c11 -g -O3 -ffp-contract=off -Wno-unknown-pragmas -Isrc/maskseq/include -Icsrc \
		$(filter %.c,$^) -lm -lpthread -o $@

check: ## all that continuous integration runs: 45 minutes, and Debian's package tools
	.ci/run

clean: ## remove what was built, but not the environment
	rm -rf build dist src/*.egg-info src/maskseq/_kernels.c src/maskseq/data/_*.c
	find src -name '*.so' -delete
	find src tests benchmarks -name __pycache__ -prune -exec rm -r {} +
