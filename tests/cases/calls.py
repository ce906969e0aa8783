"""What a module computes, by the names that a case's tensors have."""

import torch
from torch.utils import _pytree as pytree


def plain(v):
    """A value as a tensor with its own contiguous memory and no pending conjugation or negation."""
    if not isinstance(v, torch.Tensor):
        return torch.tensor(v, dtype=torch.float64 if isinstance(v, float) else None)
    return v.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)


def clones(values):
    """The values, tensors among them copied."""
    return pytree.tree_map_only(torch.Tensor, torch.clone, values)


def inputs(args, prefix=""):
    return {f"{prefix}in{i}": plain(v) for i, v in enumerate(pytree.tree_leaves(args))}


def outputs(results, prefix=""):
    """Results that have a value: not None, no text."""
    return {f"{prefix}out{i}": plain(v) for i, v in enumerate(pytree.tree_leaves(results)) if v is not None and not isinstance(v, str)}


def outcome(module, args, prefix=""):
    """What a call gives: its outputs, and the inputs that it changed. args stay as they are."""
    args = clones(args)
    leaves = [(i, v, v._version) for i, v in enumerate(pytree.tree_leaves(args)) if isinstance(v, torch.Tensor)]
    out = outputs(module(*args), prefix)
    return out | {f"{prefix}mut{i}": plain(v) for i, v, version in leaves if v._version != version}
