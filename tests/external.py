#!/usr/bin/env python3
"""Export programs that call operators outside PyTorch's own, with what PyTorch computes with them.

    python tests/external.py FILE.zip [--only REGEXP]

Needs torch 2.11, torchvision and torchao 0.17. Makes the archive that tests/corpus has as
external.zip. Codes must be equal, and so must floats unless the case says otherwise.
"""
import argparse
import re
import tempfile

from cases import files, programs, workers
from cases.external import coreai, coreai_state, quantized, vision

CASES = {make.__name__ + ("_core" if level == "core" else ""): (make, level)
         for cases in (quantized, coreai, coreai_state, vision) for make, level in cases.case}


def seed_of(name):
    """A case's own numbers, whatever other cases there are."""
    return len(name) * 1009 + sum(name.encode())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("zip", help="the archive to write")
    ap.add_argument("--only", default="", help="cases whose name matches; the archive then has no others")
    args = ap.parse_args()
    workers.start()
    with tempfile.TemporaryDirectory() as folder:
        lines = [programs.save(folder, name, make, level, seed=seed_of(name))
                 for name, (make, level) in CASES.items() if re.search(args.only, name)]
        files.pack(args.zip, folder, lines)


if __name__ == "__main__":
    main()
