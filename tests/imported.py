#!/usr/bin/env python3
"""Export small programs that change memory, keep state or return odd things, with what PyTorch computes.

    python tests/imported.py DIR [--only REGEXP]

Needs torch 2.11. Makes DIR/imported.zip, which tests/corpus has: per case NAME.LEVEL.pt2, its inputs and outputs, and a
line of manifest.jsonl. Programs with state are called three times. The custom operators are those that
tests/imported_test.go lowers; at the training level the archive states their schemas in an extra file.
"""
import argparse
import os
import re
import tempfile

from cases import files, programs, workers
from cases.imported import control, custom, memory, returned, state

CASES = {f"{make.__name__}.{level}": (make, level)
         for cases in (custom, memory, control, state, returned) for make, level in cases.case}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("dir", help="the folder for imported.zip")
    ap.add_argument("--only", default="", help="cases whose name matches; the archive then has no others")
    args = ap.parse_args()
    workers.start()
    with tempfile.TemporaryDirectory() as folder:
        lines = [programs.save(folder, name, make, level, seed=0, tolerance=1e-5, stated=("mylib",))
                 for name, (make, level) in CASES.items() if re.search(args.only, name)]
        files.pack(os.path.join(args.dir, "imported.zip"), folder, lines)


if __name__ == "__main__":
    main()
