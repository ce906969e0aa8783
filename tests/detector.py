#!/usr/bin/env python3
"""Export a small detector of three parts, with inputs and all that PyTorch computes of them.

    python tests/detector.py OUT_DIR

detector.pt2 finds what a prompt names in an image; inputs.safetensors has an image and a prompt, and
detector.intermediates.safetensors what every node gives for them. Weights are random. Rounded to 4 bits with a scale for each output
channel, they keep the encoders as they are and break the detector's projections: those have large weights for channels that are always
zero, as activations behind a ReLU often are, and rounding keeps the large ones and loses all others. tests/detector has the files. Run it
in the root of the repository, whose lines the program names. Needs torch 2.11.
"""
import os
import sys

import torch
from torch import nn
from torch.nn import functional as F

from cases import files

sys.path.insert(0, os.path.join(files.ROOT, "frontend", "python"))

WIDTH, SIDE, PATCH, WORDS, LENGTH, QUERIES = 16, 16, 4, 32, 4, 4
SEED = 4
UNUSED = 4  # channels of a projection that are always zero


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))

    def forward(self, x, memory):
        return self.out(F.scaled_dot_product_attention(self.query(x), self.key(memory), self.value(memory)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attention(y, y)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class ImageEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.position = nn.Parameter(torch.zeros(1, (SIDE // PATCH) ** 2, WIDTH))
        self.block, self.norm = Block(), nn.LayerNorm(WIDTH)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2) + self.position
        return self.norm(self.block(x))


class TextEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.position = nn.Embedding(WORDS, WIDTH), nn.Parameter(torch.zeros(1, LENGTH, WIDTH))
        self.block, self.norm = Block(), nn.LayerNorm(WIDTH)

    def forward(self, words):
        return self.norm(self.block(self.embed(words) + self.position))


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH)
        self.expand, self.projection = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x, memory):
        x = x + self.attention(self.norm1(x), memory)
        return x + self.projection(F.relu(self.expand(self.norm2(x))))


class Detector(nn.Module):
    """Queries look at the image and the prompt; heads give a box and a score for each."""

    def __init__(self):
        super().__init__()
        self.queries = nn.Parameter(torch.zeros(1, QUERIES, WIDTH))
        self.decoder, self.norm = nn.ModuleList(DecoderLayer() for _ in range(2)), nn.LayerNorm(WIDTH)
        self.boxes, self.scores = nn.Linear(WIDTH, 4), nn.Linear(WIDTH, 1)

    def forward(self, image, words):
        memory = torch.cat([image, words], 1)
        x = self.queries.expand(image.shape[0], -1, -1)
        for layer in self.decoder:
            x = layer(x, memory)
        x = self.norm(x)
        return {"boxes": self.boxes(x).sigmoid(), "scores": self.scores(x).squeeze(-1)}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.image_encoder, self.text_encoder, self.detector = ImageEncoder(), TextEncoder(), Detector()

    def forward(self, image, words):
        return self.detector(self.image_encoder(image), self.text_encoder(words))


def build():
    torch.manual_seed(SEED)
    model = Model().requires_grad_(False).eval()
    for name, p in model.named_parameters():
        if name.rsplit(".", 1)[-1] in ("position", "queries"):
            p.normal_(0, 1)
            continue
        if p.ndim > 1:  # near multiples of a seventh of the largest in each row, which is what 4 bits can tell
            levels = torch.randint(-7, 8, p.shape)
            levels.flatten(1)[:, 0] = 7
            spread = 1 if ".embed." in name else p[0].numel() ** -0.5
            p.copy_((levels + 0.06 * torch.randn(p.shape)) * spread / 4)
    for layer in model.detector.decoder:
        layer.expand.bias[-UNUSED:] = -20
        layer.projection.weight.mul_(4)
        layer.projection.weight[:, -UNUSED:] = torch.where(torch.rand(WIDTH, UNUSED) < 0.5, -1, 1) * (40 + 20 * torch.rand(WIDTH, UNUSED))
    return model


def main(folder):
    import aiopt

    os.makedirs(folder, exist_ok=True)
    model = build()
    image, words = torch.rand(1, 3, SIDE, SIDE), torch.randint(0, WORDS, (1, LENGTH))
    program = torch.export.export(model, (image, words), strict=False)
    program.example_inputs = None
    path = os.path.join(folder, "detector.pt2")
    files.save_program(path, program)
    files.write_tensors(os.path.join(folder, "inputs.safetensors"), {"image": image, "words": words})
    count = aiopt.save_intermediates(path, (image, words), os.path.join(folder, "detector.intermediates.safetensors"))
    print(f"{count} values")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with torch.no_grad():
        main(sys.argv[1])
