#!/usr/bin/env python3
"""Compare builds of every model of the corpus with what PyTorch computes, node by node.

    python tests/sync_points.py [--aiopt ./aiopt] [--only REGEXP] [--jobs 2] [--keep DIR] [--docs]
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from typing import NamedTuple

from cases import corpus, files, nodes, workers

sys.path.insert(0, os.path.join(files.ROOT, "frontend", "python"))
import aiopt  # noqa: E402


class Build(NamedTuple):
    name: str
    passes: str
    engine: str
    least: float  # the share of all nodes that must have a point
    red: float | None  # dB below which no point may be


UNFUSED = "decompose{composites=false}, fold, cse, canonicalize, kv-cache, dce, layout{convs=dense}"
BUILDS = [
    Build("unfused", UNFUSED, "interp", 0.95, 60),
    Build("cpu", "@cpu", "cpu", 0, 60),
    Build("fp16", "decompose, fp16, fuse", "interp", 0, None),
    Build("w4", "decompose, fuse, w4", "interp", 0.60, None),
    Build("w4 on cpu", "decompose, fuse, w4", "cpu", 0, None),
]


def save(case, path):
    """Saves what PyTorch computes."""
    if case.several:
        return aiopt.save_calls(case.archive, [(name, tuple(inputs)) for name, inputs in case.calls], path)
    (name, inputs), = case.calls
    names = [s.arg.name for s in case.programs[name].graph_signature.input_specs if s.kind.name == "USER_INPUT"]
    return aiopt.save_intermediates(case.archive, dict(zip(names, inputs)), path)


def compared(command, case, saved, build):
    """What `aiopt compare` reports, or a message."""
    args = [command, "compare", case.archive, saved, "--json", "-passes=" + build.passes, "--backend=" + build.engine, "--threads=1"]
    if len(case.programs) > 1:
        args.append("--function=" + ",".join(name for name, _ in case.calls))
    done = subprocess.run(args, capture_output=True, text=True, timeout=600)
    try:
        return json.loads(done.stdout), ""
    except ValueError:
        return None, done.stderr.strip()[-1500:]


def measure(command, folder, keep, line):
    name = line["name"]
    with tempfile.TemporaryDirectory() as tmp:
        try:
            case = corpus.load(folder, line)
            saved = os.path.join(keep or tmp, name + ".intermediates.safetensors")
            save(case, saved)
        except Exception as e:
            return {"name": name, "problem": f"{type(e).__name__}: {e}"[:1500]}
        wanted = {(k, node) for k, (fn, _) in enumerate(case.calls) for node in nodes.computing(case.programs[fn])}
        result = {"name": name, "nodes": len(wanted), "bytes": os.path.getsize(saved), "builds": {}}
        for build in BUILDS:
            report, message = compared(command, case, saved, build)
            if report is None:
                result["builds"][build.name] = {"problem": message}
                continue
            if keep:
                with open(os.path.join(keep, f"{name}.{build.name}.json"), "w") as f:
                    json.dump(report, f, indent=1)
            result["builds"][build.name] = judge(report, wanted)
        return result


def judge(report, wanted):
    points, reasons = {}, {}
    for p in report["points"]:
        for node in [p["name"], *p.get("also", [])]:
            points[p["call"], node] = p
    for u in report["unmatched"]:
        reasons[u["call"], (u["func"] + "/" if u.get("func") else "") + u["name"]] = u["reason"]
    with_point = wanted & set(points)
    missing = sorted(wanted - with_point)
    return {
        "points": len(with_point),
        "unexplained": [f"s{k}.{n}" for k, n in missing if (k, n) not in reasons],
        "reasons": [(f"s{k}.{n}", reasons[k, n]) for k, n in missing if (k, n) in reasons],
        "psnr": [(f"s{k}.{n}", value((points[k, n]["scores"] or {}).get("psnr")), points[k, n].get("problem")) for k, n in sorted(with_point)],
        "extra": sorted(f"s{k}.{n}" for k, n in set(points) - wanted),
    }


def value(x):
    return float(x) if x is not None else None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--aiopt", default="./aiopt")
    ap.add_argument("--only", default="")
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--keep")
    args = ap.parse_args()
    corpus.define_operators()
    workers.start()
    with tempfile.TemporaryDirectory() as folder:
        lines = [line for line in corpus.unpack(folder) if re.search(args.only, line["name"])]
        with workers.pool(args.jobs) as pool:
            results = []
            for r in pool.map(partial(measure, os.path.abspath(args.aiopt), folder, args.keep), lines):
                results.append(r)
                if "problem" in r:
                    print(r["name"], "PROBLEM", r["problem"], flush=True)
                    continue
                text = f"{r['name']}: {r['nodes']} nodes, {r['bytes'] >> 10} KiB"
                for b, x in r["builds"].items():
                    if "problem" in x:
                        text += f"\n   {b} PROBLEM {x['problem']}"
                        continue
                    ps = [p for _, p, _ in x["psnr"] if p is not None]
                    text += f"\n   {b}: {x['points']} points, worst {min(ps, default=0):.1f}, median {statistics.median(ps) if ps else 0:.1f}, {len(x['unexplained'])} unexplained {x['unexplained'][:4]}, none {[n for n, p, _ in x['psnr'] if p is None][:4]}"
                print(text, flush=True)
    if args.keep:
        with open(os.path.join(args.keep, "results.json"), "w") as f:
            json.dump(results, f, indent=1)


if __name__ == "__main__":
    main()
