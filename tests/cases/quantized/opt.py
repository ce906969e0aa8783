"""Models that coreai-opt compresses; importing the custom layers of coreai-torch registers its operators."""

import coreai_torch._compression.custom_layers  # noqa: F401
import torch
from coreai_opt.quantization import Quantizer, QuantizerConfig
from torch import nn

from ..programs import Cases

case = Cases()
BLOCKS = {"type": "per_block", "axis": 1, "block_size": 32}
ACTIVATION = {"dtype": "int8", "qscheme": "asymmetric", "granularity": {"type": "per_tensor"}}


def weight(dtype, qscheme="symmetric", granularity=None, **more):
    return {"dtype": dtype, "qscheme": qscheme, "granularity": granularity or {"type": "per_channel", "axis": 0}, **more}


def quantize(m, x, weight, activation=None, *, train=False, mode="eager"):
    every = {"*": activation} if activation else None
    config = QuantizerConfig.from_dict({"quantization_config": {"execution_mode": mode, "global_config": {
        "op_state_spec": {"weight": weight}, "op_input_spec": every, "op_output_spec": every}}})
    quantizer = Quantizer(m.train() if train else m.eval(), config)
    prepared = quantizer.prepare((x,))
    with quantizer.training_mode() if train else quantizer.calibration_mode():
        for _ in range(3):
            y = prepared(torch.randn_like(x))
            if train:
                y.square().sum().backward()
    m = quantizer.finalize()
    return m if isinstance(m, torch.fx.GraphModule) else m.eval()


def linears():
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 64))


def compressed(weight, activation=None, **more):
    return quantize(linears(), torch.randn(2, 64), weight, activation, **more), [torch.randn(2, 64)], {"atol": 1e-6, "rtol": 1e-5}


@case("training", "core")
def opt_w8():
    return compressed(weight("int8"))


@case("training")
def opt_u8_zero_points():
    return compressed(weight("uint8", "asymmetric", BLOCKS))


@case("training")
def opt_u8_minima():
    return compressed(weight("uint8", "asymmetric", BLOCKS, qformulation="minval"))


@case("training")
def opt_i8_minima():
    return compressed(weight("int8", "asymmetric", BLOCKS, qformulation="minval"))


@case("training")
def opt_float8():
    return compressed(weight("float8_e5m2"))


@case("training")
def opt_float8_activations():
    activation = {"dtype": "float8_e4m3fn", "qscheme": "symmetric", "granularity": {"type": "per_tensor"}}
    return compressed(weight("float8_e4m3fn"), activation, mode="graph")


@case("training")
def opt_trained_conv_bn():
    m = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    m = quantize(m, torch.randn(2, 3, 8, 8), weight("int8"), ACTIVATION, train=True, mode="graph")
    return m, [torch.randn(2, 3, 8, 8)], {"atol": 1e-6, "rtol": 1e-5}
