"""Views, slices, joins and changes in place at dynamic sizes."""

import torch
import torch.nn.functional as F
from torch.export import Dim

from . import Cases

feature = Cases("features")


@feature("f32[A,4]", "f32[B,4]", A=Dim.AUTO, B=Dim.AUTO, traced=dict(A=5, B=3), calls=[dict(A=2, B=7), dict(A=9, B=2), dict(A=4, B=4)])
def concatenated(x, y):
    z = torch.cat([x, y, x])
    return z, torch.stack([z, z]), torch.cat([z, z[:2]]).sum(0)


@feature("f32[S,1,4]", "f32[1,T,4]", "f32[4]", S=(1, 8), T=(1, 8), traced=dict(S=5, T=3),
         calls=[dict(S=1, T=1), dict(S=1, T=8), dict(S=8, T=2)])
def broadcast(x, y, z):
    return x * y + z, (x - y).sum(-1), torch.where(x > 0, y, z)


@feature("f32[B,S,6]", B=(1, 4), S=(2, 16), deferred=True, traced=dict(B=2, S=5), calls=[dict(B=1, S=2), dict(B=4, S=16), dict(B=3, S=7)],
         levels=("training", "core"))
def views(x):
    b, s, _ = x.shape
    y = x.view(b, -1, 2, 3).transpose(1, 2)
    return y, x.reshape(-1, 6), x.flatten(1), x.view(b * s, 6).view(b, s, 6).unflatten(2, (3, -1)), y.reshape(b, -1)


@feature("f32[S,4]", S=(4, 16), deferred=True, traced=dict(S=6), calls=[dict(S=4), dict(S=9), dict(S=16)], levels=("training", "core"))
def slices(x):
    s = x.shape[0]
    return x[s // 2:], x[:-2], x[1:s - 1], x[::3], x[-3:], x[s // 4: s // 2 + 1], x[-1], x.narrow(0, s // 2, 2), x[: min(s, 8)]


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def padded(x):
    s = x.shape[0]
    return F.pad(x, (0, s)), F.pad(x, (1, 2, 0, 16 - s), value=1.5), F.pad(x, (0, 0, 0, -s % 8)), F.pad(x.T[None], (1, 1), mode="reflect")


@feature("f32[2*L,4]", L=(2, 8), traced=dict(L=3), calls=[dict(L=2), dict(L=5), dict(L=8)])
def halves(x):
    a, b = x.chunk(2)
    c, d = x.split(x.shape[0] // 2)
    e, f, g = x.split([1, x.shape[0] - 2, 1])
    return a + b, c * d, e, f, g, x.view(2, -1, 4).sum(0)


@feature("f32[S,4]", S=Dim.AUTO(min=3, max=8), traced=dict(S=5), calls=[dict(S=3), dict(S=7), dict(S=8)])
def changed_input(x):
    x.mul_(2)
    x[1:].add_(x[:-1].clone())
    return x.sum(0)


@feature("f32[S,4]", S=Dim.AUTO(min=4, max=8), traced=dict(S=5), calls=[dict(S=4), dict(S=7), dict(S=8)])
def changed_parts(x):
    y = torch.zeros(x.shape[0] + 2, 4)
    y[1:-1] = x
    y[: x.shape[0] // 2] += 1
    y[-1] = x[-1]
    return y


@feature("f32[B,3,H,W]", B=(1, 4), H=Dim.AUTO(min=4, max=16), W=Dim.AUTO(min=4, max=16), traced=dict(B=2, H=6, W=7),
         calls=[dict(B=1, H=5, W=5), dict(B=3, H=9, W=6), dict(B=4, H=15, W=14), dict(B=2, H=4, W=8)])
def windows(x):
    """Pads to a multiple of 4 and cuts into windows, as swin does."""
    b, c, h, w = x.shape
    y = F.pad(x, (0, (4 - w % 4) % 4, 0, (4 - h % 4) % 4))
    hp, wp = y.shape[2:]
    y = y.view(b, c, hp // 4, 4, wp // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
    z = y * 2
    z = z.view(b, hp // 4, wp // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, hp, wp)
    return z[:, :, :h, :w].contiguous()


@feature("f32[S,4]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def interleaved(x):
    y = x.new_zeros(x.shape[0] * 2, 4)
    y[::2] = x
    y[1::2].copy_(x * 2)
    y[-x.shape[0]:] += 1
    return y.view(x.shape[0], 2, 4).sum(1), y


@feature("f32[K,4]", "f32[L,4]", "f32[M,4]", K=Dim.AUTO, L=Dim.AUTO, M=Dim.AUTO, traced=dict(K=3, L=4, M=5),
         calls=[dict(K=2, L=2, M=2), dict(K=7, L=2, M=3), dict(K=5, L=6, M=9)])
def joined_and_cut(a, b, c):
    z = torch.cat([a, b, c])
    return z.split([a.shape[0], b.shape[0], c.shape[0]])[1] * 2, z[a.shape[0]:]


@feature("f32[S,4]", "i64[T]<2", S=(2, 16), T=(1, 16), traced=dict(S=6, T=5), calls=[dict(S=2, T=1), dict(S=9, T=3), dict(S=16, T=16)])
def indexed(x, i):
    return (x[i], x.index_select(0, i), x.gather(0, i[:, None].expand(-1, 4)), x.index_add(0, i, torch.ones(i.shape[0], 4)), x[i, :, None],
            x.scatter(0, i[None, :1].expand(1, 4), 3.0), x[x.shape[0] - 1 - i], F.one_hot(i, 4), F.embedding(i, x))
