"""Conditions, loops and scans at dynamic sizes."""

import torch
from torch.export import Dim

from . import Cases

feature = Cases("features")


@feature("f32[S,4]", "f32[T,4]", S=(2, 8), T=(2, 8), traced=dict(S=5, T=3), calls=[dict(S=2, T=2), dict(S=8, T=3), dict(S=3, T=8)])
def cond_of_tensor(x, y):
    return torch.cond(x.sum() > 0, lambda a, b: a.sum(0) + b.sum(0), lambda a, b: a.mean(0) - b.amax(0), (x, y)), \
        torch.cond(y.sum() > 0, lambda a: a * 2, lambda a: a.sin() + a.shape[0], (x,))


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def cond_of_size(x):
    return torch.cond(x.shape[0] > 8, lambda a: a.cos(), lambda a: a.sin() * a.shape[0], (x,))


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def scanned(x):
    from torch._higher_order_ops.scan import scan
    last, all_ = scan(lambda c, r: (c + r, (c * r).clone()), torch.zeros(4), x, dim=0)
    return last, all_


@feature("f32[B,S]", B=(1, 4), S=(2, 16), traced=dict(B=2, S=6), calls=[dict(B=1, S=2), dict(B=3, S=9), dict(B=4, S=16)])
def while_loop(x):
    from torch._higher_order_ops.while_loop import while_loop as loop
    return loop(lambda i, y: i < 4, lambda i, y: (i + 1, y * 1.5 + y.sum(0, keepdim=True)), (torch.tensor(0), x))


@feature("f32[B,S]", B=(1, 4), S=(2, 16), traced=dict(B=2, S=6), calls=[dict(B=1, S=2), dict(B=3, S=9), dict(B=4, S=16)])
def mapped(x):
    from torch._higher_order_ops.map import map as map_
    return map_(lambda r, k: r.cumsum(0) * k.sum() + r.shape[0], x, x.sum(0))


@feature("f32[B,S]", B=Dim.AUTO, S=Dim.AUTO, traced=dict(B=3, S=6), calls=[dict(B=2, S=2), dict(B=5, S=9), dict(B=2, S=16)])
def cond_that_grows(x):
    return torch.cond(x.sum() > 0, lambda a: torch.cat([a, a]), lambda a: torch.cat([a * 2, a.sin()]), (x,))


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def scanned_backwards(x):
    from torch._higher_order_ops.scan import scan
    last, all_ = scan(lambda c, r: (c * 0.5 + r.sum(), (c[:, None] * r[None]).sum(1)), torch.zeros(x.shape[0]), x, dim=0, reverse=True)
    return last, all_


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def loop_over_size(x):
    from torch._higher_order_ops.while_loop import while_loop as loop
    return loop(lambda i, y: i < y.shape[0], lambda i, y: (i + 1, y + i * y.shape[0]), (torch.tensor(0), x))
