"""Compares builds of a model with what PyTorch computes, and says which of its nodes have a point."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from typing import NamedTuple

from . import corpus, files, nodes
from .workers import first_line

sys.path.insert(0, os.path.join(files.ROOT, "frontend", "python"))
import aiopt  # noqa: E402


class Build(NamedTuple):
    name: str
    passes: str
    engine: str
    least: float = 0  # the share of all nodes that must have a point
    red: float = 0  # dB that each point must have


UNFUSED = "decompose{composites=false}, fold, cse, canonicalize, kv-cache, dce, layout{convs=dense}"
BUILDS = [
    Build("unfused", UNFUSED, "interp", least=0.95, red=60),
    Build("@cpu", "@cpu", "cpu", red=60),
    Build("fp16", "decompose, fp16, fuse", "interp"),
    Build("w4", "decompose, fuse, w4", "interp", least=0.60),
    Build("w4 on cpu", "decompose, fuse, w4", "cpu"),
]
NO_WEIGHTS = "found no weight to compress"

# Why a tensor has no point: a pass lost it, with the place, an engine does not show it, the model did not compute it, or it is
# an input.
REASON = re.compile(r"lost by (?P<pass>[\w-]+)( into %\S+|: nothing that is left uses it)$|inside kernel %\S+, which the backend \w+ does not expose$|not computed: |given: ")


class Result(NamedTuple):
    """What became of a model's nodes in a build."""

    points: int  # nodes with one
    reasons: Counter  # of the others: how many for each kind of reason
    decibels: list  # of each node with a point, in its worst call
    problems: list


def save(case, path):
    """Saves what PyTorch computes in a case's calls."""
    if case.several:
        return aiopt.save_calls(case.archive, [(name, tuple(inputs)) for name, inputs in case.calls], path)
    (name, inputs), = case.calls
    names = [spec.arg.name for spec in case.programs[name].graph_signature.input_specs if spec.kind.name == "USER_INPUT"]
    return aiopt.save_intermediates(case.archive, dict(zip(names, inputs)), path)


def compared(command, case, saved, build):
    """The report of `aiopt compare`. A model without weights is built without compressing any."""
    args = [command, "compare", case.archive, saved, "--json", "--threads=1", "--backend=" + build.engine]
    for passes in (build.passes, build.passes.removesuffix(", w4")):
        done = subprocess.run([*args, "-passes=" + passes], capture_output=True, text=True, timeout=600)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if NO_WEIGHTS not in done.stderr:
            break
    raise RuntimeError(done.stderr.strip()[-1500:])


def measure(command, folder, line):
    """The nodes of a case, and a Result for each build; or what went wrong."""
    with tempfile.TemporaryDirectory() as tmp:
        try:
            case = corpus.load(folder, line)
            saved = os.path.join(tmp, line["name"] + ".intermediates.safetensors")
            save(case, saved)
            wanted = {fn: nodes.computing(case.programs[fn]) for fn, _ in case.calls}
            return sum(map(len, wanted.values())), [judge(compared(command, case, saved, build), case, wanted, build) for build in BUILDS]
        except Exception as e:
            return 0, first_line(e)


def judge(report, case, wanted, build):
    """Holds a report against the nodes that there are. A node has a point if it has one in a call."""
    points, reasons = {}, {}
    for point in report["points"]:
        for name in (point["name"], *point.get("also", ())):
            points[point["call"], name] = point
    for missing in report["unmatched"]:
        reasons[missing["call"], missing["name"]] = missing["reason"]
    worst, why, problems = {}, {}, []
    for call, (fn, _) in enumerate(case.calls):
        for name in wanted[fn]:
            if point := points.get((call, name)):
                decibels = psnr(point)
                if decibels < build.red:
                    problems.append(f"{name} of call {call}: {decibels:.1f} dB {point.get('problem', '')}")
                worst[fn, name] = min(decibels, worst.get((fn, name), decibels))
                continue
            reason = reasons.get((call, name), "no reason")
            known = REASON.match(reason)
            if not known:
                problems.append(f"{name} of call {call} has no point: {reason}")
            why[fn, name] = f"lost by {known['pass']}" if known and known["pass"] else re.match(r"inside kernel|not computed|\w+", reason)[0]
    kinds = Counter(reason for node, reason in why.items() if node not in worst)
    return Result(len(worst), kinds, list(worst.values()), problems)


def psnr(point):
    """A point's PSNR; tensors without elements are equal, and what cannot be compared is far off."""
    scores = point["scores"]
    if scores is None or scores["nonfinite"]:
        return float("-inf")
    return float("inf") if scores["psnr"] is None else float(scores["psnr"])


def median(decibels):
    return statistics.median(decibels) if decibels else float("nan")
