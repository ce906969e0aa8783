#!/usr/bin/env python3
"""Compare aiopt with PyTorch on fresh cases drawn from PyTorch's own operator samples (OpInfo).

    python tests/refs.py --seed 1 --cases 2000 [--aiopt ./aiopt] [--jobs 2] [--only REGEXP]
                         [--level training|core|both] [--keep DIR] [--keep-all] [--json F] [--skipped]

Each case calls one operator with one sample, exported by torch.export, saved, run by `aiopt run` and compared with what
PyTorch computes. Needs torch 2.11 and expecttest (torch's test samples import it); LAPACK and scipy samples are used
where they are installed.

* A case is OP.DTYPE.ROUND. Rounds go over all operators in an order that the seed gives; an operator takes another of
  its dtypes each round. The seed and this name decide the sample, its numbers and its level, so
  `--seed 1 --only '^abs.int8.3$' --cases 1` repeats one case of seed 1.
* A tensor argument is an input, all others are constants of the module. Inputs are contiguous and share no memory.
* Where an operator has samples with empty or rank-0 tensors, each of these kinds gets a fifth of its rounds.
* A quarter of the rounds with real floats put nan, inf, -inf and -0.0 into the inputs: elementwise operators,
  reductions, scans, sorts and poolings only, named `special` in the output. Complex inputs are finite: elsewhere the
  parts of a complex result are unspecified.
* A value matches within atol + rtol*|want| + min(4*eager_err, s*|want| + 20*atol), s = 2^-6 for f16 and bf16, 2^-12
  otherwise; eager_err is what PyTorch's result is off by from its float64 one. Integers and bools are equal. atol and
  rtol are the largest that torch.testing has for the dtypes of the outputs. "float64 agrees with aiopt" marks failures
  where PyTorch's rounding of intermediate results, not aiopt, is what the tolerance does not cover.
* Not counted: cases that PyTorch cannot compute, export or save, and failing ones whose exported program, run by
  PyTorch itself, differs from the eager result too.

Prints each failing case, tables of reasons and of targets, and 'N passed, N failed' last; exits 1 where one failed.
"""
import argparse
import itertools
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from functools import partial

from cases import calls, compare, files, samples, workers
from cases.opinfo import CannotMake, op_db, plan


def failure(ran):
    """Why a run gave nothing, in one line."""
    lines = [line for line in ran.message.splitlines() if line.strip()]
    missing = re.findall(r"^  (\S+), \d+ calls?", ran.message, re.MULTILINE)
    if ran.code == 124:
        return ran.message
    if "goroutine " in ran.message or ran.code < 0:
        return f"crash: {lines[0][:300]}"
    return f"no lowering: {', '.join(missing)}" if missing else f"error: {' | '.join(lines)[:600]}"


def run_aiopt(aiopt, base, made):
    """Runs aiopt on a saved case; None where all outputs match, else the reason."""
    ran = compare.run(aiopt, base + ".pt2", base + ".in.safetensors")
    if ran.outputs is None:
        return failure(ran)
    for key, want in made.want.items():
        got = ran.outputs.get(key)
        if why := compare.differs(made.line, got, want):
            rounded = made.wide[key].to(want.dtype) if key in made.wide else want
            return f"{key}: {why}" + ("" if compare.differs(made.line, got, rounded) else "; float64 agrees with aiopt")
    return None


def torch_disagrees(made):
    """Whether the exported program, run by PyTorch, differs from the eager result as well."""
    try:
        got = calls.outputs(made.program.module()(*calls.clones(made.inputs)))
    except Exception:
        return True
    return any(compare.differs(made.line, got.get(k), t) for k, t in made.want.items() if k.startswith("out"))


def check(args, job):
    """Makes and runs a case: (its line or None, reason or None); without a line the reason is why there is no case."""
    name, index, dtype, level = job
    with tempfile.TemporaryDirectory() as tmp:
        base = os.path.join(tmp, name)
        try:
            with workers.limit(120):
                made = samples.make(name, op_db[index], dtype, level, args.seed)
                samples.save(base, made)
                reason = run_aiopt(args.aiopt, base, made)
                if reason and torch_disagrees(made):
                    raise CannotMake("PyTorch's exported program differs from its eager result")
        except (CannotMake, TimeoutError) as e:
            return None, f"{name} {level}: {e}"
        if args.keep and (reason or args.keep_all):
            for ending in (".pt2", ".in.safetensors", ".out.safetensors"):
                shutil.copy(base + ending, args.keep)
        return made.line, reason


def draw(args, count):
    """Yields count results (case, reason), and those without a case between them, in the order of the plan."""
    index = {id(op): i for i, op in enumerate(op_db)}
    jobs = ((name, index[id(op)], dtype, level) for name, op, dtype, level in itertools.islice(plan(args.seed, args.level), 500000)
            if re.search(args.only, name))
    with workers.pool(args.jobs) as pool:
        while count:
            batch = list(itertools.islice(jobs, count + (count > 20) * count // 8))
            if not batch:
                return
            for case, reason in pool.map(partial(check, args), batch):
                if case is None:
                    yield case, reason
                elif count:
                    count -= 1
                    yield case, reason


def kind_of(reason):
    """A reason without its numbers and names, so that equal ones can be counted."""
    if reason.startswith("no lowering"):
        return reason
    if re.match(r"\w+: \d+ of \d+ differ", reason):
        return "values differ" + "; float64 agrees with aiopt" * reason.endswith("with aiopt")
    reason = re.sub(r"tensor<\S+>", "tensor<>", reason)
    reason = re.sub(r"\"?/\S+\.py:\d+\S*|'[^']*'|\"[^\"]*\"|%\w+", "*", reason)
    return re.sub(r"-?\d[\d.e+-]*|\binf\b|-?\bnan\b|True|False", "#", reason)[:150]


def print_tables(failed, totals):
    print("\ncases  reason (operators)")
    groups = defaultdict(Counter)
    for case, reason in failed:
        groups[kind_of(reason)][case["op"]] += 1
    for reason, ops in sorted(groups.items(), key=lambda g: (-g[1].total(), g[0]))[:60]:
        print(f"{ops.total():5d}  {reason}  ({', '.join(o for o, _ in ops.most_common(24))})")
    print("\nfailed of  target")
    targets = Counter(t for case, _ in failed for t in case["targets"])
    for target, n in sorted(targets.items(), key=lambda t: (-t[1] / totals[t[0]], -t[1], t[0]))[:80]:
        print(f"{n:5d} {totals[target]:5d}  {target}")


def print_counts(results, skipped):
    print(f"\n{len({case['op'] for case, _ in results})} operators; {len(skipped)} cases not counted, "
          f"which PyTorch cannot compute, export or save alike:")
    for why, n in Counter(re.sub(r"^\S+ \w+: ", "", s)[:60] for s in skipped).most_common(8):
        print(f"{n:5d}  {why}")
    failed = sum(bool(reason) for _, reason in results)
    print(f"{len(results) - failed} passed, {failed} failed")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--cases", type=int, default=2000)
    ap.add_argument("--aiopt", default="./aiopt")
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    ap.add_argument("--only", default="", help="cases whose OP.DTYPE.ROUND matches")
    ap.add_argument("--level", choices=["training", "core", "both"], default="both")
    ap.add_argument("--keep", help="write failing cases here, with a manifest.jsonl")
    ap.add_argument("--keep-all", action="store_true", help="with --keep: write all cases")
    ap.add_argument("--json", help="write {case: reason or null} here")
    ap.add_argument("--skipped", action="store_true", help="print each case that PyTorch could not make, and why")
    args = ap.parse_args()
    args.aiopt = os.path.abspath(args.aiopt) if os.path.exists(args.aiopt) else args.aiopt
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
    workers.start()
    results, skipped = [], []
    for case, reason in draw(args, args.cases):
        if case is None:
            skipped.append(reason)
            if args.skipped:
                print(f"SKIP {reason}", flush=True)
            continue
        results.append((case, reason))
        if reason:
            special = " special" if case["special"] else ""
            print(f"FAIL {case['name']} sample {case['sample']}{special} {case['level']}: {reason}", flush=True)
    failed = [(case, reason) for case, reason in results if reason]
    if failed:
        print_tables(failed, Counter(t for case, _ in results for t in case["targets"]))
    if args.keep:
        files.write_manifest(args.keep, [case for case, reason in results if reason or args.keep_all])
    if args.json:
        with open(args.json, "w") as f:
            json.dump({case["name"]: reason for case, reason in results}, f, indent=0, sort_keys=True)
    print_counts(results, skipped)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
