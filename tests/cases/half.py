"""A small model that computes in f16 and bf16."""

import os

import torch
from torch import nn
from torch.nn import functional as F

from . import files

NAME = "half_types"


class HalfTypes(nn.Module):
    """Layers in bf16, attention in f16, and norms in f32, with casts between them."""

    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(16, 32, dtype=torch.bfloat16), nn.Linear(32, 16, dtype=torch.bfloat16)
        self.qkv, self.norm = nn.Linear(16, 48, dtype=torch.float16), nn.LayerNorm(16)

    def forward(self, x):
        x = x + self.down(F.gelu(self.up(self.norm(x).bfloat16()))).float()
        q, k, v = self.qkv(self.norm(x).half()).chunk(3, -1)
        return x + F.softmax(q @ k.transpose(-1, -2) * 0.25, -1) @ v


def export(folder):
    """Writes the program and its input to a folder; gives the line of its case."""
    torch.manual_seed(0)
    x = torch.randn(2, 5, 16)
    program = torch.export.export(HalfTypes().eval(), (x,))
    files.save_program(os.path.join(folder, NAME + ".pt2"), program)
    files.write_tensors(os.path.join(folder, NAME + ".in.safetensors"), {"in0": x})
    return {"name": NAME, "inputs": [{"tensor": "in0"}]}
