# The two commands of this project: `make demo` shows the main job, `make test` runs every test. Each installs what it
# needs, LLVM and an emulator for Arm among it; Go and a C compiler (for the race detector only) are the only things that
# must be there.

# Without tables for source debuggers compiling takes a tenth less; traces of panics need none.
export GOFLAGS += -mod=readonly -gcflags=all=-dwarf=false
GO ?= go
export CGO_ENABLED ?= 0

.PHONY: build demo test test-all test-whole test-race test-python test-web web screenshots lint fuzz refs generate bench bench-page programs

build: aiopt

aiopt: FORCE
	$(GO) build -o aiopt ./tools/aiopt

FORCE:

demo: aiopt
	@mkdir -p build
	./aiopt examples/mlp/mlp.pt2 --rename x=features --rename output=logits -o build/mlp.air
	@echo
	@echo "== the model after -passes=decompose,fuse"
	./aiopt -passes=decompose,fuse --locs=false build/mlp.air
	@echo
	@echo "== its output, and the largest difference from PyTorch's"
	./aiopt run -passes=decompose,fuse build/mlp.air --inputs=examples/mlp/input.safetensors --ref=examples/mlp/expected.safetensors --atol=1e-5

# Programs that only the tests need, one a line: what they are for, the variable that may name the program instead, the programs of
# which one has to be there, and the packages that have one, the best one first. Kernels are compiled by LLVM's llc and linked
# by ld, code for Arm is run under an emulator, and Metal text by way of clang.
define PROGRAMS
llc of LLVM 14 to 19 for native kernels|AIOPT_LLC|llc-19 llc-18 llc-17 llc-16 llc-15 llc-14 llc|llvm-19 llvm
ld of binutils for native kernels||ld|binutils
clang++ 18 to 20 for Metal kernels|AIOPT_CLANG|clang++-19 clang++-20 clang++-18|clang-19 clang-20 clang-18
qemu-user for code for Arm||qemu-aarch64|qemu-user
binutils for aarch64 for code for Arm||aarch64-linux-gnu-ld|binutils-aarch64-linux-gnu
node 20 or newer for the debugger's page||node|nodejs
npm for the debugger's page||npm|npm
Chromium for the debugger's page|AIOPT_CHROMIUM|chromium chromium-browser google-chrome|chromium
endef
export PROGRAMS

# Installs all that is missing at once where apt is; elsewhere it says what is missing.
programs:
	@missing=$$(printf '%s\n' "$$PROGRAMS" | while IFS='|' read -r what variable names packages; do \
		if [ "$$(uname -m)" = aarch64 ]; then case $$what in *Arm) continue;; esac; fi; \
		if [ -n "$$variable" ] && [ -n "$$(printenv "$$variable")" ]; then continue; fi; \
		for p in $$names; do if command -v $$p >/dev/null; then continue 2; fi; done; \
		echo "$$what|$$variable|$$packages"; \
	done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "the tests need programs that are not there; install them, or name them by the variables:"; \
		echo "$$missing" | while IFS='|' read -r what variable packages; do echo "  $$what$${variable:+ ($$variable)}"; done; exit 1; fi; \
	as_root=; if [ "$$(id -u)" != 0 ]; then as_root=sudo; fi; \
	$$as_root apt-get update -q || exit 1; \
	wanted=$$(echo "$$missing" | while IFS='|' read -r what variable packages; do \
		for p in $$packages; do if apt-cache show "$$p" >/dev/null 2>&1; then echo "$$p"; continue 2; fi; done; \
		echo "$${packages%% *}"; done); \
	$$as_root apt-get install -y -q --no-install-recommends $$wanted

# lint has run vet. tests is named first, as it takes the longest and would run alone at the end. The browser is waited for more
# than it computes, so fuzzing goes on beside it.
test: lint programs
	$(GO) test -vet=off -shuffle=on ./tests ./...
	cd tests/plugin && $(GO) test -shuffle=on ./...
	$(MAKE) test-race test-python
	$(MAKE) -j2 test-web fuzz

# All that tests can run, where `make test` runs a sample: Metal's plans of all stored models, and each case of Metal's schedules.
test-all: test test-whole

test-whole: programs
	AIOPT_WHOLE=1 $(GO) test -vet=off -timeout=60m -run='GPU|Updates' ./backend/kernel/schedule
	AIOPT_WHOLE=1 $(GO) test -vet=off -timeout=60m ./backend/metal/msl
	AIOPT_WHOLE=1 $(GO) test -vet=off -timeout=60m -run='^TestMetalPlans$$' ./tests

# The race detector needs cgo; it runs the unit tests and a sample of the corpus. A program that ends would wait a second for
# reports of other threads.
test-race:
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(GO) test -race -vet=off -short -shuffle=on ./tests ./...

# The Python package: what needs no torch, and the rest where PYTHON has it. The programs of tests/custom and examples/silu are
# stored, so that the Go tests need neither: `python tests/custom.py` and `python examples/silu/silu.py` make them again.
test-python:
	@if command -v $(PYTHON) >/dev/null; then $(PYTHON) -m unittest discover -s frontend/python/tests; \
	else echo "the tests of frontend/python are left out, as there is no $(PYTHON): install it, or name one by PYTHON=path"; fi

# Other systems have files of their own: what is written for them is read, and not compiled.
SYSTEMS = darwin/arm64 linux/arm64 windows/amd64
lint:
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt -w these files:"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	@for s in $(SYSTEMS); do $(GO) run ./tests/typecheck $$s ./... || exit 1; done
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

FUZZTIME ?= 3s
fuzz:
	./tests/fuzz.sh $(FUZZTIME)

# Fresh cases from PyTorch's own operator samples: make refs SEED=7 CASES=500
PYTHON ?= python3
SEED ?= 1
CASES ?= 500
refs: aiopt
	@$(PYTHON) -c 'import torch, expecttest' 2>/dev/null || { echo "make refs needs PyTorch 2.11 and expecttest: install them, or name a Python that has them by PYTHON=path"; exit 1; }
	$(PYTHON) tests/refs.py --seed $(SEED) --cases $(CASES)

# The page of `aiopt debug`: web/ is bundled into dist/, which is a part of the program. Only who changes web/ needs node.
WEB = tools/debugger/web
WEB_OUT ?= ../dist
web: $(WEB)/node_modules
	cd $(WEB) && node_modules/.bin/tsc -p . && $(GO) tool esbuild src/main.tsx --bundle --minify --charset=utf8 --target=es2023 --jsx=automatic \
		--jsx-import-source=preact --legal-comments=none --outfile=$(WEB_OUT)/page.js --log-level=warning
	cd $(WEB) && cp index.html $(WEB_OUT)/index.html

$(WEB)/node_modules: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund && touch node_modules

# The page in a browser, and that dist/ is what web/ becomes.
test-web: aiopt programs
	@fresh=$$(mktemp -d) && $(MAKE) web WEB_OUT=$$fresh && diff -r $$fresh tools/debugger/dist \
		|| { echo "tools/debugger/dist is not what tools/debugger/web becomes: make web"; exit 1; }; rm -r $$fresh
	cd $(WEB) && AIOPT=$(CURDIR)/aiopt node --test --test-concurrency=2 test/*.test.mjs

# The pictures of the page in README.md and docs.
screenshots: aiopt programs $(WEB)/node_modules
	cd $(WEB) && AIOPT=$(CURDIR)/aiopt node test/shots.mjs

generate:
	$(GO) run ./tools/gendocs

bench:
	$(GO) test -run='^$$' -bench=. ./ir/text ./tests

# The page with 50,000 operations, each figure beside its budget; one that is missed is an error.
bench-page: aiopt programs $(WEB)/node_modules
	cd $(WEB) && AIOPT=$(CURDIR)/aiopt node bench/large.mjs
