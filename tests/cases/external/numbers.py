"""Numbers that the cases of quantization share."""

import torch

FLOATS = (torch.float32, torch.float16, torch.bfloat16)


def halves(*shape, step=0.125, dtype=torch.float32):
    """Numbers many of which lie in the middle between two codes."""
    return (torch.randint(-40, 41, shape) * step).to(dtype)
