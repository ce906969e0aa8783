"""Makes a case of one operator with one of PyTorch's samples for it."""

import random
import zlib
from typing import Any, NamedTuple

import numpy
import torch

from . import files
from .calls import clones, outcome
from .opinfo import EVAL, INVARIANT, Calls, CannotMake, arguments, calls_of, draw_sample, put_specials, short_name, special_inputs
from .workers import first_line

WIDE = {torch.float16: torch.float64, torch.bfloat16: torch.float64, torch.float32: torch.float64,
        torch.complex64: torch.complex128}


class Made(NamedTuple):
    line: dict  # of the manifest
    inputs: list
    want: dict  # what PyTorch gives
    wide: dict  # and what it gives with float64
    program: Any


def step(name, fn):
    """What fn gives; that PyTorch cannot do this step is no fault of the case."""
    try:
        return fn()
    except (CannotMake, TimeoutError):
        raise
    except Exception as e:
        raise CannotMake(f"{name}: {first_line(e)}") from e


def make(name, op, dtype, level, seed):
    """The case of this name: the seed and the name decide the sample, its numbers and all else."""
    key = zlib.crc32(f"{seed}/{name}".encode())
    choice = random.Random(key)
    random.seed(key)
    numpy.random.seed(key)
    torch.manual_seed(key)
    short = short_name(op)
    label, sample = step("sample", lambda: draw_sample(op, dtype, choice))
    kwargs = sample.kwargs | {k: v for k, v in EVAL.get(short, {}).items() if k in sample.kwargs or k == "training"}
    call = op.op
    if invariant := INVARIANT.get(short):
        def call(*args, **kwargs):
            return invariant(op.op(*args, **kwargs), args[0])
    module, inputs = calls_of(call, arguments(sample), kwargs)
    possible = special_inputs(op, inputs)
    special = bool(possible) and choice.random() < 0.25 and put_specials(possible, choice)
    want = step("eager", lambda: outcome(module, inputs))
    if not want or any(t.dtype not in files.DTYPES for t in want.values()):
        raise CannotMake("no output, or of a dtype that is not compared")
    program = step("export", lambda: files.at_level(torch.export.export(module, tuple(clones(inputs)), strict=False), level))
    wide = wide_outputs(module, inputs) if any(t.dtype in WIDE for t in want.values()) else {}
    tolerances = [files.DTYPES[t.dtype] for t in want.values()]
    line = {"name": name, "kind": "op", "op": op.name, "dtype": str(dtype)[6:], "level": level, "strict": False,
            "atol": max(t[1] for t in tolerances), "rtol": max(t[2] for t in tolerances),
            "eager_err": eager_error(want, wide), "sample": label, "special": special,
            "inputs": [{"tensor": f"in{i}"} for i in range(len(inputs))],
            "outputs": [{"tensor": k} for k in want if k.startswith("out")], "state": [],
            "mutated_inputs": [int(k[3:]) for k in want if k.startswith("mut")], "dynamic": False,
            "targets": files.targets(program)}
    return Made(line, inputs, want, wide, program)


def wide_outputs(module, inputs):
    """What PyTorch gives with floats widened to float64; empty where it refuses that."""
    leaves = [WIDE.get(x, x) if isinstance(x, torch.dtype) else x for x in module.leaves]
    torch.set_default_dtype(torch.float64)  # so that integers are promoted to it
    try:
        return outcome(Calls(module.op, leaves, module.spec, module.slots), [t.to(WIDE.get(t.dtype, t.dtype)) for t in inputs])
    except Exception:
        return {}
    finally:
        torch.set_default_dtype(torch.float32)


def eager_error(want, wide):
    """How far PyTorch's outputs are off its wide ones, where both are finite; None where there is nothing to compare."""
    distances = [(t.to(WIDE[t.dtype]) - wide[name].to(WIDE[t.dtype])).abs().reshape(-1) for name, t in want.items()
                 if t.dtype in WIDE and name in wide and wide[name].shape == t.shape]
    finite = [d[d.isfinite()] for d in distances]
    return max((float(d.max()) for d in finite if d.numel()), default=0.0) if distances else None


def save(base, made):
    """Writes the files of a case, of which base is the path without the ending."""
    step("save", lambda: files.save_program(base + ".pt2", made.program))
    files.write_tensors(base + ".in.safetensors", {f"in{i}": t for i, t in enumerate(made.inputs)})
    files.write_tensors(base + ".out.safetensors", made.want)
