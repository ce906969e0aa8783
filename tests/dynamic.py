#!/usr/bin/env python3
"""Export models and small programs with dynamic sizes, with what PyTorch computes at sizes other than the traced ones.

    python tests/dynamic.py --out DIR [--only REGEXP] [--keep] [--aiopt ./aiopt] [--extra FLAGS] [--zip]

Needs torch 2.11, torchvision, timm and transformers. DIR gets, per case, NAME.pt2, NAME.<k>.in.safetensors and
NAME.<k>.out.safetensors for the k-th call, and a line of manifest.jsonl:

    name, group   group is `models` or `features`
    sizes         of each call, in the names that the case gives them
    args          of each call, for the inputs that are no tensors: {"in1": 5}
    refused       calls NAME.r<k>.in.safetensors at sizes out of range, with the pattern that the message must match
    atol, rtol    a value matches within atol + rtol*|want|; integers and bools are equal

With --aiopt each call is run by `aiopt run`, compared, and a table is printed; exits 1 where a call fails. --zip packs
each group into DIR/GROUP.zip, as tests/dynamic/ has them. The cases are in cases/dynamic/.
"""
import argparse
import contextlib
import io
import os
import re
import sys

import torch

from cases import files, workers
from cases.dynamic import arithmetic, control, data, floats, layers, models, ranges, shapes
from cases.dynamic.save import check, make

CASES = {case.name: case for file in (models, ranges, shapes, arithmetic, floats, data, control, layers)
         for case in (file.model if file is models else file.feature)}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", required=True, help="the folder for the files; cases in it are made anew only where --only names them")
    ap.add_argument("--only", default="", help="cases whose name matches")
    ap.add_argument("--aiopt", help="run the cases by this command, and compare")
    ap.add_argument("--extra", default="", help="more flags for aiopt")
    ap.add_argument("--keep", action="store_true", help="do not export again what --out has")
    ap.add_argument("--zip", action="store_true", help="pack each group into a zip file")
    args = ap.parse_args()
    workers.start()
    os.makedirs(args.out, exist_ok=True)
    lines = files.read_manifest(args.out)
    failed = 0
    for name, case in CASES.items():
        if not re.search(args.only, name):
            continue
        if not (args.keep and name in lines):
            try:
                with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):
                    lines[name] = make(case, args.out)
            except Exception as e:
                failed += 1
                print(f"EXPORT {name}: {type(e).__name__}: {str(e)[:1500]}", flush=True)
                continue
        problems = check(args.aiopt, args.extra.split(), args.out, lines[name]) if args.aiopt else []
        failed += bool(problems)
        size = os.path.getsize(os.path.join(args.out, name + ".pt2"))
        print(f"{'FAIL' if problems else 'ok':5s} {name:28s} {size >> 10:6d} KiB", flush=True)
        for p in problems:
            print("      " + p, flush=True)
    lines = [lines[name] for name in CASES if name in lines]
    files.write_manifest(args.out, lines)
    if args.zip:
        for group in sorted({line["group"] for line in lines}):
            files.pack(os.path.join(args.out, group + ".zip"), args.out, [line for line in lines if line["group"] == group])
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
