"""Sizes that PyTorch computes in floating point, and the conditions on them that it checks at the call."""

import math

import torch
import torch.nn.functional as F
from torch.export import Dim

from . import Cases

feature = Cases("features")


@feature("f32[2,S]", S=Dim.AUTO, traced=dict(S=20), calls=[dict(S=20), dict(S=22), dict(S=23), dict(S=19), dict(S=24), dict(S=31)])
def float_slice(x):
    return x[:, :int(x.shape[1] * 0.3)]


@feature("f32[S,2]", S=Dim.AUTO, traced=dict(S=17), calls=[dict(S=16), dict(S=24), dict(S=19), dict(S=25), dict(S=36)])
def square_side(x):
    side = int(x.shape[0]**0.5)
    return x[:side * side].reshape(side, side, 2)


@feature("f32[S,2]", S=(4, 40), deferred=True, traced=dict(S=11),
         calls=[dict(S=4), dict(S=10), dict(S=20), dict(S=30), dict(S=39), dict(S=40)])
def float_sizes(x):
    s = x.shape[0]
    return (x[:math.trunc(s * 0.7)], x[s - math.trunc(s * 0.3):], x.new_ones(math.trunc(s / 0.3)), torch.arange(math.trunc(s / 3.0)),
            x.new_zeros(math.trunc(0.1 * s * s), math.trunc(s * 0.5)), math.trunc(s * 1.7 + 0.6), x[:math.trunc(s**0.5)])


@feature("f32[S]", "f32[T]", S=Dim.AUTO(max=64), T=Dim.AUTO(max=64), traced=dict(S=20, T=6),
         calls=[dict(S=20, T=5), dict(S=7, T=3), dict(S=64, T=50), dict(S=20, T=12), dict(S=20, T=14), dict(S=6, T=64), dict(S=10, T=7)])
def float_conditions(x, y):
    if 0.7 * x.shape[0] >= y.shape[0] and x.shape[0] / 0.3 > 21.5:
        return x * y.sum()
    return x - y.mean()


def resize(factor, mode, *calls, tol=(1e-5, 1e-5)):
    """A case of F.interpolate by a factor, of sizes that stay open."""

    def resized(x):
        return F.interpolate(x, scale_factor=factor, mode=mode)

    resized.__name__ = f"resized_{mode}_{round(100 * factor)}"
    sizes = [dict(H=h, W=w) for h, w in calls]
    feature("f32[1,2,H,W]", H=Dim.AUTO, W=Dim.AUTO, traced=dict(H=12, W=14), calls=sizes, tol=tol)(resized)


for factor, calls in {0.5: [(8, 20), (13, 4), (7, 9), (3, 20), (20, 2)],
                      0.7: [(10, 20), (13, 4), (7, 3), (2, 20), (20, 2)],
                      1.7: [(10, 20), (2, 13), (7, 3)],
                      1 / 3: [(6, 21), (13, 8), (30, 9), (5, 20), (20, 2)]}.items():
    for mode in ("nearest", "bilinear", "bicubic"):
        resize(factor, mode, *calls, tol=(1e-5, 1e-4) if mode == "bicubic" else (1e-5, 1e-5))
