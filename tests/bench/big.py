#!/usr/bin/env python3
"""Export a large model with random weights, for measuring how fast and in how much memory it is compressed.

    python tests/bench/big.py OUT.pt2 [--params 850M] [--dtype float32]

Three parts, as in a promptable segmenter: an image encoder (convolutions and transformer blocks), a text encoder
(embedding and transformer blocks) and a decoder that attends from one to the other. OUT.in.safetensors has inputs.
Needs torch 2.11. Writes to a temporary file beside OUT and renames it, so an OUT that is there is whole.
"""
import argparse
import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from cases import files  # noqa: E402

HEAD, TOKENS, WORDS, PATCH = 64, 64, 16, 16


class Block(nn.Module):
    """A transformer block: 12 * width^2 parameters, 16 * width^2 where it attends to others too."""

    def __init__(self, width, cross=False):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if cross else 2))
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        if cross:
            self.ask, self.tell, self.cross = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def attend(self, q, k, v):
        q, k, v = (t.unflatten(-1, (-1, HEAD)).transpose(1, 2) for t in (q, k, v))
        return nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    def forward(self, x, memory=None):
        x = x + self.out(self.attend(*self.qkv(self.norms[0](x)).chunk(3, -1)))
        if memory is not None:
            x = x + self.cross(self.attend(self.ask(self.norms[2](x)), *self.tell(memory).chunk(2, -1)))
        return x + self.down(nn.functional.gelu(self.up(self.norms[1](x))))


class Segmenter(nn.Module):
    def __init__(self, width, image_blocks, text_blocks, decoder_blocks, vocabulary):
        super().__init__()
        self.patch, self.mix = nn.Conv2d(3, width, PATCH, PATCH), nn.Conv2d(width, width, 3, padding=1, groups=width // HEAD)
        self.image = nn.ModuleList(Block(width) for _ in range(image_blocks))
        self.embed = nn.Embedding(vocabulary, width)
        self.text = nn.ModuleList(Block(width) for _ in range(text_blocks))
        self.decoder = nn.ModuleList(Block(width, cross=True) for _ in range(decoder_blocks))
        self.boxes, self.masks = nn.Linear(width, 4), nn.Linear(width, width)

    def forward(self, image, ids):
        x = self.patch(image)
        x = (x + self.mix(x)).flatten(2).transpose(1, 2)
        for block in self.image:
            x = block(x)
        y = self.embed(ids)
        for block in self.text:
            y = block(y)
        for block in self.decoder:
            y = block(y, x)
        return self.boxes(y).sigmoid(), self.masks(y) @ x.transpose(1, 2)


def count(text):
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    return int(float(text[:-1]) * units[text[-1].upper()]) if text[-1].upper() in units else int(text)


def sized(params):
    """A model's sizes for about that many parameters: half of them in the image encoder."""
    width = max(HEAD, round((params / 12 / 32) ** 0.5 / HEAD) * HEAD)
    vocabulary = max(64, params // 20 // width)
    blocks = max(3, round((params - vocabulary * width) / (12 * width * width)))
    image, decoder = max(1, blocks // 2), max(1, blocks // 8)
    return width, image, max(1, blocks - image - round(decoder * 16 / 12)), decoder, vocabulary


def fill(model):
    """Normal weights, of the spread that layers start with; norms stay."""
    for name, p in model.named_parameters():
        if p.ndim > 1:
            p.data.normal_(0, 0.02)
        elif ".norms." not in name:
            p.data.zero_()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--params", type=count, default=count("850M"), help="about how many, such as 50M")
    ap.add_argument("--dtype", default="float32", choices=["float32", "float16", "bfloat16"])
    args = ap.parse_args()
    torch.manual_seed(0)
    dtype, sizes = getattr(torch, args.dtype), sized(args.params)
    with torch.device("meta"):
        model = Segmenter(*sizes)
    model = model.to(dtype).to_empty(device="cpu").requires_grad_(False).eval()  # without the layers' own, slow, start
    for m in model.modules():
        if isinstance(m, nn.LayerNorm):
            m.weight.fill_(1), m.bias.zero_()
    fill(model)
    side = int(TOKENS ** 0.5) * PATCH
    given = torch.randn(1, 3, side, side, dtype=dtype), torch.randint(0, sizes[-1], (1, WORDS))
    program = torch.export.export(model, given, strict=False)
    program.example_inputs = None
    part = args.out + ".part.pt2"
    torch.export.save(program, part)
    os.replace(part, args.out)
    files.write_tensors(os.path.splitext(args.out)[0] + ".in.safetensors", {"in0": given[0], "in1": given[1]})
    n = sum(p.numel() for p in model.parameters())
    print(f"{args.out}: {n / 1e6:.1f} M parameters, {os.path.getsize(args.out) / 1e9:.2f} GB, width {sizes[0]}, blocks {sizes[1:4]}")


if __name__ == "__main__":
    main()
