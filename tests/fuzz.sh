#!/usr/bin/env bash
# Fuzz the readers of outside bytes, each for the time given (30s by default), and the whole way of a model with changed
# files of the corpora. The second argument is the number of workers. Seeds run in the normal tests too.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s}
workers=${2:-$(nproc)}
while read -r pkg target; do
  echo "fuzz $pkg $target for $time"
  go test "./$pkg" -vet=off -run='^$' -fuzz="^$target\$" -fuzztime="$time" -fuzzminimizetime=10x -parallel="$workers"
done <<'TARGETS'
ir/text FuzzParse
frontend/pt2 FuzzRead
frontend/pt2 FuzzJSON
frontend/torch FuzzImport
tests FuzzModel
tests FuzzAsset
ir/safetensors FuzzParse
tools/intermediates FuzzFile
tools/intermediates FuzzFolder
passes/pass FuzzPipeline
backend/metal/check FuzzText
backend/metal/launch FuzzFile
TARGETS
