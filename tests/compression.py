#!/usr/bin/env python3
"""Compare aiopt's weight compression with coreai-opt's on the same tensors, at the same bits.

    python tests/compression.py [--aiopt ./aiopt] [--only REGEXP] [--write]

Prints a table: for each scheme the SNR in dB that both leave, over synthetic tensors and the weights of three models of
tests/corpus/models.zip, and PASS or FAIL against the bars. --write puts it between the markers of docs/compression.md.
aiopt's side is what a file holds: the model's text and safetensors, decoded as the operations say. Needs torch 2.11,
torchao 0.17 and coreai-opt 0.3.0.
"""
import argparse
import json
import logging
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

import document
from cases import files

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(ROOT, "docs", "compression.md")
MODELS = ("tv_resnet50_core", "sd_unet", "llama")  # of the corpus
SYNTHETIC = ("normal, std 0.02", "Student t, 4 degrees", "normal, std 0.001")


def quantization(dtype, granularity, qscheme="symmetric", **more):
    return {"dtype": dtype, "qscheme": qscheme, "granularity": granularity, **more}


def palettization(bits, granularity=None, **more):
    return {"n_bits": bits, "granularity": granularity or {"type": "per_tensor"}, **more}


CHANNEL, BLOCK = {"type": "per_channel", "axis": 0}, {"type": "per_block", "axis": 1, "block_size": 32}
GROUP = {"type": "per_grouped_channel", "axis": 0, "group_size": 16}


class Scheme(NamedTuple):
    name: str
    passes: str  # aiopt's
    spec: dict  # coreai-opt's
    bar: float = 0.0  # dB that aiopt must gain on average
    exact: bool = False  # coreai-opt finds the optimum of this, which the squared error must reach


SCHEMES = [
    Scheme("int8 per channel", "w8", quantization("int8", CHANNEL)),
    Scheme("int4 per channel", "w4", quantization("int4", CHANNEL), bar=1.9),
    Scheme("int4 blocks of 32, symmetric", "w4{group=32}", quantization("int4", BLOCK), bar=1.2),
    Scheme("int4 blocks of 32, clipping", "w4{group=32, range=clipped}", quantization("int4", BLOCK, "symmetric_with_clipping")),
    Scheme("uint4 blocks of 32, zero points", "quantize{dtype=u4, group=32, range=asymmetric, offset=zero-point}", quantization("uint4", BLOCK, "asymmetric")),
    Scheme("uint4 blocks of 32, minima", "quantize{dtype=u4, group=32, range=asymmetric, offset=min-value}",
           quantization("uint4", BLOCK, "asymmetric", qformulation="minval")),
    Scheme("int2 blocks of 32", "w2{group=32}", quantization("int2", BLOCK)),
    Scheme("fp8 e4m3 per channel", "fp8", quantization("float8_e4m3fn", CHANNEL)),
    Scheme("fp8 e5m2 per channel", "quantize{dtype=f8e5m2}", quantization("float8_e5m2", CHANNEL)),
    Scheme("MXFP4", "mxfp4", quantization("float4_e2m1fn_x2", BLOCK, scale_dtype="float8_e8m0fnu"), bar=0.15),
    *(Scheme(f"palettes of {b} bits, whole tensor", f"palettize{{bits={b}, group=0, granularity=tensor}}", palettization(b), exact=True) for b in (1, 2, 3, 4, 6, 8)),
    *(Scheme(f"palettes of {b} bits, groups of 16", f"palettize{{bits={b}, group=16}}", palettization(b, GROUP), exact=True) for b in (1, 2, 3, 4, 6, 8)),
    Scheme("palettes of 4 bits, groups of 16, channel scales", "palettize{bits=4, group=16, channel-scale=true}",
           palettization(4, GROUP, enable_per_channel_scale=True)),
    Scheme("palettes of 4 bits, groups of 16, int8 tables", "palettize{bits=4, group=16, lut=i8}",
           palettization(4, GROUP, lut_qspec={"dtype": "int8", "qscheme": "symmetric", "granularity": {"type": "per_tensor"}})),
    Scheme("palettes of pairs, 4 bits, groups of 16", "palettize{bits=4, group=16, length=2}", palettization(4, GROUP, cluster_dim=2)),
]


def tensors(most):
    """Weights by name: synthetic ones, and those of linear layers of three models."""
    g = torch.Generator().manual_seed(0)
    normal = torch.randn(512, 1024, generator=g)
    chi = torch.randn(4, 512, 1024, generator=g).square().sum(0)
    student = torch.randn(512, 1024, generator=g) / (chi / 4).sqrt()
    found = dict(zip(SYNTHETIC, (normal * 0.02, student * 0.02, torch.randn(512, 1024, generator=g) * 0.001)))
    with zipfile.ZipFile(os.path.join(ROOT, "tests", "corpus", "models.zip")) as z, tempfile.TemporaryDirectory() as tmp:
        for model in MODELS:
            program = torch.export.load(z.extract(model + ".pt2", tmp))
            # Windows are a part of the rows. coreai-opt leaves rows that are no whole blocks of 32, or groups of 16, as they are.
            weights = [(n, p.detach().float().flatten(1).clone()) for n, p in program.state_dict.items() if p.ndim in (2, 4)]
            weights = [(n, w) for n, w in weights if w.shape[0] % 16 == 0 and w.shape[1] % 32 == 0]
            weights.sort(key=lambda named: -named[1].numel())
            found |= {f"{model}: {n}": w for n, w in weights[:most]}
    return found


def group_rows(spec):
    return spec["granularity"].get("group_size", 1 << 30)


def bits(spec, w):
    """Bits per weight that coreai-opt stores for a tensor in f32."""
    rows, cols = w.shape
    if "n_bits" in spec:
        tables = math.ceil(rows / group_rows(spec))
        entry = 8 if "lut_qspec" in spec else 32
        each = 1 / spec.get("cluster_dim", 1)
        table = tables * (2 ** spec["n_bits"] * entry * spec.get("cluster_dim", 1) + (32 if entry == 8 else 0))
        return spec["n_bits"] * each + (table + (32 * rows if spec.get("enable_per_channel_scale") else 0)) / w.numel()
    code = int(re.search(r"\d+", spec["dtype"])[0])
    scale = 8 if "scale_dtype" in spec else 32
    offset = 0 if spec["qscheme"] != "asymmetric" else 32 if spec.get("qformulation") == "minval" else code
    return code + (scale + offset) / spec["granularity"].get("block_size", cols)


def snr(want, got):
    want, got = want.double(), got.double()
    noise = (want - got).square().sum().item()
    return math.inf if noise == 0 else 10 * math.log10(want.square().sum().item() / noise)


# What coreai-opt does.

def by_coreai(scheme, w):
    """The weight as coreai-opt's torch path has it after compression; None where it cannot."""
    layer = nn.Sequential(nn.Linear(w.shape[1], w.shape[0], bias=False))
    layer[0].weight.data.copy_(w)
    given = (torch.randn(1, w.shape[1]),)
    spec = dict(scheme.spec)
    if "n_bits" in spec:
        from coreai_opt.palettization import KMeansPalettizer, KMeansPalettizerConfig
        fast = spec.get("cluster_dim", 1) == 1
        config = KMeansPalettizerConfig.from_dict({"kmeans_palettization_config": {"global_config": {
            "op_state_spec": {"weight": spec}, "enable_fast_kmeans_mode": fast}}})
        torch.manual_seed(0)
        np.random.seed(0)
        done = KMeansPalettizer(layer, config).prepare(given)
    else:
        from coreai_opt.quantization import Quantizer, QuantizerConfig
        config = QuantizerConfig.from_dict({"quantization_config": {"execution_mode": "eager", "global_config": {
            "op_state_spec": {"weight": spec}, "op_input_spec": None, "op_output_spec": None}}})
        done = Quantizer(layer.eval(), config).prepare(given)
    with torch.no_grad():
        got = done[0].weight.detach().float()
    return None if torch.equal(got, w) else got


def optimum(scheme, w):
    """The least squared error that a scalar palette can have: coreai-opt's exact mode, for each table."""
    from coreai_opt.deps._kmeans1d import cluster
    total = 0.0
    for part in w.split(group_rows(scheme.spec)):
        values = part.double().flatten().tolist()
        labels, centroids = cluster(values, 2 ** scheme.spec["n_bits"])[:2]
        total += sum((v - centroids[k]) ** 2 for v, k in zip(values, labels))
    return total


# What aiopt does.

class Rows(nn.Module):
    """Gives the rows of each tensor: with whole numbers in order, the tensor."""

    def __init__(self, weights):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(*w.shape, _weight=w) for w in weights)

    def forward(self, ids):
        return tuple(table(ids[:table.num_embeddings]) for table in self.tables)


def export(folder, weights):
    """Writes the model whose weights the tensors are, and its input."""
    ids = torch.arange(max(len(w) for w in weights))
    torch.export.save(torch.export.export(Rows(weights), (ids,), strict=False), os.path.join(folder, "model.pt2"))
    files.write_tensors(os.path.join(folder, "in.safetensors"), {"in0": ids})


def by_aiopt(aiopt, folder, scheme, count):
    """The tensors as aiopt stores them, decoded by a run, and the bytes stored."""
    compressed, got = os.path.join(folder, "out.air"), os.path.join(folder, "got.safetensors")
    for command in ([os.path.join(folder, "model.pt2"), "-passes=decompose, " + scheme.passes, "-o", compressed],
                    ["run", compressed, "--io=position", "--inputs=" + os.path.join(folder, "in.safetensors"), "--outputs=" + got]):
        done = subprocess.run([aiopt, *command], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[0])
    with open(os.path.join(folder, "out.weights.safetensors"), "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        head = json.loads(f.read(size))
    stored = sum(t["data_offsets"][1] - t["data_offsets"][0] for n, t in head.items() if n != "__metadata__")
    out = files.read_tensors(got)
    return [out[f"out{i}"] for i in range(count)], stored


def verdict(scheme, gains, mean, over):
    """PASS, or what fails."""
    worst = min(gains)
    wrong = []
    slack = 10 * math.log10(1.0001) if scheme.exact else 1e-6  # tables are stored as f32
    if worst < -slack:
        wrong.append(f"{worst:.4f} dB on one tensor")
    if mean < scheme.bar:
        wrong.append(f"mean below {scheme.bar} dB")
    if over and max(over) > 1.0001:
        wrong.append(f"error {max(over):.5f} of the optimum's")
    return "FAIL: " + ", ".join(wrong) if wrong else "PASS"


def compare(aiopt, folder, scheme, found, most):
    """A line of the table, and whether it passes."""
    theirs = {n: by_coreai(scheme, w) for n, w in found.items()}
    used = [n for n in found if theirs[n] is not None]
    got, stored = by_aiopt(aiopt, folder, scheme, len(found))
    ours = dict(zip(found, got))
    pairs = {n: (snr(found[n], theirs[n]), snr(found[n], ours[n])) for n in used}
    gains = [b - a for a, b in pairs.values()]
    over = []
    for n in used:
        if scheme.exact and min(group_rows(scheme.spec), len(found[n])) * found[n].shape[1] <= most:
            least = optimum(scheme, found[n])
            if least > 1e-12 * found[n].square().sum().item():
                over.append((found[n].double() - ours[n].double()).square().sum().item() / least)
    numel = sum(w.numel() for w in found.values())
    their_bits = sum(bits(scheme.spec, w) * w.numel() for w in found.values()) / numel
    cells = [f"{pairs[n][0]:.2f} / {pairs[n][1]:.2f}" if n in pairs else "" for n in SYNTHETIC]
    rest = [pairs[n] for n in used if n not in SYNTHETIC]
    cells.append(f"{sum(a for a, _ in rest) / len(rest):.2f} / {sum(b for _, b in rest) / len(rest):.2f}" if rest else "")
    by_weight = sum(g * found[n].numel() for g, n in zip(gains, used)) / sum(found[n].numel() for n in used)
    word = verdict(scheme, gains, by_weight, over)
    best = f"{max(over):.6f}" if over else ""
    return (f"| {scheme.name} | `{scheme.passes}` | {their_bits:.3f} / {8 * stored / numel:.3f} | " + " | ".join(cells) +
            f" | {by_weight:+.2f} | {sum(gains) / len(gains):+.2f} | {min(gains):+.3f} | {best} | {word} |"), word == "PASS"


HEAD = f"""| scheme | passes | bits a weight | {" | ".join(SYNTHETIC)} | models | mean gain | by tensor | least | error / optimum | |
|--|--|--|--|--|--|--|--|--|--|--|--|"""


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--aiopt", default=os.path.join(ROOT, "aiopt"))
    ap.add_argument("--only", default="", help="schemes whose name or passes match")
    ap.add_argument("--tensors", type=int, default=8, help="weights taken of each model")
    ap.add_argument("--exact", type=int, default=1 << 16, help="compare with the exact optimum where a table has at most so many weights")
    ap.add_argument("--write", action="store_true", help="put the table into docs/compression.md")
    args = ap.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    os.environ["TQDM_DISABLE"] = "1"
    found = tensors(args.tensors)
    failed, lines = 0, [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        export(folder, list(found.values()))
        print(HEAD)
        for scheme in SCHEMES:
            if re.search(args.only, scheme.name) or args.only in scheme.passes:
                try:
                    line, ok = compare(args.aiopt, folder, scheme, found, args.exact)
                except RuntimeError as e:
                    line, ok = f"| {scheme.name} | `{scheme.passes}` |" + " |" * 9 + f" FAIL: {e} |", False
                failed += not ok
                lines.append(line)
                print(line, flush=True)
    note = (f"SNR in dB, coreai-opt / aiopt, of the same tensors of f32 with scales of f32: {', '.join(SYNTHETIC)}, each 512x1024, and "
            f"the {len(found) - len(SYNTHETIC)} largest weights of the models {', '.join(MODELS)}. Gains are means over weights, and over tensors "
            f"whatever their size; the models' rows are short, which leaves less to gain. The last columns are the squared error by that of "
            f"the exact optimum, where coreai-opt's exact mode finds it, and whether the bars are met. Made by `python tests/compression.py --write`.")
    if args.write:
        document.write(DOCUMENT, "measured", note + "\n\n" + "\n".join(lines))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
