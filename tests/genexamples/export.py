#!/usr/bin/env python3
"""Export small programs that call PyTorch's operators, one at a time, for tools/operators/examples.air.

    python tests/genexamples/export.py DIR [--only REGEXP] [--jobs 2]
    go run ./tests/genexamples DIR tests/genexamples tests/corpus/*.zip

The programs come from PyTorch's own operator samples (OpInfo), of each operator the smallest samples that differ in which
arguments they give, at both levels, and from calls.txt, which has a call of an overload on each line, for what no sample
reaches or only with large tensors. Programs that are there already are not made again.
Needs what tests/refs.py needs; torchvision and torchao add their operators when they are installed.
"""
import argparse
import contextlib
import math
import operator
import os
import re
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import torch
import torch.ao.quantization.fx._decomposed  # registers quantized_decomposed
from torch.utils import _pytree as pytree

from cases import files, opinfo, workers
from cases.opinfo import op_db, short_name

PREFERRED = [torch.float32, torch.int64, torch.bool, torch.complex64, torch.float64, torch.uint8]
MOST = 8  # samples of an operator
CALLS = os.path.join(HERE, "calls.txt")


def weight(sample):
    """Elements of a sample's tensors; those that show nothing, empty ones and ranks of 0, come last."""
    tensors = opinfo.tensors(sample)
    dull = any(t.numel() == 0 for t in tensors) or (tensors and all(t.ndim == 0 for t in tensors))
    return (bool(dull), sum(t.numel() for t in tensors))


def shape_of_call(sample):
    leaves, spec = pytree.tree_flatten((opinfo.arguments(sample), sample.kwargs))
    return str(spec) + " ".join(type(leaf).__name__ for leaf in leaves)


def export(path, op, args, kwargs, level):
    module, inputs = opinfo.calls_of(op, args, kwargs)
    program = torch.export.export(module, tuple(inputs), strict=False)
    files.save_program(path, files.at_level(program, level))


def from_opinfo(folder, index):
    op = op_db[index]
    dtypes = op.supported_dtypes("cpu")
    dtype = next((d for d in PREFERRED if d in dtypes), None)
    if dtype is None:
        return
    samples, seen = sorted(op.sample_inputs("cpu", dtype), key=weight), set()
    for sample in samples:
        key = shape_of_call(sample)
        if key in seen or len(seen) == MOST:
            continue
        seen.add(key)
        kwargs = {**sample.kwargs, **opinfo.EVAL.get(short_name(op), {})}
        for level in files.LEVELS if len(seen) <= 2 else files.LEVELS[:1]:
            path = os.path.join(folder, f"{short_name(op)}.{len(seen)}.{level}.pt2")
            guarded(path, export, path, op.op, opinfo.arguments(sample), kwargs, level)


def from_line(folder, line):
    """A line is a call such as aten.glu.default(f32[4, 6], 1), Dtype explains f32, or an expression after `python`."""
    path = os.path.join(folder, f"call.{zlib.crc32(line.encode()):08x}." + re.sub(r"\W+", "_", line)[:60] + ".pt2")
    if line.startswith("python "):
        guarded(path, export, path, numbers(line.removeprefix("python ")), (f32(0.5, 0.7), i64(3, 2)), {}, "training")
        return
    name = line[: line.index("(")]

    def run():
        op = torch.ops
        for part in name.split("."):
            op = getattr(op, part)
        args, kwargs = eval("(lambda *a, **k: (a, k))" + line[line.index("("):], NAMES)
        export(path, op, args, kwargs, "training")

    guarded(path, run)


def numbers(expression):
    """A function of a tensor of floats and one of integers, which gives an expression of their items."""
    code = compile(expression, expression, "eval")

    def compute(floats, integers):
        (a, b), (n, m) = ([t[0].item(), t[1].item()] for t in (floats, integers))
        value = eval(code, {"a": a, "b": b, "n": n, "m": m, "torch": torch, "math": math, "not_": operator.not_})
        return torch.full((2,), 0.0) + value if not isinstance(value, torch.SymBool) else torch.full((2,), 0.0) + torch.sym_ite(value, a, b)

    return compute


class Dtype:
    """f32[2, 3] is a tensor of small numbers that differ; f32(1, 2) one of these numbers."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __getitem__(self, shape):
        shape = shape if isinstance(shape, tuple) else (shape,)
        size = torch.Size(shape).numel()
        return (torch.arange(size) % 7).to(self.dtype).reshape(shape) if self.dtype != torch.float32 else \
            (torch.arange(size) % 11 + 1).to(self.dtype).reshape(shape) / 10

    def __call__(self, *values):
        return torch.tensor(values, dtype=self.dtype)


f32, i64 = Dtype(torch.float32), Dtype(torch.int64)
NAMES = {**{name.lower(): Dtype(dtype) for name, dtype in files.BY_NAME.items()},
         "torch": torch, "b": Dtype(torch.bool), "s": lambda t: t.reshape(())}


def guarded(path, fn, *args):
    """Makes a file that is not there; what PyTorch cannot export is reported."""
    if os.path.exists(path):
        return
    try:
        with workers.limit(60):
            fn(*args)
    except Exception as e:
        print(f"{os.path.basename(path)}: {workers.first_line(e)}", flush=True)
        if os.path.exists(path):
            os.remove(path)


def work(job):
    fn, *args = job
    try:
        fn(*args)
    except Exception as e:
        print(f"{args[-1]}: {workers.first_line(e)}", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("dir")
    ap.add_argument("--only", default="", help="operators of OpInfo, and lines of calls.txt, that match")
    ap.add_argument("--jobs", type=int, default=2)
    args = ap.parse_args()
    workers.start()
    os.makedirs(args.dir, exist_ok=True)
    for name in ("torchvision", "torchao"):
        with contextlib.suppress(ImportError):
            __import__(name)
    jobs = [(from_opinfo, args.dir, i) for i, op in enumerate(op_db) if re.search(args.only, short_name(op))]
    with open(CALLS) as f:
        jobs += [(from_line, args.dir, line.strip()) for line in f
                 if line.strip() and not line.startswith("#") and re.search(args.only, line)]
    with workers.pool(args.jobs) as pool:
        list(pool.map(work, jobs))


if __name__ == "__main__":
    main()
