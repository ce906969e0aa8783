"""Layers and reductions at dynamic sizes."""

import torch
import torch.nn.functional as F

from . import Cases

feature = Cases("features")


@feature("f32[1,2,H,W]", H=(3, 16), W=(3, 16), traced=dict(H=5, W=7), calls=[dict(H=3, W=3), dict(H=16, W=9), dict(H=4, W=16)])
def interpolated(x):
    h, w = x.shape[2:]
    return (F.interpolate(x, size=(2 * h - 1, w + 3), mode="bilinear", align_corners=False),
            F.interpolate(x, scale_factor=2, mode="nearest"),
            F.interpolate(x, size=(h // 2 + 1, 9), mode="bicubic", align_corners=True), F.adaptive_avg_pool2d(x, (3, 2)))


@feature("f32[1,2,H,W]", "f32[1,2,K,L]", H=(3, 16), W=(3, 16), K=(3, 16), L=(3, 16), traced=dict(H=5, W=7, K=4, L=6),
         calls=[dict(H=3, W=3, K=16, L=4), dict(H=16, W=9, K=3, L=16), dict(H=4, W=16, K=9, L=8)])
def resized_to_other(x, y):
    return F.interpolate(x, size=y.shape[2:], mode="bilinear") + y, F.interpolate(x, size=y.shape[-2:], mode="nearest")


@feature("f32[B,2,S]", B=(1, 4), S=(8, 64), traced=dict(B=2, S=21), calls=[dict(B=1, S=8), dict(B=3, S=30), dict(B=4, S=64)],
         levels=("training", "core"))
def convolved(x):
    w = torch.linspace(-1, 1, 12).view(2, 2, 3)
    y = F.conv1d(x, w, stride=2, padding=1)
    return y, F.conv1d(y, w, dilation=2, padding="same"), F.conv_transpose1d(y, w, stride=2), x.unfold(2, 4, 2), F.adaptive_avg_pool1d(x, 5)


@feature("f32[B,2,2*L+1]", B=(1, 4), L=(4, 32), traced=dict(B=2, L=10), calls=[dict(B=1, L=4), dict(B=3, L=15), dict(B=4, L=32)],
         deferred=True)
def pooled(x):
    return F.max_pool1d(x, 3, 2), F.avg_pool1d(x, 3, 2, 1), F.max_pool1d(x, 2, ceil_mode=True), F.lp_pool1d(x, 2, 3)


@feature("f32[B,2,S,4]", "f32[B,2,T,4]", B=(1, 4), S=(1, 16), T=(1, 16), traced=dict(B=2, S=5, T=7),
         calls=[dict(B=1, S=1, T=1), dict(B=3, S=4, T=16), dict(B=4, S=16, T=3)], levels=("training", "core"))
def attention(q, k):
    mask = torch.arange(q.shape[2])[:, None] <= torch.arange(k.shape[2])[None] + q.shape[2]
    return F.scaled_dot_product_attention(q, k, k), F.scaled_dot_product_attention(q, k, k, attn_mask=mask), torch.softmax(q @ k.mT, -1)


@feature("f32[S,T]", S=(2, 16), T=(2, 16), traced=dict(S=6, T=5), calls=[dict(S=2, T=2), dict(S=9, T=3), dict(S=16, T=16)])
def sorted_and_summed(x):
    return (x.sort(0).values, *x.topk(2, 1), x.cumsum(0), x.argmax(), x.flip(0), x.roll(1, 0), x.roll((x.shape[0] // 2, 1), (0, 1)),
            x.tril(), x.triu(1), x.norm(), x.logsumexp(0), torch.einsum("st,ut->su", x, x), x.diagonal(), x.T.contiguous().view(-1),
            F.softmax(x, 0), F.layer_norm(x, x.shape[1:]))


@feature("f32[S,4]", "f32[T,4]", S=(2, 16), T=(2, 16), traced=dict(S=6, T=5), calls=[dict(S=2, T=2), dict(S=9, T=3), dict(S=16, T=16)])
def distances(x, y):
    grid = torch.meshgrid(torch.arange(x.shape[0]), torch.arange(y.shape[0]), indexing="ij")
    return (torch.cdist(x, y), grid[0] - grid[1], x[:, None] - y[None], torch.outer(x[:, 0], y[:, 1]),
            x.new_full((x.shape[0] * y.shape[0],), 1.0))


@feature("f32[B,C,S]", B=(1, 4), C=(1, 4), S=(2, 16), traced=dict(B=3, C=2, S=6),
         calls=[dict(B=1, C=1, S=2), dict(B=2, C=4, S=9), dict(B=4, C=3, S=16)])
def reduced(x):
    return (F.layer_norm(x, (x.shape[-1],)), x.std((0, 2)), F.normalize(x, dim=1), x.flatten(), x.movedim(0, 2), x.amax((0, 1)),
            torch.einsum("bcs,bds->bcd", x, x), x.mean((0, 2), keepdim=True))


@feature("f32[S]", S=(2, 16), traced=dict(S=6), calls=[dict(S=2), dict(S=9), dict(S=16)])
def spectra(x):
    window = torch.hann_window(8)
    return (torch.fft.rfft(x).abs(), torch.stft(F.pad(x, (0, 20)), 8, hop_length=4, return_complex=True, window=window).abs(),
            torch.fft.fft(x).real)


@feature("f32[B,S,8]", "i64[B]<2", B=(2, 4), S=(4, 16), deferred=True, traced=dict(B=3, S=6),
         calls=[dict(B=2, S=4), dict(B=3, S=9), dict(B=4, S=16)])
def padding_mask(x, n):
    lengths = n + 2
    padding = torch.arange(x.shape[1])[None] >= lengths[:, None]
    y, t = x.masked_fill(padding[..., None], 0), x.transpose(0, 1)
    attended = F.multi_head_attention_forward(t, t, t, 8, 2, torch.ones(24, 8) / 8, torch.zeros(24), None, None, False, 0.0, torch.eye(8),
                                              torch.zeros(8),
                                              training=False, key_padding_mask=padding)
    return y.sum(1) / lengths[:, None], attended[0]


@feature("f32[S,T]", S=(2, 16), T=(2, 16), traced=dict(S=6, T=5), calls=[dict(S=2, T=2), dict(S=9, T=3), dict(S=16, T=16)])
def statistics(x):
    return (torch.linalg.norm(x), x.T @ x + torch.eye(x.shape[1]), torch.baddbmm(x[None], x[None], torch.eye(x.shape[1])[None]),
            torch.cumprod(x, 1), torch.searchsorted(x.sort(1).values, x), torch.histc(x, 4, -1, 1), x.median(1).values,
            x.kthvalue(1, 0).values, x.unique().shape[0])
