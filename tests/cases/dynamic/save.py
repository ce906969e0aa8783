"""Writes a case's files at each of its sizes, and runs aiopt on them."""

import inspect
import os
import re

import torch
from torch import nn

from .. import calls, compare, files

GUARDED = "guard|assert"  # what a message says where sizes in range break a condition of the program
NEEDED = 3  # calls of a case that PyTorch accepts


def build(case):
    """The case's module and its exported program."""
    torch.manual_seed(0)
    module = case.make().eval()
    for p in module.parameters():  # what starts at zero would test nothing
        if p.dim() > 0 and not p.any():
            nn.init.normal_(p, std=0.05)
    shapes = case.shapes()
    if case.group == "models" and takes_any(module.forward):
        shapes = (shapes,)
    program = torch.export.export(module, case.args(case.traced, 1), dynamic_shapes=shapes, strict=case.strict,
                                  prefer_deferred_runtime_asserts_over_guards=case.deferred)
    return module, files.at_level(program, case.level)


def takes_any(forward):
    return any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(forward).parameters.values())


def numbers(args):
    """The inputs of a call that are no tensors, by name."""
    return {f"in{i}": a for i, a in enumerate(args) if not isinstance(a, torch.Tensor)}


def tensors(args):
    return {n: t for n, t in calls.inputs(args).items() if n not in numbers(args)}


def make(case, folder):
    """Exports a case, and gives its line of the manifest."""
    module, program = build(case)
    base = os.path.join(folder, case.name)
    files.save_program(base + ".pt2", program)
    line = {"name": case.name, "group": case.group, "atol": case.tol[0], "rtol": case.tol[1], "sizes": [], "args": [], "refused": []}
    checked, refused = program.module(), list(case.refused)
    for sizes in case.calls:
        k = len(line["sizes"])
        args = case.args(sizes, 2 + k)
        try:
            exported = calls.outputs(checked(*calls.clones(args)))
        except (AssertionError, RuntimeError):
            refused.append((sizes, GUARDED))
            continue
        want = calls.outcome(module, args)
        for n, t in exported.items():
            if t.shape != want[n].shape:
                raise ValueError(f"{n} of the exported program is {list(t.shape)}, of the module {list(want[n].shape)}")
        files.write_tensors(f"{base}.{k}.in.safetensors", tensors(args))
        files.write_tensors(f"{base}.{k}.out.safetensors", want)
        line["sizes"].append(sizes)
        line["args"].append(numbers(args))
    if len(line["sizes"]) < NEEDED:
        raise ValueError(f"of the sizes {case.calls} PyTorch accepts {line['sizes']} only, {NEEDED} are needed")
    for k, (sizes, pattern) in enumerate(refused):
        args = case.args(sizes, 9)
        files.write_tensors(f"{base}.r{k}.in.safetensors", {n: torch.zeros_like(t) for n, t in tensors(args).items()})
        line["refused"].append({"sizes": sizes, "args": numbers(args), "says": pattern})
    return line


def check(aiopt, flags, folder, line):
    """Runs the calls of a case: a problem for each that fails."""
    base = os.path.join(folder, line["name"])

    def run(k, args):
        return compare.run(aiopt, base + ".pt2", f"{base}.{k}.in.safetensors", args, flags)

    problems = []
    for k, (sizes, args) in enumerate(zip(line["sizes"], line["args"])):
        ran = run(k, args)
        if ran.outputs is None:
            problems.append(f"{sizes}: {ran.message}")
            continue
        for name, want in files.read_tensors(f"{base}.{k}.out.safetensors").items():
            if why := compare.differs(line, ran.outputs.get(name), want):
                problems.append(f"{sizes}: {name}: {why}")
                break
    for k, refused in enumerate(line["refused"]):
        ran = run(f"r{k}", refused["args"])
        if ran.outputs is not None:
            problems.append(f"{refused['sizes']}: runs, want the message {refused['says']}")
        elif not re.search(refused["says"], ran.message):
            problems.append(f"{refused['sizes']}: says {ran.message!r}, want {refused['says']}")
    return problems
