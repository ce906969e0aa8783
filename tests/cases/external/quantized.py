"""PyTorch's and torchao's operators of quantization, and models that these packages quantize."""

import torch
import torch.ao.quantization.fx._decomposed  # registers quantized_decomposed
from torch import nn

from ..programs import Apply, Cases
from .numbers import FLOATS, halves

case = Cases()
QD = torch.ops.quantized_decomposed


@case("training")
def qd_per_tensor():
    def fn(x, scale, zero):
        out = []
        for t, low, high in ((torch.int8, -128, 127), (torch.uint8, 0, 255), (torch.int8, -8, 7), (torch.int16, -32768, 32767),
                             (torch.int32, -2**31, 2**31 - 1)):
            q = QD.quantize_per_tensor(x, 0.25, 3, low, high, t)
            out += [q, QD.dequantize_per_tensor(q, 0.3, 3, low, high, t),
                    QD.dequantize_per_tensor(q, 0.3, 3, low, high, t, out_dtype=torch.float16)]
        q = QD.quantize_per_tensor.tensor(x, scale, zero, -128, 127, torch.int8)
        p = QD.quantize_per_tensor.tensor2(x.to(torch.bfloat16), scale, zero, torch.tensor(-127), torch.tensor(127), torch.int8)
        return (*out, q, p, QD.dequantize_per_tensor.tensor(q, scale, zero, -128, 127, torch.int8),
                QD.dequantize_per_tensor.tensor2(p, scale, zero, torch.tensor(-127), torch.tensor(127), torch.int8,
                                                 out_dtype=torch.bfloat16))
    return Apply(fn), [halves(5, 7), torch.tensor(0.3), torch.tensor(-4)]


@case("training")
def qd_per_channel():
    def fn(x, scale, zero):
        out = []
        for axis in (0, 2):
            s, z = scale[:x.shape[axis]], zero[:x.shape[axis]]
            q = QD.quantize_per_channel(x, s, z, axis, -128, 127, torch.int8)
            out += [q, QD.dequantize_per_channel(q, s, z, axis, -128, 127, torch.int8),
                    QD.dequantize_per_channel(q, s.to(torch.float16), None, axis, -128, 127, torch.int8),
                    QD.dequantize_per_channel(q, s.double(), z.to(torch.int8), axis, -128, 127, torch.int8, out_dtype=torch.float16)]
        return (*out, QD.fake_quant_per_channel(x, scale[:3], zero[:3].int(), 0, -16, 15))
    return Apply(fn), [halves(3, 2, 5), torch.tensor([0.25, 0.1, 0.03, 0.5, 1]), torch.tensor([0, 3, -7, 100, 1])]


@case("training")
def qd_per_token_and_group():
    def fn(x, scale, zero, scales, zeros):
        q = QD.quantize_per_token(x, scale, zero, -128, 127, torch.int8)
        g = QD.quantize_per_channel_group(x, scales, zeros, -8, 7, torch.int8, 4)
        return (q, QD.dequantize_per_token(q, scale.double(), zero, -128, 127, torch.int8, torch.float32),
                QD.dequantize_per_token(q, scale, zero.float(), -128, 127, torch.int8, torch.float16), g,
                QD.dequantize_per_channel_group(g, scales, zeros, -8, 7, torch.int8, 4, torch.float32),
                QD.dequantize_per_channel_group(g, scales.half(), None, -8, 7, torch.int8, 4, torch.bfloat16))
    return Apply(fn), [halves(4, 8), torch.tensor([[0.25], [0.1], [0.5], [0.03]]), torch.tensor([[1], [0], [-3], [5]]),
                       torch.rand(4, 2) + 0.2, torch.randint(-3, 4, (4, 2))]


@case("training")
def qd_choose():
    def fn(*xs):
        out = []
        for x in xs:
            out += QD.choose_qparams.tensor(x, -128, 127, 1e-5, torch.int8)
            out += QD.choose_qparams.tensor(x, 0, 255, 0.5, torch.uint8)
            out += QD.choose_qparams_symmetric.tensor(x, -127, 127, 1e-5, torch.int8)
            out += QD.choose_qparams_symmetric.tensor(x, 0, 255, 1e-5, torch.uint8)
            out += QD.choose_qparams_per_token_asymmetric(x, torch.int8)
        scale, zero = QD.choose_qparams_per_token(xs[0], torch.int8)
        q = QD.quantize_per_token(xs[0], scale, zero, -128, 127, torch.int8)
        return (*out, q, QD.dequantize_per_token(q, scale, zero, -128, 127, torch.int8, torch.float32),
                QD.convert_element_type.no_fuse(xs[1], torch.float32))
    x = torch.randn(3, 6)
    return Apply(fn), [x, x.half() + 3, x.bfloat16(), torch.zeros(2, 3), -x.abs()]


@case("training")
def fake_quantize():
    def fn(x, scale, zero, on):
        op, per_channel = torch.ops.aten, torch.ops.aten.fake_quantize_per_channel_affine
        x = torch.cat([x, x[:1] * 0 / 0])
        out = []
        for t in FLOATS:
            v = x.to(t)
            out += [torch.fake_quantize_per_tensor_affine(v, 0.3, 5, 0, 255),
                    torch.fake_quantize_per_tensor_affine(v, scale[0], zero[0], -8, 7)]
            out += per_channel(v, scale, zero, 1, -8, 7), *op.fake_quantize_per_tensor_affine_cachemask(v, 0.1, -3, -16, 15)
        return (*out, *op.fake_quantize_per_channel_affine_cachemask(x, scale, zero, 1, -8, 7),
                *op._fake_quantize_per_tensor_affine_cachemask_tensor_qparams(x, scale[0], zero[0], on, -8, 7),
                *op._fake_quantize_per_tensor_affine_cachemask_tensor_qparams(x, scale[0], zero[0], on * 0, -8, 7))
    return Apply(fn), [halves(4, 6), torch.rand(6) + 0.1, torch.randint(-4, 4, (6,), dtype=torch.int32), torch.ones(1, dtype=torch.int64)]


@case("training")
def scaled_mm():
    def fn(a, b, left, right, bias):
        a, b, op = a.to(torch.float8_e4m3fn), b.to(torch.float8_e4m3fn).t(), torch.ops.aten._scaled_mm
        return (op(a, b, left, right, out_dtype=torch.float32), op(a, b, left, right, bias, out_dtype=torch.float32),
                op(a, b, left, right, bias, out_dtype=torch.bfloat16))
    return Apply(fn), [torch.randn(16, 32), torch.randn(16, 32), torch.rand(()), torch.rand(()), torch.randn(16)], \
        {"atol": 1e-3, "rtol": 1e-2}


@case("training")
def ao_affine():
    import torchao.quantization.quant_primitives  # noqa: F401 registers torchao
    ao = torch.ops.torchao

    def fn(*xs):
        out = []
        for x in xs:
            for mapping in ("SYMMETRIC", "SYMMETRIC_NO_CLIPPING_ERR", "ASYMMETRIC"):
                for block in ([1, 4], [2, 8], [4, 8]):
                    s, z = ao.choose_qparams_affine(x, mapping, block, torch.int8, -8, 7, None, torch.float32, torch.int32)
                    q = ao.quantize_affine(x, block, s, z, torch.int8, -8, 7)
                    out += [s, z, q, ao.dequantize_affine(q, block, s, z, torch.int8, -8, 7, output_dtype=x.dtype)]
            s, z = ao.choose_qparams_affine(x, "ASYMMETRIC", [1, 8], torch.uint8, keepdim=True)
            out += [s, z, ao.dequantize_affine(ao.quantize_affine(x, [1, 8], s, z, torch.uint8), [1, 8], s, None, torch.uint8)]
        return tuple(out)
    return Apply(fn), [torch.randn(4, 8).to(t) for t in FLOATS]


@case("training")
def ao_float8():
    import torchao.quantization.quant_primitives  # noqa: F401 registers torchao
    ao = torch.ops.torchao

    def fn(x, y):
        out = []
        for block in ([4, 8], [1, 8], [2, 4]):
            for t in (torch.float8_e4m3fn, torch.float8_e5m2):
                s = ao.choose_scale_float8(x, block, t)
                q = ao.quantize_affine_float8_non_decomposed(x, s, t)
                out += [s, q.view(torch.uint8), ao.dequantize_affine_float8_non_decomposed(q, s),
                        ao.dequantize_affine_float8_non_decomposed(q, s, torch.bfloat16)]
        return (*out, ao.choose_scale_float8(y, [4, 8], torch.float8_e4m3fn, torch.float32, 0.5, 2.0))
    return Apply(fn), [torch.randn(4, 8), torch.randn(4, 8) * 4]


@case("training")
def ao_intx_model():
    from torchao.quantization import IntxWeightOnlyConfig, quantize_
    from torchao.quantization.granularity import PerGroup
    from torchao.utils import unwrap_tensor_subclass
    m = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16)).eval()
    quantize_(m, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)))
    return unwrap_tensor_subclass(m), [torch.randn(3, 64)], {"atol": 1e-5, "rtol": 1e-5}


@case("training")
def ao_int8_model():
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
    from torchao.quantization.granularity import PerGroup
    from torchao.utils import unwrap_tensor_subclass
    m = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16)).eval()
    quantize_(m, Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32)))
    return unwrap_tensor_subclass(m), [torch.randn(3, 64)], {"atol": 1e-5, "rtol": 1e-5}


def pt2e(m, x, **config):
    """Quantizes a model by calibration, as PT2E does."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(**config))
    m = prepare_pt2e(torch.export.export(m.eval(), (x,)).module(), quantizer)
    for _ in range(3):
        m(torch.randn_like(x))
    return convert_pt2e(m)


@case("training", "core")
def pt2e_linear():
    m = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 8))
    return pt2e(m, torch.randn(2, 16)), [torch.randn(2, 16)], {"atol": 1e-6}


@case("training")
def pt2e_conv_per_channel():
    m = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                      nn.Linear(4, 5))
    return pt2e(m, torch.randn(2, 3, 12, 12), is_per_channel=True), [torch.randn(2, 3, 12, 12)], {"atol": 1e-6}


@case("training")
def pt2e_dynamic():
    m = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 8))
    return pt2e(m, torch.randn(2, 16), is_per_channel=True, is_dynamic=True), [torch.randn(2, 16)], {"atol": 1e-6}
