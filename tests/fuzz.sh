#!/usr/bin/env bash
# Fuzz the readers of outside bytes, each for the time given (30s by default). Seeds run in the normal tests too.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s}
while read -r pkg target; do
  echo "fuzz $pkg $target for $time"
  go test "./$pkg" -run='^$' -fuzz="^$target\$" -fuzztime="$time" -fuzzminimizetime=10x
done <<'TARGETS'
ir/text FuzzParse
frontend/pt2 FuzzRead
ir/safetensors FuzzParse
passes/pass FuzzPipeline
TARGETS
