#!/usr/bin/env python3
"""Compare builds of every model of the corpus with what PyTorch computes, node by node.

    python tests/sync_points.py [--aiopt ./aiopt] [--only REGEXP] [--jobs 2] [--docs] [--store DIR]

Of each model aiopt.save_intermediates saves what PyTorch computes; `aiopt compare` holds builds against it: unfused and
@cpu, fp16, and 4-bit weights. Counted are the floating-point nodes of the exported programs that are no views, of all
programs and bodies. Exits 1

* where, of all nodes, fewer have a point than the build promises (95 % unfused, 60 % after decompose, fuse, w4);
* where a node without a point is not among the unmatched ones, or its reason names neither a pass and a place nor a kernel;
* where a point of an fp32 build is below 60 dB;
* where the Go tests count other nodes (tests/testdata/sync_points.txt).

--docs writes the table to docs/sync-points.md. --store writes what PyTorch computes of a few small models to
DIR/stored_points.zip, as tests/ has it for the Go tests. Needs torch 2.11.
"""
import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from functools import partial

from cases import corpus, files, half, points, workers

STORED = [  # of the corpus: control flow, states, several functions, open sizes, memory that is written in place, complex numbers
    "cond_hop", "map_hop", "lstm", "causal_conv_state", "kv_two_functions", "mlp_strict", "inplace_views_core", "rope_complex",
    "custom_op_extra_files", "constant_inputs", "nn_transformer_encoder", "qwen3_moe",
]
INTRO = """# Sync points

How many tensors of PyTorch a build can be compared with, and how near it is: builds of the models of `tests/corpus/models.zip` against what
PyTorch computes, by [`aiopt compare`](debugging.md#compare-two-builds). Written by `python tests/sync_points.py --docs`.

A node of the exported program counts if it gives floating-point or complex numbers and is no view or copy of its operand. It has a *point* if both
sides show it. The engine `interp` shows what is inside kernels, `cpu` does not. *Worst* and *median* are PSNRs in dB over a model's points; ∞ is
equal.

"""


def number(decibels):
    return "∞" if decibels == float("inf") else "–" if decibels != decibels else f"{decibels:.0f}"


def row(name, count, results):
    cells = [name, str(count)]
    for build, result in zip(points.BUILDS, results):
        cells.append(f"{result.points} ({100 * result.points / max(count, 1):.0f} %)")
        cells.append(number(min(result.decibels, default=float("nan")) if build.red else points.median(result.decibels)))
    return "| " + " | ".join(cells) + " |\n"


def total(results):
    """The results of all models as one for each build."""
    return [points.Result(sum(r.points for r in of), sum((r.reasons for r in of), Counter()), [d for r in of for d in r.decibels], []) for of in zip(*results)]


def document(measured):
    """The table as Markdown."""
    text = INTRO + "| build | passes | engine |\n|--|--|--|\n"
    text += "".join(f"| {b.name} | `{b.passes}` | {b.engine} |\n" for b in points.BUILDS)
    heads = ["model", "nodes"] + [head for b in points.BUILDS for head in (b.name, "worst" if b.red else "median")]
    text += "\n| " + " | ".join(heads) + " |\n|--|" + "--:|" * (len(heads) - 1) + "\n"
    text += "".join(row(name, count, results) for name, (count, results) in measured.items())
    together = total([results for _, results in measured.values()])
    text += row("**all**", sum(count for count, _ in measured.values()), together)
    text += "\nWhy the others have none; `aiopt compare` names the place of each:\n\n| build | |\n|--|--|\n"
    for build, result in zip(points.BUILDS, together):
        reasons = sorted(result.reasons.items(), key=lambda r: (-r[1], r[0]))
        text += f"| {build.name} | {', '.join(f'{n} {reason}' for reason, n in reasons)} |\n"
    return text


def counted():
    """How many nodes the Go tests count, by model."""
    with open(os.path.join(files.ROOT, "tests", "testdata", "sync_points.txt"), encoding="utf-8") as f:
        return {name: int(count) for name, count in re.findall(r"^(\w+): (\d+);", f.read(), re.MULTILINE)}


def check(measured):
    """What is wrong with the models that were measured, those that were not left out."""
    expected = counted()
    for name, (count, results) in measured.items():
        if count != expected.get(name):
            yield f"{name}: {count} nodes, the Go tests count {expected.get(name)}"
        for build, result in zip(points.BUILDS, results):
            yield from (f"{name}: {build.name}: {problem}" for problem in result.problems)
    count = sum(count for count, _ in measured.values())
    for build, result in zip(points.BUILDS, total([results for _, results in measured.values()])):
        if count and result.points < build.least * count:
            yield f"{build.name}: {result.points} of {count} nodes have a point, {100 * build.least:.0f} % must"


def store(folder, lines, out):
    """Packs what PyTorch computes of some models, and a model of half types, which the corpus has none of."""
    with tempfile.TemporaryDirectory() as tmp:
        made = [(folder, line) for line in lines] + [(tmp, half.export(tmp))]
        kept = []
        for where, line in made:
            case = corpus.load(where, line)
            points.save(case, os.path.join(tmp, line["name"] + ".intermediates.safetensors"))
            kept.append({"name": line["name"], "functions": [fn for fn, _ in case.calls] if len(case.programs) > 1 else []})
        files.pack(os.path.join(out, "stored_points.zip"), tmp, kept)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--aiopt", default="./aiopt")
    ap.add_argument("--only", default="", help="models whose name matches")
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    ap.add_argument("--docs", action="store_true", help="write docs/sync-points.md")
    ap.add_argument("--store", metavar="DIR", help="write what PyTorch computes of small models, and compare nothing")
    args = ap.parse_args()
    corpus.define_operators()
    workers.start()
    with tempfile.TemporaryDirectory() as folder:
        lines = [line for line in corpus.unpack(folder) if re.search(args.only, line["name"])]
        if args.store:
            store(folder, [line for line in lines if line["name"] in STORED], args.store)
            return
        measured, problems = {}, []
        with workers.pool(args.jobs) as pool:
            work = pool.map(partial(points.measure, os.path.abspath(args.aiopt), folder), lines)
            for line, (count, results) in zip(lines, work):
                if isinstance(results, str):
                    problems.append(f"{line['name']}: {results}")
                    continue
                measured[line["name"]] = count, results
                print(row(line["name"], count, results), end="", flush=True)
    print(row("all", sum(count for count, _ in measured.values()), total([results for _, results in measured.values()])), end="")
    problems += check(measured)
    for problem in problems:
        print(f"FAIL {problem}")
    if args.docs and not problems:
        with open(os.path.join(files.ROOT, "docs", "sync-points.md"), "w", encoding="utf-8") as f:
            f.write(document(measured))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
