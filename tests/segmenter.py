#!/usr/bin/env python3
"""Export a promptable segmenter as three programs, with what PyTorch computes of an image and two prompts.

    python tests/segmenter.py OUT.zip|OUT_DIR [--size small|medium]

image_encode.pt2 gives features of an image, text_encode.pt2 those of a prompt, and detect.pt2 boxes, scores and masks of
both. calls.safetensors has the inputs of five calls, by name: image_encode, and text_encode and detect for each prompt;
expected.safetensors has what they give in f32, rounded to f16. Weights are random, of few digits so that they pack well. The
small size is what tests/segmenter has; tests/bench/segmenter.py measures the medium one. Needs torch 2.11.
"""
import argparse
import os
import tempfile

import torch
from torch import nn

from bench.big import Block
from cases import files

SIZES = {  # of the image, a patch and a window in pixels, patches and patches; widths, blocks, words known, queries
    "small": dict(side=64, patch=8, window=4, width=128, blocks=2, inner=64, text_blocks=1, words=256, decoder=1, queries=4),
    "medium": dict(side=256, patch=16, window=8, width=384, blocks=6, inner=256, text_blocks=3, words=4096, decoder=2, queries=16),
}
LENGTH = 8  # words of a prompt
CALLS = ["image_encode", "text_encode", "detect", "text_encode", "detect"]


class ImageEncoder(nn.Module):
    """Patches, transformer blocks that see windows of the image and, every other one, all of it, and a neck to fewer channels."""

    def __init__(self, side, patch, window, width, blocks, inner, **_):
        super().__init__()
        self.window, self.grid = window, side // patch
        self.patch = nn.Conv2d(3, width, patch, patch)
        self.position = nn.Parameter(torch.zeros(1, self.grid, self.grid, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.neck, self.smooth, self.norm = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, inner, 3, padding=1), nn.LayerNorm(inner)

    def forward(self, image):
        x = self.patch(image).permute(0, 2, 3, 1) + self.position
        n, g, w = x.shape[0], self.grid, self.window
        for i, block in enumerate(self.blocks):
            if i % 2 == 0:
                x = x.reshape(n, g // w, w, g // w, w, -1).transpose(2, 3).flatten(0, 2).flatten(1, 2)
                x = block(x)
                x = x.reshape(n, g // w, g // w, w, w, -1).transpose(2, 3).reshape(n, g, g, -1)
            else:
                x = block(x.flatten(1, 2)).reshape(n, g, g, -1)
        x = self.smooth(self.neck(x.permute(0, 3, 1, 2)))
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class TextEncoder(nn.Module):
    def __init__(self, words, inner, text_blocks, **_):
        super().__init__()
        self.embed, self.position = nn.Embedding(words, inner), nn.Parameter(torch.zeros(1, LENGTH, inner))
        self.blocks = nn.ModuleList(Block(inner) for _ in range(text_blocks))
        self.norm = nn.LayerNorm(inner)

    def forward(self, ids):
        x = self.embed(ids) + self.position
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Detector(nn.Module):
    """The image attends to the prompt, queries to the image; heads for boxes, scores and masks of twice the features' size."""

    def __init__(self, inner, queries, decoder, **_):
        super().__init__()
        self.queries = nn.Parameter(torch.zeros(1, queries, inner))
        self.fuse = Block(inner, cross=True)
        self.decoder = nn.ModuleList(Block(inner, cross=True) for _ in range(decoder))
        self.boxes = nn.Sequential(nn.Linear(inner, inner), nn.ReLU(), nn.Linear(inner, 4))
        self.score, self.mask = nn.Linear(inner, 1), nn.Linear(inner, inner // 4)
        self.pixels = nn.ConvTranspose2d(inner, inner // 4, 2, 2)

    def forward(self, features, prompt):
        n, c, h, w = features.shape
        x = self.fuse(features.flatten(2).transpose(1, 2), prompt)
        q = self.queries.expand(n, -1, -1)
        for block in self.decoder:
            q = block(q, x)
        pixels = self.pixels(x.transpose(1, 2).reshape(n, c, h, w))
        return self.boxes(q).sigmoid(), self.score(q).squeeze(-1), torch.einsum("nqc,nchw->nqhw", self.mask(q), pixels)


class Segmenter(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.image_encoder, self.text_encoder, self.detector = ImageEncoder(**sizes), TextEncoder(**sizes), Detector(**sizes)


class ImageEncode(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.image_encoder = model.image_encoder

    def forward(self, image):
        return {"features": self.image_encoder(image)}


class TextEncode(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.text_encoder = model.text_encoder

    def forward(self, ids):
        return {"prompt": self.text_encoder(ids)}


class Detect(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.detector = model.detector

    def forward(self, features, prompt):
        return dict(zip(("boxes", "scores", "masks"), self.detector(features, prompt)))


def build(sizes):
    torch.manual_seed(0)
    model = Segmenter(sizes).requires_grad_(False).eval()
    for name, p in model.named_parameters():
        if p.ndim > 1:  # tables as large as what norms give; what layers give as large as what they get
            table = name.rsplit(".", 1)[-1] in ("position", "queries") or ".embed." in name
            p.normal_(0, 1 if table else p[0].numel() ** -0.5)
        elif name.endswith("bias"):
            p.normal_(0, 0.1)
        p.copy_(p.bfloat16())
    return model


def run(parts, image, prompts):
    """What the calls give, by the names that `aiopt run` has for them."""
    given = {"image": image}
    want = {f"s0.{n}": t for n, t in parts["image_encode"](image).items()}
    for i, ids in enumerate(prompts):
        text, found = f"s{2 * i + 1}.", f"s{2 * i + 2}."
        given[text + "ids"] = ids
        want |= {text + n: t for n, t in parts["text_encode"](ids).items()}
        want |= {found + n: t for n, t in parts["detect"](want["s0.features"], want[text + "prompt"]).items()}
    return given, want


def export(folder, sizes):
    model = build(sizes)
    parts = {"image_encode": ImageEncode(model), "text_encode": TextEncode(model), "detect": Detect(model)}
    image = torch.randn(1, 3, sizes["side"], sizes["side"]).half().float()
    prompts = [torch.randint(0, sizes["words"], (1, LENGTH)) for _ in range(2)]
    given, want = run(parts, image, prompts)
    example = {"image_encode": (image,), "text_encode": (prompts[0],), "detect": (want["s0.features"], want["s1.prompt"])}
    for name, part in parts.items():
        program = torch.export.export(part, example[name], strict=False)
        program.example_inputs = None
        files.save_program(os.path.join(folder, name + ".pt2"), program)
        n = sum(p.numel() for p in part.parameters())
        print(f"{name}: {n / 1e6:.2f} M parameters")

    def halves(tensors):
        return {n: t.half().contiguous() if t.is_floating_point() else t for n, t in tensors.items()}

    files.write_tensors(os.path.join(folder, "calls.safetensors"), halves(given))
    files.write_tensors(os.path.join(folder, "expected.safetensors"), halves(want))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out", help="a folder, or the archive to write")
    ap.add_argument("--size", default="small", choices=SIZES)
    args = ap.parse_args()
    if not args.out.endswith(".zip"):
        os.makedirs(args.out, exist_ok=True)
        export(args.out, SIZES[args.size])
        return
    with tempfile.TemporaryDirectory() as folder:
        export(folder, SIZES[args.size])
        files.pack(args.out, folder, [{"name": n.split(".")[0]} for n in sorted(os.listdir(folder))])


if __name__ == "__main__":
    with torch.no_grad():
        main()
