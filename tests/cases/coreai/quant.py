"""Quantized weights: every type, scheme, formulation and granularity that coreai-opt's torch path has for them."""
import itertools

import torch
from coreai_opt.config.spec import CompressionTargetTensor
from coreai_opt.quantization.spec import (PerBlockGranularity, PerChannelGranularity, PerTensorGranularity,
                                          QuantizationComponentFactory, QuantizationSpec)

INTEGERS = ["int2", "int4", "int8", "uint2", "uint4", "uint8"]
FLOATS = ["float8_e4m3fn", "float8_e5m2"]
SCHEMES = ["symmetric", "symmetric_with_clipping", "asymmetric"]
FORMULATIONS = ["zp", "minval"]

# The granularities: the weight that each is tried on, and the blocks that it stands for there.
GRANULARITIES = {
    "tensor": ("normal", PerTensorGranularity(), [8, 64]),
    "channel": ("rows", PerChannelGranularity(axis=0), [1, 64]),
    "channel1": ("normal", PerChannelGranularity(axis=1), [8, 1]),
    "block": ("rows", PerBlockGranularity(axis=1, block_size=32), [1, 32]),
    "blocks": ("normal", PerBlockGranularity(block_size=(4, 16)), [4, 16]),
    "window": ("window", PerBlockGranularity(axis=1, block_size=2), [1, 2, 3, 3]),
}


def table():
    """(dtype, scheme, formulation, scale dtype, granularity, suffix of the weight's name)"""
    for dtype, scheme, form, g in itertools.product(INTEGERS, SCHEMES, FORMULATIONS, GRANULARITIES):
        if dtype in ("int4", "uint8") or g in ("tensor", "channel", "block"):
            yield dtype, scheme, form, None, g, ""
    for dtype, scheme, form, suffix in itertools.product(["int4", "uint8"], SCHEMES, FORMULATIONS, [".f16", ".bf16"]):
        yield dtype, scheme, form, None, "block", suffix
    for dtype, scale, g in itertools.product(FLOATS, [None, "float8_e8m0fnu"], GRANULARITIES):
        yield dtype, "symmetric", "zp", scale, g, ""
    for dtype, scale, suffix in itertools.product(FLOATS, [None, "float8_e8m0fnu"], [".f16", ".bf16"]):
        yield dtype, "symmetric", "zp", scale, "block", suffix
    for g in ["channel", "block", "tensor"]:
        yield "float4_e2m1fn_x2", "symmetric", "zp", "float8_e8m0fnu", g, ""
    for suffix in [".f16", ".bf16"]:
        yield "float4_e2m1fn_x2", "symmetric", "zp", "float8_e8m0fnu", "block", suffix


def cases(weights):
    for dtype, scheme, form, scale_dtype, g, suffix in table():
        weight, granularity, block = GRANULARITIES[g]
        weight += suffix
        spec = QuantizationSpec(dtype=dtype, qscheme=scheme, qformulation=form, granularity=granularity,
                                scale_dtype=scale_dtype, fake_quantize_cls="default", qparam_calculator_cls="static",
                                range_calculator_cls="minmax")
        fake = QuantizationComponentFactory.create_fake_quantizer(spec, CompressionTargetTensor.WEIGHT)
        x = weights[weight]
        fake(x)
        scale, zero, low = fake.calculate_qparams()
        codes = fake.quantize(x, scale, zero, low, cast_to_target_dtype=False)
        name = ".".join(filter(None, ["quant", dtype, scheme, form, scale_dtype, g, suffix[1:]]))
        settings = {"kind": "quant", "weight": weight, "block": block, "dtype": dtype, "scheme": scheme, "formulation": form,
                    "scale": scale_dtype or ""}
        small = {"int": torch.int8, "uin": torch.uint8, "flo": torch.float16}[dtype[:3]]
        parts = {"codes": codes.to(small), "scale": scale.float()}
        if dtype[:3] != "flo":
            parts |= {"zero": zero.to(small)} if form == "zp" else {"min": low.float()}
        yield name, settings, parts
