# The two commands of this project: `make demo` shows the main job, `make test` runs every test. Each installs what it
# needs, LLVM and an emulator for Arm among it; Go and a C compiler (for the race detector only) are the only things that
# must be there.

export GOFLAGS += -mod=readonly
GO ?= go
export CGO_ENABLED ?= 0

.PHONY: build demo test test-race lint fuzz refs generate bench llvm emulator clang

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

# Kernels are compiled by LLVM's llc, 14 to 19, and linked by binutils' ld; Metal text is run by way of clang, 18 to 20. Where there
# is none and apt is, it is installed.
llvm: clang
	@for v in -19 -18 -17 -16 -15 -14 ""; do if command -v llc$$v >/dev/null; then exit 0; fi; done; \
	if [ -n "$$AIOPT_LLC" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "the tests of native kernels need llc of LLVM 14 to 19: install it, or name it by AIOPT_LLC"; exit 1; fi; \
	as_root=; if [ "$$(id -u)" != 0 ]; then as_root=sudo; fi; \
	$$as_root apt-get update -q; \
	$$as_root apt-get install -y -q --no-install-recommends llvm-19 binutils || $$as_root apt-get install -y -q --no-install-recommends llvm binutils

# Code for Arm is run under an emulator. Where it or the linker for Arm is not there and apt is, they are installed.
emulator:
	@if [ "$$(uname -m)" = aarch64 ]; then exit 0; fi; \
	if command -v qemu-aarch64 >/dev/null && command -v aarch64-linux-gnu-ld >/dev/null; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "the tests of code for Arm need qemu-user and binutils for aarch64: install them"; exit 1; fi; \
	as_root=; if [ "$$(id -u)" != 0 ]; then as_root=sudo; fi; \
	$$as_root apt-get update -q; \
	$$as_root apt-get install -y -q --no-install-recommends qemu-user binutils-aarch64-linux-gnu

clang:
	@for v in -19 -20 -18; do if command -v clang++$$v >/dev/null; then exit 0; fi; done; \
	if [ -n "$$AIOPT_CLANG" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "the tests of Metal kernels need clang 18 to 20: install it, or name clang++ by AIOPT_CLANG"; exit 1; fi; \
	as_root=; if [ "$$(id -u)" != 0 ]; then as_root=sudo; fi; \
	$$as_root apt-get update -q; \
	$$as_root apt-get install -y -q --no-install-recommends clang-19

test: lint llvm emulator
	$(GO) test -shuffle=on ./...
	cd tests/plugin && $(GO) test -shuffle=on ./...
	$(MAKE) test-race fuzz

# The race detector needs cgo; it runs the unit tests and a sample of the corpus.
test-race:
	CGO_ENABLED=1 $(GO) test -race -short -shuffle=on ./...

lint:
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt -w these files:"; echo "$$bad"; exit 1; fi
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

FUZZTIME ?= 10s
fuzz:
	./tests/fuzz.sh $(FUZZTIME)

# Fresh cases from PyTorch's own operator samples: make refs SEED=7 CASES=500
PYTHON ?= python3
SEED ?= 1
CASES ?= 500
refs: aiopt
	@$(PYTHON) -c 'import torch, expecttest' 2>/dev/null || { echo "make refs needs PyTorch 2.11 and expecttest: install them, or name a Python that has them by PYTHON=path"; exit 1; }
	$(PYTHON) tests/refs.py --seed $(SEED) --cases $(CASES)

generate:
	$(GO) run ./tools/gendocs

bench:
	$(GO) test -run='^$$' -bench=. ./ir/text ./tests
