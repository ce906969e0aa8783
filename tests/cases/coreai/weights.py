"""The weights that coreai-opt compresses."""
import torch


def rows():
    """Rows of all kinds, [8, 64] in f32: normal, heavy tails, zeros, tiny, positive, negative, large, many ties."""
    g = torch.Generator().manual_seed(1)
    n = torch.randn(8, 64, generator=g)
    heavy = n[1] / torch.randn(4, 64, generator=g).square().mean(0).sqrt()
    ties = (n[7] * 15).round() * 0.05
    ties[0] = 0.75
    return torch.stack([n[0] * 0.02, heavy * 0.02, n[2] * 0, n[3] * 1e-8, 1 + n[4].abs(), -3 - n[5].abs(), n[6] * 1e4, ties])


def make():
    g = torch.Generator().manual_seed(2)
    normal = torch.randn(8, 64, generator=g) * 0.02
    window = torch.randn(4, 4, 3, 3, generator=g) * 0.1
    return {
        "rows": rows(),
        "rows.f16": rows().half(),
        "rows.bf16": rows().bfloat16(),
        "normal": normal,
        "window": window,
    }
