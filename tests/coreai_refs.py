#!/usr/bin/env python3
"""Save what coreai-opt makes of small weights: codes, scales, zero points and minimums.

    python tests/coreai_refs.py passes/compress/testdata/coreai.safetensors

Needs torch 2.11, coreai-opt 0.3.0 and torchao 0.17.0, all but torch installed with --no-deps, and of coreai-opt's
dependencies coremltools, pydantic, pydantic_core, annotated-types, typing-inspection, rich, tqdm, pyyaml, attrs, cattrs,
protobuf, scikit-learn, joblib and scipy. The Go tests of passes/compress read the file and hold its rule `coreai` to it.

The file has the weights as `weight.NAME`, and for each case its tensors as `CASE.PART`. The metadata maps each case to
JSON that says which weight it compresses and how. Cases are the tables of tests/cases/coreai, one module for each kind of
compression: each has a function `cases(weights)` that yields (name, settings, tensors).
"""
import argparse
import json
import os

from safetensors.torch import save_file

from cases.coreai import quant, weights

KINDS = [quant]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("file", help="the safetensors file to write")
    args = ap.parse_args()
    made = weights.make()
    tensors = {f"weight.{name}": w for name, w in made.items()}
    metadata = {}
    for kind in KINDS:
        for name, settings, parts in kind.cases(made):
            metadata[name] = json.dumps(settings, sort_keys=True)
            tensors |= {f"{name}.{part}": t.contiguous() for part, t in parts.items()}
    save_file(tensors, args.file, metadata=metadata)
    print(f"{len(metadata)} cases, {os.path.getsize(args.file)} bytes")


if __name__ == "__main__":
    main()
