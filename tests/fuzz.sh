#!/usr/bin/env bash
# Fuzz the readers of outside bytes, each for the time given (30s by default), and the whole way of a model with changed
# files of the corpora. The second argument says how many targets run side by side, one worker each: a worker more makes a
# target no faster to start, and starting is most of a short run. Seeds run in the normal tests too.
set -euo pipefail
cd "$(dirname "$0")/.."
export TIME=${1:-30s}
jobs=${2:-$(nproc)}
BUILT=$(mktemp -d)
CORPUS=$(go env GOCACHE)/fuzz/$(go list -m)
export BUILT CORPUS
trap 'rm -r "$BUILT"' EXIT

# Builds the test program of a package, in which coverage guides the fuzzer through the packages named. `go test -fuzz` would
# compile all packages and Go's own anew for that, and link once a target. What is not fuzzed is compiled as `make` does.
build() {
  local package=$1 guide=(-gcflags=all=-dwarf=false)
  shift
  for g in "$@"; do guide+=("-gcflags=$(go list -m)/$g=-d=libfuzzer"); done
  go test -c -vet=off "${guide[@]}" -ldflags='-s -w' -o "$BUILT/${package//\//_}" "./$package"
}

# A target's output is kept until it ends, so that two do not mix.
one() {
  local log=$BUILT/$2.${1//\//_}.log
  if (cd "$1" && "$BUILT/${1//\//_}" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$TIME" -test.fuzzminimizetime=10x \
    -test.parallel=1 -test.fuzzcachedir="$CORPUS/$1") >"$log" 2>&1; then
    echo "fuzz $1 $2 for $TIME: ok, $(grep '^fuzz: elapsed' "$log" | tail -n 1 | sed 's/^fuzz: //')"
  elif [ "$(grep -A1 '^--- FAIL' "$log" | tail -n 1)" = "    context deadline exceeded" ] && ! grep -q 'Failing input' "$log"; then
    # Go reports so an input that was on its way when the time was over.
    echo "fuzz $1 $2 for $TIME: ok, the time was over within an input"
  else
    echo "fuzz $1 $2 for $TIME failed:"
    cat "$log"
    return 1
  fi
}
export -f one

# Each package with targets, and the packages that guide them.
while read -r package guides; do
  build "$package" $guides
done <<'PACKAGES'
ir ir
ir/text ir/text
ir/safetensors ir/safetensors
frontend/pt2 frontend/pt2
frontend/torch frontend/torch
tests frontend/pt2 frontend/torch ir/asset
tools/intermediates tools/intermediates
tools/debugger tools/debugger
passes/pass passes/pass
passes/recipe passes/recipe
backend/metal/check backend/metal/check
backend/metal/launch backend/metal/launch
PACKAGES

xargs -P "$jobs" -n 2 bash -c 'one "$@"' one <<'TARGETS'
ir FuzzParseDim
ir FuzzParseGuard
ir FuzzParseSympy
ir FuzzParseTorchGuard
ir/text FuzzParse
frontend/pt2 FuzzRead
frontend/pt2 FuzzJSON
frontend/pt2 FuzzSamples
frontend/torch FuzzImport
tests FuzzModel
tests FuzzAsset
ir/safetensors FuzzParse
tools/intermediates FuzzFile
tools/intermediates FuzzFolder
tools/debugger FuzzUpload
passes/pass FuzzPipeline
passes/recipe FuzzRead
backend/metal/check FuzzText
backend/metal/launch FuzzFile
TARGETS
