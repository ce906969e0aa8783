#!/usr/bin/env python3
"""Save what coreai-opt makes of small weights: palettes and pruned weights.

    python tests/coreai_opt_palettes.py passes/compress/testdata/palettes.safetensors

Needs torch 2.11, coreai-opt 0.3.0 and torchao 0.17.0, all but torch installed with --no-deps, of coreai-opt's dependencies
coremltools, pydantic, pydantic_core, annotated-types, typing-inspection, rich, tqdm, pyyaml, attrs, cattrs, protobuf,
scikit-learn, joblib and scipy, and ninja and a C++ compiler for its clustering. The Go tests of passes/compress read the
file: they hold the rule `coreai` to the cases of the fast mode, and the error of the rule `search` to the others.

The file has the weights as `weight.NAME`, and the parts of each case as `CASE.PART`. The metadata maps each case to JSON
that says which weight it compresses and how.
"""
import argparse
import json
import os

import numpy as np
import torch
from safetensors.torch import save_file

from coreai_opt.palettization.kmeans.kmeans_fake_palettize import _KMeansFakePalettize
from coreai_opt.palettization.spec import PerGroupedChannelGranularity, PerTensorGranularity
from coreai_opt.pruning.spec import ChannelStructured, Unstructured
from coreai_opt.pruning.spec.prune import _MagnitudePruneImpl
from coreai_opt.quantization.spec import QuantizationSpec

# Granularities by name, with the block that each is of a weight.
GRANULARITIES = {
    "tensor": (PerTensorGranularity(), lambda s: s),
    "rows": (PerGroupedChannelGranularity(axis=0, group_size=8), lambda s: [8, *s[1:]]),
    "columns": (PerGroupedChannelGranularity(axis=1, group_size=2), lambda s: [s[0], 2, *s[2:]]),
}
TABLES = [("int8", "symmetric"), ("uint8", "symmetric"), ("int8", "asymmetric"), ("uint8", "asymmetric"),
          ("float8_e4m3fn", "symmetric"), ("float8_e5m2", "symmetric")]


def weights():
    g = torch.Generator().manual_seed(3)
    n = lambda *s: torch.randn(*s, generator=g)
    heavy = n(24, 40) / torch.randn(4, 24, 40, generator=g).square().mean(0).sqrt()
    return {
        "normal": n(24, 40) * 0.02,
        "heavy": heavy * 0.02,
        "tiny": n(16, 24) * 1e-3,
        "wide": n(24, 40),
        "huge": n(8, 24) * 1e5,
        "few": (n(16, 24) * 2).round() * 0.05,
        "zeros": torch.cat([n(8, 24) * 0.02, torch.zeros(8, 24)]),
        "half": (n(16, 24) * 0.02).half(),
        "bfloat": (n(16, 24) * 0.02).bfloat16(),
        "conv": n(16, 6, 3, 3) * 0.05,
    }


def table():
    """(weight, bits, granularity, fast mode, channel scale, type and scheme of the table)"""
    for bits in (1, 2, 3, 4, 6, 8):
        for g in GRANULARITIES:
            yield "normal", bits, g, True, False, None
        yield "normal", bits, "rows", False, False, None
        yield "heavy", bits, "rows", True, True, None
        yield "heavy", bits, "rows", False, False, None
    for w in ("tiny", "wide", "huge", "few", "zeros", "half", "bfloat", "conv"):
        for fast in (True, False):
            yield w, 4, "rows", fast, False, None
        yield w, 3, "rows", True, True, None
        yield w, 2, "columns", True, False, None
    for t in TABLES:
        yield "normal", 4, "rows", True, False, t
        yield "heavy", 3, "rows", True, True, t
        yield "wide", 2, "columns", True, False, t
        yield "half", 4, "rows", True, False, t


def palettize(w, bits, granularity, fast, scale, lut):
    spec = None
    if lut:
        spec = QuantizationSpec(dtype=lut[0], qscheme=lut[1], fake_quantize_cls="default", qparam_calculator_cls="static",
                                range_calculator_cls="minmax")
    op = torch.nn.functional.conv2d if w.ndim == 4 else torch.nn.functional.linear
    p = _KMeansFakePalettize(bits, spec, granularity, 1, scale, enable_fast_kmeans_mode=fast, op_to_optimize=op)
    p._initialize(w)
    parts = {"indices": p.indices.reshape(w.shape), "lut": p.centroids}
    if scale:
        parts["channel"] = p.per_channel_scale
    if lut:
        s, z, low = p._lut_fake_quantizer.qparams_calculator.get_qparams()
        q = p._lut_fake_quantizer.quantize(p._raw_lut(p.centroids).float(), s, z, low, cast_to_target_dtype=False)
        small = {"int": torch.int8, "uin": torch.uint8, "flo": torch.float16}[lut[0][:3]]
        parts |= {"codes": q.to(small), "scale": s.float(), "decoded": p.lut.reshape(p.centroids.shape)}
        if lut[0][:3] != "flo":
            parts["zero"] = z.to(small)
    return parts


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("file", help="the safetensors file to write")
    args = ap.parse_args()
    np.random.seed(0)
    made = weights()
    tensors = {f"weight.{name}": w for name, w in made.items()}
    metadata = {}

    def add(name, settings, parts):
        metadata[name] = json.dumps(settings, sort_keys=True)
        for part, t in parts.items():
            tensors[f"{name}.{part}"] = t.contiguous().clone()

    for weight, bits, g, fast, scale, lut in table():
        granularity, block = GRANULARITIES[g]
        w = made[weight]
        name = ".".join([weight, f"p{bits}", g, "fast" if fast else "exact"] + ["scaled"] * scale + list(lut or []))
        settings = {"kind": "palette", "weight": weight, "bits": bits, "block": block(list(w.shape)), "fast": fast,
                    "scaled": scale, "table": lut[0] if lut else "", "asymmetric": bool(lut) and lut[1] == "asymmetric"}
        add(name, settings, palettize(w, bits, granularity, fast, scale, lut))
    for weight in ("normal", "heavy", "conv", "half"):
        for fraction in (0.25, 0.5):
            for channel in (False, True):
                scheme = ChannelStructured(axis=0) if channel else Unstructured()
                mask = _MagnitudePruneImpl.compute_mask(made[weight], fraction, scheme)
                settings = {"kind": "sparse", "weight": weight, "fraction": fraction, "channel": channel}
                add(f"{weight}.sparse.{fraction}.{'channel' if channel else 'element'}", settings, {"mask": mask.to(torch.uint8)})
    save_file(tensors, args.file, metadata=metadata)
    print(f"{len(metadata)} cases, {os.path.getsize(args.file)} bytes")


if __name__ == "__main__":
    main()
