"""Sizes as numbers: in ranges, as factors, as results."""

import math

import torch
import torch.nn.functional as F
from torch.export import Dim

from . import Cases

feature = Cases("features")


@feature("f32[S,4]", S=Dim.AUTO(min=2, max=16), traced=dict(S=6), calls=[dict(S=4), dict(S=9), dict(S=16), dict(S=3)])
def ranges_of_numbers(x):
    s = x.shape[0]
    return (torch.arange(s), torch.arange(1, 2 * s, 2), torch.arange(s, 0, -1), torch.arange(s, dtype=torch.float32) / s,
            torch.ones(s, s).tril(), torch.zeros(s + 1), torch.eye(s), torch.full((s, 2), s), x.new_zeros(s // 2, 3))


@feature("f32[4,S]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def sizes_as_factors(x):
    s = x.shape[1]
    return (x / s ** 0.5, x * torch.sym_max(s, 8), x * torch.sym_min(s, 8), x * (s / 3), x * torch.sym_float(s), x * (s % 3),
            x * ((s + 1) // 2), x * torch.sym_int(s / 2), x.sum(1) / s, x.mean(1), x.var(1), x * s ** 2, x * math.trunc(s / 4),
            x * (-s // 2), x * torch.sym_ite(s > 4, 3, 2), x * torch.sym_max(s / 2, 3.5))


@feature("f32[4,S]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)], levels=("training", "core"))
def sizes_as_results(x):
    s = x.shape[1]
    return s * s, s / 2, torch.tensor(s), torch.tensor([s, 2]), torch.scalar_tensor(s), x.numel(), torch.full((), s) + x.sum()


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def maxima_of_sizes(x):
    s = x.shape[0]
    n = torch.sym_max(s, 8)
    return torch.zeros(n).sum(), F.pad(x, (0, 0, 0, n - s)), torch.arange(torch.sym_min(s, 5))
