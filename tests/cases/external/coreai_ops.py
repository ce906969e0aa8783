"""Defines the operators that Core AI's Python packages add to PyTorch, by what they mean."""

import torch
from torch import Tensor


def repeated(v, like):
    """Repeats each element of a parameter over its block."""
    for axis, size in enumerate(like):
        v = v.repeat_interleave(size // v.shape[axis], dim=axis)
    return v


def along(v, axis, rank):
    shape = [1] * rank
    shape[axis] = -1
    return v.reshape(shape) if v is not None and v.ndim < 2 else v


@torch.library.custom_op("coreai::lut_to_dense", mutates_args=())
def lut_to_dense(indices: Tensor, lut: Tensor, axis: int) -> Tensor:
    rank, length = indices.ndim, lut.shape[-1]
    tables = repeated(lut, indices.shape).reshape(-1, lut.shape[-2], length)
    out = tables[torch.arange(len(tables)), indices.flatten().long()].reshape(*indices.shape, length)
    shape = list(indices.shape)
    shape[axis] *= length
    return out.moveaxis(-1, axis % rank + 1).reshape(shape).clone()


@lut_to_dense.register_fake
def _(indices, lut, axis):
    shape = list(indices.shape)
    shape[axis] *= lut.shape[-1]
    return lut.new_empty(shape)


def shift_scale(x, scale, zero, minval, input_dtype, output_dtype):
    if x.is_floating_point():
        return (x.float() * scale.float()).to(output_dtype or scale.dtype)
    x = x.to(scale.dtype)
    if minval is not None:
        return (x - torch.iinfo(input_dtype).min) * scale + minval
    return (x if zero is None else x - zero) * scale


@torch.library.custom_op("coreai::constexpr_blockwise_shift_scale", mutates_args=())
def blockwise_shift_scale(input: Tensor, scale: Tensor, zero_point: Tensor | None = None, minval: Tensor | None = None,
                          input_dtype: torch.dtype | None = None, output_dtype: torch.dtype | None = None) -> Tensor:
    scale, zero_point, minval = (v if v is None else repeated(v, input.shape) for v in (scale, zero_point, minval))
    return shift_scale(input, scale, zero_point, minval, input_dtype, output_dtype)


@blockwise_shift_scale.register_fake
def _(input, scale, zero_point=None, minval=None, input_dtype=None, output_dtype=None):
    return torch.empty(input.shape, dtype=(output_dtype if input.is_floating_point() else None) or scale.dtype)


@torch.library.custom_op("coreai::dequantize", mutates_args=())
def dequantize(input: Tensor, scale: Tensor, zero_point: Tensor | None = None, minval: Tensor | None = None, axis: int = 0,
               input_dtype: torch.dtype | None = None, output_dtype: torch.dtype | None = None) -> Tensor:
    params = [along(v, axis, input.ndim) for v in (scale, zero_point, minval)]
    return shift_scale(input, *params, input_dtype, output_dtype)


@dequantize.register_fake
def _(input, scale, zero_point=None, minval=None, axis=0, input_dtype=None, output_dtype=None):
    return torch.empty(input.shape, dtype=(output_dtype if input.is_floating_point() else None) or scale.dtype)


@torch.library.custom_op("coreai::quantize", mutates_args=())
def quantize(input: Tensor, scale: Tensor, output_dtype: torch.dtype, zero_point: Tensor | None = None,
             minval: Tensor | None = None, axis: int = 0) -> Tensor:
    scale, zero_point, minval = (along(v, axis, input.ndim) for v in (scale, zero_point, minval))
    if output_dtype.is_floating_point:
        most = torch.finfo(output_dtype).max
        return (input.float() / scale.float()).clamp(-most, most).to(output_dtype)
    low, high = torch.iinfo(output_dtype).min, torch.iinfo(output_dtype).max
    codes = torch.round((input if minval is None else input - minval) / scale)
    codes = codes + (zero_point if zero_point is not None else low if minval is not None else 0)
    return codes.clamp(low, high).to(output_dtype)


@quantize.register_fake
def _(input, scale, output_dtype, zero_point=None, minval=None, axis=0):
    return torch.empty(input.shape, dtype=output_dtype)


@torch.library.custom_op("coreai::dequantize_per_tensor", mutates_args=())
def dequantize_per_tensor(quantized: Tensor, scale: Tensor, zero_point: Tensor | None, target_dtype: torch.dtype) -> Tensor:
    x = quantized.float()
    return ((x if zero_point is None else x - zero_point.float()) * scale).to(target_dtype)


@dequantize_per_tensor.register_fake
def _(quantized, scale, zero_point, target_dtype):
    return torch.empty(quantized.shape, dtype=target_dtype)


@torch.library.custom_op("coreai::sparse_to_dense", mutates_args=())
def sparse_to_dense(nonzero_data: Tensor, mask: Tensor) -> Tensor:
    out = torch.zeros(mask.shape, dtype=nonzero_data.dtype)
    out[mask.bool()] = nonzero_data
    return out


@sparse_to_dense.register_fake
def _(nonzero_data, mask):
    return nonzero_data.new_empty(mask.shape)


def write_slice(x, update, begin, end):
    x[tuple(slice(b, e) for b, e in zip(begin.tolist(), end.tolist()))] = update


@torch.library.custom_op("coreai::mutable_slice_update", mutates_args=["x"])
def mutable_slice_update(x: Tensor, update: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    write_slice(x, update, begin, end)
    return x.clone()


@torch.library.custom_op("coreai::immutable_slice_update", mutates_args=())
def immutable_slice_update(x: Tensor, update: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    x = x.clone()
    write_slice(x, update, begin, end)
    return x


mutable_slice_update.register_fake(lambda x, update, begin, end: torch.empty(x.shape, dtype=x.dtype))
immutable_slice_update.register_fake(lambda x, update, begin, end: torch.empty(x.shape, dtype=x.dtype))


@torch.library.custom_op("coreai::mutable_cache_update_and_fetch", mutates_args=["x"])
def update_and_fetch(x: Tensor, update: Tensor, begin: Tensor, end: Tensor, layer_idx: int, seq_dim: int,
                     seq_len: int | None) -> Tensor:
    write_slice(x, update.unsqueeze(0), begin, end)
    layer = x[layer_idx:layer_idx + 1]
    if seq_len is not None:
        layer = layer.narrow(seq_dim, 0, seq_len)
    return layer.squeeze(0).clone()


@update_and_fetch.register_fake
def _(x, update, begin, end, layer_idx, seq_dim, seq_len):
    shape = list(x.shape)
    if seq_len is not None:
        shape[seq_dim] = seq_len
    return torch.empty(shape[1:], dtype=x.dtype)


@torch.library.custom_op("coreai::rope_gather_cached_cos_sin", mutates_args=())
def rope_gather(position_ids: Tensor, cos_cached: Tensor, sin_cached: Tensor) -> list[Tensor]:
    at = position_ids.int()
    return [cos_cached[at], sin_cached[at]]


@rope_gather.register_fake
def _(position_ids, cos_cached, sin_cached):
    shape = [*position_ids.shape, *cos_cached.shape[1:]]
    return [cos_cached.new_empty(shape), sin_cached.new_empty(shape)]


@torch.library.custom_op("coreai::fused_dequant_gather_reshape", mutates_args=())
def dequant_gather(embedding_table: Tensor, input_ids: Tensor, scale: Tensor, final_shape: list[int]) -> Tensor:
    return (embedding_table[input_ids].to(scale.dtype) * scale).reshape(final_shape)


@dequant_gather.register_fake
def _(embedding_table, input_ids, scale, final_shape):
    return scale.new_empty(final_shape)
