#!/usr/bin/env python3
"""Compress a large model and hold time and memory to their bars.

    python tests/bench/compress.py MODEL.pt2 [--aiopt ./aiopt] [--runs 1] [--keep DIR] [--suffix .airpkg] [--only REGEXP]

Prints a line for each way of compressing: wall seconds (the best of the runs), the peak of memory that is the command's own
(tests/peakmem), the size of what is written, and PASS or FAIL against the bars. These are for 850 M parameters in f32
on two cores; for a smaller model those for time are in proportion. Needs Python 3 and Go. Run it on a quiet machine.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FULL = 3.4e9  # bytes of the model that the bars are for
MEMORY = 1.5e9
WAYS = [  # name, pipeline, seconds
    ("4-bit integers", "decompose,fuse,w4", 60),
    ("4-bit integers, groups of 32", "decompose,fuse,w4{group=32}", 60),
    ("4-bit palettes, groups of 16", "decompose,fuse,palettize{bits=4, group=16}", 120),
]


def measure(peakmem, command):
    """Wall seconds and bytes of memory of a command; a message where it fails."""
    done = subprocess.run([peakmem, *command], capture_output=True, text=True)
    found = re.search(r"peakmem: ([\d.]+) MB, ([\d.]+) s wall", done.stderr)
    if done.returncode or not found:
        return None, None, (done.stderr.strip().splitlines() or ["no message"])[0]
    return float(found[2]), float(found[1]) * 1e6, ""


def size(folder):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", help="such as tests/bench/big.py makes")
    ap.add_argument("--aiopt", help="the command to measure; built from this folder where it is not given")
    ap.add_argument("--runs", type=int, default=1)
    ap.add_argument("--keep", help="a folder for what is written")
    ap.add_argument("--suffix", default=".airpkg", help=".air for text beside safetensors")
    ap.add_argument("--only", default="", help="ways whose pipeline matches")
    args = ap.parse_args()
    share = min(1, os.path.getsize(args.model) / FULL)
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        def build(package):
            out = os.path.join(tmp, os.path.basename(package))
            subprocess.run(["go", "build", "-o", out, package], cwd=ROOT, check=True)
            return out

        aiopt, peakmem = args.aiopt or build("./tools/aiopt"), build("./tests/peakmem")
        print(f"{args.model}: {os.path.getsize(args.model) / 1e9:.2f} GB, {os.cpu_count()} cores, best of {args.runs}\n")
        print("| way | pipeline | seconds | bar | own memory | bar | written | |\n|--|--|--|--|--|--|--|--|")
        for name, passes, bar in WAYS:
            if not re.search(args.only, passes):
                continue
            seconds, memory, why = None, 0, ""
            for run in range(args.runs):
                with tempfile.TemporaryDirectory(dir=args.keep) as out:
                    s, m, why = measure(peakmem, [aiopt, args.model, "-passes=" + passes, "-o", os.path.join(out, "model" + args.suffix)])
                    if why:
                        break
                    seconds, memory, written = min(s, seconds or s), max(m, memory), size(out)
            bar *= share
            if why:
                print(f"| {name} | `{passes}` | | {bar:.0f} s | | {MEMORY / 1e9:.1f} GB | | FAIL: {why} |")
                failed += 1
                continue
            ok = seconds <= bar and memory <= MEMORY
            failed += not ok
            print(f"| {name} | `{passes}` | {seconds:.1f} s | {bar:.0f} s | {memory / 1e9:.2f} GB | {MEMORY / 1e9:.1f} GB | "
                  f"{written / 1e6:.0f} MB | {'PASS' if ok else 'FAIL'} |", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
