"""Models that torchao compresses: weights alone, with activations, and trained with fake quantization."""

import torch
from torch import nn
from torchao.quantization import (Float8WeightOnlyConfig, Int8DynamicActivationInt8WeightConfig, Int8DynamicActivationIntxWeightConfig,
                                  Int8WeightOnlyConfig, IntxWeightOnlyConfig, quantize_)
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.qat import QATConfig
from torchao.utils import unwrap_tensor_subclass

from ..programs import Cases

case = Cases()


def layers(dtype=torch.float32):
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16)).to(dtype).eval()


def weights(config, dtype=torch.float32, atol=1e-5):
    m = layers(dtype)
    quantize_(m, config)
    return unwrap_tensor_subclass(m), [torch.randn(3, 64, dtype=dtype)], {"atol": atol, "rtol": 1e-5}


@case("training", "core")
def ao_int8_weights():
    return weights(Int8WeightOnlyConfig())


@case("training", "core")
def ao_int8_weights_bf16():
    return weights(Int8WeightOnlyConfig(), torch.bfloat16, 2e-3)


@case("training", "core")
def ao_float8_weights():
    return weights(Float8WeightOnlyConfig())


@case("training", "core")
def ao_int4_groups():
    return weights(IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)))


@case("training")
def ao_int4_groups_bf16():
    return weights(IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)), torch.bfloat16, 1e-2)


@case("training", "core")
def ao_int2_groups():
    return weights(IntxWeightOnlyConfig(weight_dtype=torch.int2, granularity=PerGroup(16)))


@case("training")
def ao_int3_channels():
    return weights(IntxWeightOnlyConfig(weight_dtype=torch.int3, granularity=PerAxis(0)))


@case("training", "core")
def ao_int8_dynamic():
    return weights(Int8DynamicActivationInt8WeightConfig())


@case("training", "core")
def ao_int8_dynamic_int4():
    return weights(Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32)))


@case("training")
def ao_embedding():
    m = nn.Sequential(nn.Embedding(20, 64), nn.Linear(64, 8))
    quantize_(m, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)),
              filter_fn=lambda part, _: isinstance(part, (nn.Embedding, nn.Linear)))
    return unwrap_tensor_subclass(m), [torch.tensor([[1, 19, 3]])], {"atol": 1e-5, "rtol": 1e-5}


@case("training", "core")
def ao_trained():
    base = Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32))
    m = layers().train()
    quantize_(m, QATConfig(base, step="prepare"))
    step = torch.optim.SGD(m.parameters(), 0.1)
    for _ in range(3):
        m(torch.randn(4, 64)).square().sum().backward()
        step.step()
        step.zero_grad()
    quantize_(m.eval(), QATConfig(base, step="convert"))
    return unwrap_tensor_subclass(m).requires_grad_(False), [torch.randn(3, 64)], {"atol": 1e-5, "rtol": 1e-5}
