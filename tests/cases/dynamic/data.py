"""Sizes that the data decides."""

import torch
import torch.nn.functional as F

from . import S8, AT8, Cases

feature = Cases("features")


@feature("f32[S,4]", **S8, **AT8)
def nonzero_size(x):
    at = (x > 0).nonzero()
    return at, at.shape[0], x[x > 0], torch.masked_select(x, x < 0.5) * 2, torch.zeros(at.shape[0], 2).sum(1)


@feature("f32[S,4]", "i64[S]<4", **S8, **AT8)
def repeated(x, counts):
    y = x.repeat_interleave(counts, dim=0)
    return y, y.shape[0], y.sum(0), x.repeat_interleave(2, dim=0)


@feature("f32[S,4]", "i64[]<2", **S8, **AT8)
def item_size(x, n):
    k = n.item()
    torch._check(k >= 0)
    torch._check(k <= x.shape[0])
    return x[:k], x[k:], torch.ones(k + 1, 3), torch.arange(k), x.narrow(0, k, 1)


@feature("f32[S,4]", "i64[2]<4", **S8, **AT8)
def sizes_of_list(x, n):
    a, b = n.tolist()
    torch._check(a >= 0)
    torch._check(b >= 0)
    return torch.zeros(a, b), torch.ones(a + b).sum(), x * (a + 1)


@feature("i64[S]<5", **S8, **AT8)
def unique_values(x):
    u = torch.unique(x)
    return u, u.shape[0], torch.bincount(x, minlength=6)


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def nonzero_of_nonzero(x):
    i = (x[:, 0] > 0).nonzero().squeeze(1)
    y = x[i]
    j = (y[:, 1] > 0).nonzero().squeeze(1)
    return y[j], torch.cat([y, x]), y.sum() + y.shape[0], F.pad(y, (0, 0, 0, 2))


@feature("i64[S]<9", "i64[]<5", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def sizes_of_items(x, n):
    k, m = n.item(), x.max().item()
    for size in (k, m):
        torch._check(size >= 0)
        torch._check(size < 10)
    return (torch.arange(k + 1), torch.zeros(m + 1), x[:1].expand(k + 2), torch.ones(x.shape[0], k).sum(1), torch.full((2, k), 7), x * k,
            F.one_hot(x, 10))
