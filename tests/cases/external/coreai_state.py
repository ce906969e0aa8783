"""Models in Core AI's manner, which keep caches and other state."""

import torch
from torch import nn

from ..programs import Cases
from .coreai_ops import mutable_slice_update, update_and_fetch

case = Cases()


class Decoder(nn.Module):
    """A small decoder in the manner of Qwen 3, with the keys and values of all layers in two caches."""

    layers, heads, groups, size, length = 2, 4, 2, 8, 16

    def __init__(self, inputs=False):
        super().__init__()
        wide = self.heads * self.size
        self.embed = nn.Embedding(40, wide)
        self.blocks = nn.ModuleList(nn.ModuleDict({
            "qkv": nn.Linear(wide, (self.heads + 2 * self.groups) * self.size, bias=False), "out": nn.Linear(wide, wide, bias=False),
            "norm": nn.RMSNorm(wide, eps=1e-6), "qk": nn.RMSNorm(self.size, eps=1e-6), "norm2": nn.RMSNorm(wide, eps=1e-6),
            "up": nn.Linear(wide, 48, bias=False), "gate": nn.Linear(wide, 48, bias=False), "down": nn.Linear(48, wide, bias=False),
        }) for _ in range(self.layers))
        self.inputs = inputs
        if not inputs:
            for name in ("k_cache", "v_cache"):
                self.register_buffer(name, torch.zeros(self.layers, 1, self.groups, self.length, self.size))

    def fetch(self, cache, layer, new, begin):
        def t(v):
            return torch.tensor((v,), dtype=torch.int32)
        end = begin + new.shape[-2]
        return update_and_fetch(cache, new, torch.cat([t(layer), t(0), t(0), t(begin), t(0)]),
                                torch.cat([t(layer + 1), t(cache.size(1)), t(cache.size(2)), t(end), t(cache.size(4))]), layer, -2, end)

    def forward(self, ids, positions, k_cache=None, v_cache=None):
        if not self.inputs:
            k_cache, v_cache = self.k_cache, self.v_cache
        count, total = ids.shape[1], positions.shape[1]
        begin = total - count
        torch._check(begin >= 0)
        torch._check(total <= self.length)
        x = self.embed(ids)
        angle = positions[:, begin:, None].float() * 10000.0 ** (-torch.arange(self.size // 2) / (self.size // 2))
        cos, sin = angle.cos()[:, None], angle.sin()[:, None]

        def rotate(v):
            a, b = v.chunk(2, -1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

        rows, cols = torch.arange(count)[:, None] + begin, torch.arange(total)
        for i, m in enumerate(self.blocks):
            qkv = m["qkv"](m["norm"](x)).view(1, count, -1, self.size).transpose(1, 2)
            q, k, v = qkv.split([self.heads, self.groups, self.groups], 1)
            q, k = rotate(m["qk"](q)), rotate(m["qk"](k))
            k, v = self.fetch(k_cache, i, k, begin), self.fetch(v_cache, i, v, begin)
            y = nn.functional.scaled_dot_product_attention(q, k, v, cols <= rows, enable_gqa=True)
            x = x + m["out"](y.transpose(1, 2).reshape(1, count, -1))
            y = m["norm2"](x)
            x = x + m["down"](m["up"](y) * nn.functional.silu(m["gate"](y)))
        return x @ self.embed.weight.T


def decode(counts, caches=()):
    begin, steps = 0, []
    for n in counts:
        steps.append([torch.randint(0, 40, (1, n)), torch.arange(begin + n)[None], *caches])
        begin += n
    return steps


@case("training", "core")
def coreai_decoder_states():
    dynamic = ({1: torch.export.Dim.DYNAMIC}, {1: torch.export.Dim.DYNAMIC})
    return Decoder(), decode([5, 2, 3, 4]), {"dynamic": dynamic, "atol": 1e-5, "rtol": 1e-5}


@case("training", "core")
def coreai_decoder_inputs():
    dynamic = ({1: torch.export.Dim.DYNAMIC}, {1: torch.export.Dim.DYNAMIC}, None, None)
    caches = [torch.zeros(2, 1, 2, 16, 8), torch.randn(2, 1, 2, 16, 8)]
    return Decoder(True), decode([5], caches)[0], {"dynamic": dynamic, "atol": 1e-5, "rtol": 1e-5}


class StepDecoder(nn.Module):
    """A cache whose place is a tensor, and whose layout has the places last."""

    def __init__(self):
        super().__init__()
        self.register_buffer("cache", torch.zeros(2, 1, 6, 1, 9))
        self.register_buffer("index", torch.arange(2, dtype=torch.int32).unsqueeze(1), persistent=False)

    def forward(self, x, step):
        zero, one, wide = (torch.tensor([v], dtype=torch.int32) for v in (0, 1, 99))
        out = []
        for layer in range(2):
            begin = torch.cat([self.index[layer], zero, zero, zero, step])
            end = torch.cat([self.index[layer] + 1, one, wide, one, step + x.shape[-1]])
            out.append(update_and_fetch(self.cache, x * (layer + 1), begin, end, layer, -1, None))
        return torch.stack(out).sum(2)


@case("training", "core")
def coreai_step_states():
    steps = [[torch.randn(1, 6, 1, 2), torch.tensor([i], dtype=torch.int32)] for i in (0, 2, 4, 7)]
    return StepDecoder(), steps, {"atol": 1e-6}


class SSM(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("states", torch.zeros(2, 1, 3, 4))

    def forward(self, x):
        for layer in range(2):
            def t(*v):
                return torch.tensor(v, dtype=torch.int32)
            x = x * 0.5 + self.states[layer]
            mutable_slice_update(self.states, x[None], t(layer, 0, 0, 0), t(layer + 1, 1, 3))
        return x


@case("training", "core")
def coreai_ssm():
    return SSM(), [[torch.randn(1, 3, 4)] for _ in range(3)]
