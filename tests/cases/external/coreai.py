"""Core AI's operators of compressed weights, slices and tables."""

import torch
from torch import nn

from ..programs import Apply, Cases
from .coreai_ops import (blockwise_shift_scale, dequant_gather, dequantize, dequantize_per_tensor, immutable_slice_update, lut_to_dense,
                         mutable_slice_update, quantize, rope_gather, sparse_to_dense)
from .numbers import FLOATS, halves

case = Cases()


@case("training")
def coreai_palettes():
    def fn(i4, i2, lut, lut8, vectors, grid):
        return (lut_to_dense(i4, lut, 0), lut_to_dense(i4, lut8, 0), lut_to_dense(i4, lut.half(), -1), lut_to_dense(i2, vectors, 0),
                lut_to_dense(i2, vectors, 1), lut_to_dense(i2, grid, -1))
    return Apply(fn), [torch.randint(0, 16, (8, 6), dtype=torch.uint8), torch.randint(0, 4, (4, 6), dtype=torch.uint8),
                       torch.randn(2, 1, 16, 1), torch.randint(-128, 128, (8, 2, 16, 1), dtype=torch.int8), torch.randn(2, 1, 4, 3),
                       torch.randn(2, 3, 4, 2).bfloat16()]


@case("training")
def coreai_shift_scale():
    def fn(q, u, scale, zero, low, x):
        f8 = x.to(torch.float8_e4m3fn)
        out = []
        for t in FLOATS:
            s = scale.to(t)
            out += [blockwise_shift_scale(q, s), blockwise_shift_scale(q, s, zero),
                    blockwise_shift_scale(q, s, None, low.to(t), torch.int8),
                    blockwise_shift_scale(u, s, None, low.to(t), torch.uint8), blockwise_shift_scale(f8, s),
                    blockwise_shift_scale(f8, s, output_dtype=torch.float16),
                    dequantize(q, s[0], zero[0], axis=1), dequantize(q, s[:, 0], None, low[:, 0].to(t), 0, torch.int8),
                    dequantize(q, s[0, 0]), dequantize(f8, s[0, 0], output_dtype=torch.float32),
                    dequantize_per_tensor(q, s[0, 0], None, torch.float16), dequantize_per_tensor(q, s[0, 0], zero[0, 0], torch.float32)]
        return tuple(out)
    return Apply(fn), [torch.randint(-128, 128, (4, 8), dtype=torch.int8), torch.randint(0, 256, (4, 8), dtype=torch.uint8),
                       torch.rand(4, 8) + 0.1, torch.randint(-128, 128, (4, 8), dtype=torch.int8), torch.randn(4, 8), torch.randn(4, 8)]


@case("training")
def coreai_blocks():
    def fn(q, scale, zero, low):
        return (blockwise_shift_scale(q, scale), blockwise_shift_scale(q, scale, zero),
                blockwise_shift_scale(q, scale, None, low, torch.int8),
                blockwise_shift_scale(q, scale.half(), None, low.half(), torch.int8))
    return Apply(fn), [torch.randint(-128, 128, (4, 8, 3), dtype=torch.int8), torch.rand(2, 4, 1),
                       torch.randint(-9, 9, (2, 4, 1), dtype=torch.int8), torch.randn(2, 4, 1)]


@case("training")
def coreai_quantize():
    def fn(x, scale, zero, low):
        out = []
        for t in FLOATS:
            v, s, m = x.to(t), scale.to(t), low.to(t)
            out += [quantize(v, s, torch.int8), quantize(v, s, torch.int8, zero), quantize(v, s, torch.uint8, None, m),
                    quantize(v, s[0, 0], torch.int8, zero[0, 0]),
                    quantize(v, torch.cat([s, s])[:, 0], torch.uint8, torch.cat([zero, zero])[:, 0].to(torch.uint8), axis=-1),
                    quantize(v, s, torch.int8, None, m), quantize(v, s[0, 0], torch.float8_e4m3fn).float(),
                    quantize(v * 1000, s[0, 0], torch.float8_e5m2).float()]
        return tuple(out)
    return Apply(fn), [halves(4, 8), torch.tensor([[0.25], [0.1], [0.5], [0.3]]), torch.randint(-20, 20, (4, 1), dtype=torch.int8),
                       torch.randn(4, 1)]


@case("training")
def coreai_sparse():
    mask = torch.rand(5, 7) < 0.4
    n = int(mask.sum())
    def fn(v, h, m, b):
        return (sparse_to_dense(v, m), sparse_to_dense(h, b), sparse_to_dense(v.to(torch.int8), m))
    return Apply(fn), [torch.randn(n), torch.randn(n).half(), mask, mask.to(torch.uint8)]


class Stored(nn.Module):
    """A small network with compressed weights of each kind."""

    def __init__(self):
        super().__init__()
        mask = torch.rand(16, 12) < 0.5
        for name, v in {"indices": torch.randint(0, 16, (24, 16), dtype=torch.uint8), "lut": torch.randn(3, 1, 16, 1), "mask": mask,
                        "kept": torch.randn(int(mask.sum())), "codes": torch.randint(-8, 8, (8, 24), dtype=torch.int8),
                        "scale": torch.rand(8, 3),
                        "luts": torch.randint(-128, 128, (2, 1, 16, 1), dtype=torch.int8), "row": torch.rand(8, 1),
                        "places": torch.randint(0, 16, (8, 8), dtype=torch.uint8), "low": torch.randn(8, 1)}.items():
            self.register_buffer(name, v)

    def forward(self, x):
        x = nn.functional.linear(x, sparse_to_dense(self.kept, self.mask))
        x = nn.functional.linear(x.relu(), lut_to_dense(self.indices, self.lut, 0))
        x = nn.functional.linear(x.relu(), blockwise_shift_scale(self.codes, self.scale, input_dtype=torch.int8))
        w = blockwise_shift_scale(lut_to_dense(self.places, self.luts, 0), self.row, None, self.low, torch.int8)
        return nn.functional.linear(x, w)


@case("training", "core")
def coreai_stored():
    return Stored(), [torch.randn(3, 12)], {"atol": 1e-3, "rtol": 1e-5}


@case("training")
def coreai_slices():
    def fn(x, update, at):
        def t(*v):
            return torch.tensor(v, dtype=torch.int32)
        a = immutable_slice_update(x, update, t(1, 0, 2), t(2, 9, 4))
        b = immutable_slice_update(x, update, torch.cat([t(1, 0), at]), torch.cat([t(2, 3), at + 2]))
        c = immutable_slice_update(x, update, torch.cat([at, t(0), at]), torch.cat([at + 1, t(3), at + 2]))
        d = immutable_slice_update(x, update[:, :, :1], t(-1), t(5))
        y = x.clone()
        e = mutable_slice_update(y, update, t(0, 0, -2), t(1, 3, 5))
        return a, b, c, d, e, y, immutable_slice_update(x, x, t(0, 0, 0), t(2, 3, 5))
    return Apply(fn), [torch.randn(2, 3, 5), torch.randn(1, 3, 2), torch.tensor([1], dtype=torch.int32)]


@case("training")
def coreai_tables():
    def fn(pos, cos, sin, table, ids, scale):
        return (*rope_gather(pos.to(torch.uint16), cos, sin), dequant_gather(table, ids, scale, [*ids.shape, 1, 6]))
    return Apply(fn), [torch.tensor([[0, 3, 2]]), torch.randn(5, 4), torch.randn(5, 4).half(),
                       torch.randint(-128, 128, (7, 1, 6), dtype=torch.int8), torch.tensor([[6, 0]]),
                       torch.tensor(0.1, dtype=torch.float16)]
