#!/usr/bin/env bash
# Fuzz the readers of outside bytes, each for the time given (30s by default), and the whole way of a model with changed
# files of the corpora. The second argument says how many targets run side by side, one worker each: a worker more makes a
# target no faster to start, and starting is most of a short run. Seeds run in the normal tests too.
set -euo pipefail
cd "$(dirname "$0")/.."
export TIME=${1:-30s}
jobs=${2:-$(nproc)}

# A target's output is kept until it ends, so that two do not mix.
one() {
  local log
  log=$(mktemp)
  if go test "./$1" -vet=off -run='^$' -fuzz="^$2\$" -fuzztime="$TIME" -fuzzminimizetime=10x -parallel=1 >"$log" 2>&1; then
    echo "fuzz $1 $2 for $TIME: $(tail -n 1 "$log")"
    rm "$log"
  elif [ "$(grep -A1 '^--- FAIL' "$log" | tail -n 1)" = "    context deadline exceeded" ] && ! grep -q 'Failing input' "$log"; then
    # Go reports so an input that was on its way when the time was over.
    echo "fuzz $1 $2 for $TIME: ok, the time was over within an input"
    rm "$log"
  else
    echo "fuzz $1 $2 for $TIME failed:"
    cat "$log"
    rm "$log"
    return 1
  fi
}
export -f one

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
