"""Cases of programs with dynamic sizes; each file has a list `feature` or `model`."""

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.export import Dim

from ..files import BY_NAME

# Sizes that many programs have.
S8 = dict(S=(2, 8))
AT8 = dict(traced=dict(S=5), calls=[dict(S=2), dict(S=7), dict(S=8)])
OUT8 = [(dict(S=9), r"x.*dimension 0 is 9.*2\.\.8"), (dict(S=1), r"x.*dimension 0 is 1.*2\.\.8")]


@dataclass
class Case:
    """A module, its inputs by specification, and the sizes it is traced, called and refused at.

    An input is written `f32[B,16*A,3]`, `i64[S]<10` (elements below 10), or `int K` for a symbolic integer. dims gives
    each name its range (min, max), or what torch.export takes: Dim.DYNAMIC, Dim.AUTO(min=2, max=8). With deferred,
    PyTorch checks at run time what it would otherwise demand of the sizes before the call. Of calls, those that the
    exported program refuses must be refused. refused pairs sizes with the pattern that the message must match.
    """

    name: str
    group: str
    make: Any
    inputs: tuple
    dims: dict
    traced: dict
    calls: list
    refused: list
    level: str
    tol: tuple  # atol, rtol
    fill: Any  # makes the inputs from those that the specifications give
    strict: bool
    deferred: bool

    def args(self, sizes, seed):
        """The inputs at some sizes."""
        torch.manual_seed(seed)
        out = [one_input(spec, sizes) for spec in self.inputs]
        return tuple(self.fill(*out, **sizes)) if self.fill else tuple(out)

    def shapes(self):
        """The dynamic sizes of the inputs, as torch.export takes them."""
        names = {n: r if not isinstance(r, tuple) else Dim(n, min=r[0], max=r[1]) for n, r in self.dims.items()}
        return tuple(one_shape(spec, names) for spec in self.inputs)


def one_input(spec, sizes):
    if spec.startswith("int "):
        return int(eval(spec[4:], {}, dict(sizes)))
    dtype, shape, limit = re.fullmatch(r"(\w+)\[(.*)\](?:<(\d+))?", spec).groups()
    shape, dtype = eval(f"[{shape}]", {}, dict(sizes)), BY_NAME[dtype.upper()]
    if dtype.is_floating_point:
        return torch.randn(shape, dtype=dtype)
    if dtype == torch.bool:
        return torch.rand(shape) > 0.5
    return torch.randint(0, int(limit or 10), shape, dtype=dtype)


def one_shape(spec, names):
    if spec.startswith("int "):
        return eval(spec[4:], {}, dict(names))
    dims = eval("[" + spec[spec.index("[") + 1:spec.rindex("]")] + "]", {}, dict(names))
    return {i: d for i, d in enumerate(dims) if not isinstance(d, int)}


class Cases(list):
    """The cases of a file: `feature = Cases("features")`, then `@feature("f32[S]", S=(2, 8), ...)` before a function.

    A feature is a function of tensors; a model a function that gives a module.
    """

    def __init__(self, group):
        super().__init__()
        self.group = group

    def __call__(self, *inputs, traced, calls, refused=(), levels=("training",), tol=None, fill=None, strict=False, deferred=False,
                 **dims):
        if tol is None:
            tol = (1e-4, 1e-4) if self.group == "models" else (1e-5, 1e-5)

        def add(fn):
            make = fn if self.group == "models" else type("Program", (nn.Module,), {"forward": staticmethod(fn)})
            for level in levels:
                name = fn.__name__ + ("_core" if level == "core" else "")
                self.append(Case(name, self.group, make, inputs, dims, traced, calls, refused, level, tol, fill, strict, deferred))
            return fn

        return add
