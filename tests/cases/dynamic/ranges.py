"""Which sizes a program takes, by its ranges, by what it does and by what it asks."""

import torch
from torch.export import Dim

from . import S8, AT8, OUT8, Cases

feature = Cases("features")


@feature("f32[S,3]", **S8, **AT8, refused=OUT8)
def range_of_sizes(x):
    return x * 2 + x.shape[0]


@feature("f32[S,3]", "int K", S=(2, 8), K=Dim.DYNAMIC(min=2, max=20), traced=dict(S=5, K=4),
         calls=[dict(S=2, K=2), dict(S=8, K=20), dict(S=3, K=3)],
         refused=[(dict(S=3, K=21), r"n.*21.*2\.\.20"), (dict(S=3, K=1), r"n.*1.*2\.\.20")])
def integer_input(x, n):
    return x.repeat(n, 1), torch.full((n,), 2.5), n * x.shape[0] + 1


@feature("f32[16*A,2*B+1]", A=(1, 4), B=(1, 5), traced=dict(A=2, B=3), calls=[dict(A=1, B=1), dict(A=3, B=2), dict(A=4, B=5)],
         refused=[(dict(A=5, B=1), r"x.*dimension 0 is 80.*1\.\.4"), (dict(A=1, B=6), r"x.*dimension 1 is 13.*1\.\.5")])
def derived_sizes(x):
    return x.sum(0), x * x.shape[0] + x.shape[1], x.softmax(1)


@feature("f32[L]", "f32[L+1]", L=(2, 8), traced=dict(L=5), calls=[dict(L=2), dict(L=7), dict(L=8)],
         refused=[((dict(L=9)), r"9.*2\.\.8")])
def one_longer(x, y):
    return x + y[1:], y[:-1] * x


@feature("f32[S,4]", "f32[4,S]", S=(1, 8), traced=dict(S=5), calls=[dict(S=1), dict(S=7), dict(S=8)])
def shared_size(x, y):
    return x @ y, x + y.T


@feature("f32[A,4]", "f32[B,4]", A=Dim.AUTO, B=Dim.AUTO, traced=dict(A=5, B=5), calls=[dict(A=2, B=2), dict(A=9, B=9), dict(A=4, B=4)],
         refused=[(dict(A=4, B=5), r"y")])
def equal_by_use(x, y):
    return x * y


@feature("f32[B,S,4]", B=Dim.DYNAMIC, S=Dim.DYNAMIC, traced=dict(B=3, S=5), calls=[dict(B=2, S=2), dict(B=7, S=30), dict(B=2, S=100)])
def without_limits(x):
    return x.transpose(0, 1).reshape(x.shape[1], -1), x.permute(2, 0, 1).flatten()


@feature("f32[S,4]", S=Dim.AUTO, traced=dict(S=5), calls=[dict(S=5), dict(S=5), dict(S=5)],
         refused=[(dict(S=6), r"x.*dimension 0 is 6.*5")])
def fixed_by_use(x):
    return x + torch.ones(5, 4)


@feature("f32[S,4]", S=Dim.AUTO, traced=dict(S=6), calls=[dict(S=4), dict(S=8), dict(S=20)], refused=[(dict(S=7), r"2")])
def divisible_by_use(x):
    return x.view(-1, 2, 4).sum(1), x.view(2, -1)


@feature("f32[S,4]", S=Dim.AUTO, traced=dict(S=6), calls=[dict(S=5), dict(S=8), dict(S=20)], refused=[(dict(S=4), r"4")])
def bounded_by_use(x):
    return x * 2 if x.shape[0] > 4 else x + 1


@feature("f32[S,3]", "f32[T,3]", S=Dim.AUTO, T=Dim.AUTO, traced=dict(S=6, T=3), calls=[dict(S=4, T=2), dict(S=8, T=7), dict(S=20, T=2)],
         refused=[(dict(S=3, T=3), r"guard"), (dict(S=3, T=8), r"guard")])
def compared_by_use(x, y):
    return x[: y.shape[0]] + y if x.shape[0] > y.shape[0] else x.sum() + y


@feature("f32[S,4]", S=(3, 16), traced=dict(S=6), calls=[dict(S=3), dict(S=9), dict(S=16)], strict=True)
def traced_strictly(x):
    return x[: x.shape[0] - 1], torch.zeros_like(x).cumsum(0) + x, x.reshape(-1)


@feature("f32[S,4]", "int K", S=(9, 16), K=Dim.DYNAMIC(min=2, max=9), traced=dict(S=12, K=3),
         calls=[dict(S=9, K=2), dict(S=10, K=9), dict(S=16, K=5)])
def integer_bounds(x, k):
    return (x[:k], x[k - 1:], x.roll(k, 0), x * k, torch.arange(k, 2 * k), x / k, x.unsqueeze(0).expand(k, -1, -1).sum(0), x.shape[0] // k,
            x.shape[0] % k)
