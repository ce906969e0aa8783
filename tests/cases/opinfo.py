"""PyTorch's operator samples (OpInfo): which operators make cases, and a module that calls one with a sample."""

import itertools
import math
import random
import re
from collections import defaultdict

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, ReductionOpInfo, UnaryUfuncInfo
from torch.utils import _pytree as pytree

from .calls import plain
from .files import DTYPES, LEVELS

MAX_ELEMENTS = 1 << 16  # of all inputs of a case

# Operators that make no cases, by reason. Names are as OpInfo gives them, F. for nn.functional.
EXCLUDED = {
    "the result is random": """bernoulli cauchy exponential geometric log_normal multinomial normal normal_in_place
        normal_number_mean rand_like randint randint_like randn randn_like uniform F.feature_alpha_dropout_with_train
        F.fractional_max_pool2d F.fractional_max_pool3d pca_lowrank svd_lowrank""",
    "the result is uninitialised memory": """empty empty_like empty_permuted empty_strided new_empty new_empty_strided
        resize_ resize_as_""",
    "reads memory beyond its input": "as_strided_partial_views",
    "the result is no tensor": "allclose broadcast_shapes equal item",
    "only autograd calls it": """_softmax_backward_data max_pool2d_with_indices_backward native_dropout_backward
        F.max_unpool1d_grad F.max_unpool2d_grad F.max_unpool3d_grad linalg_lstsq_grad_oriented""",
    "sparse tensors": "sparse_mm_reduce sparse_sampled_addmm to_sparse",
    "complex32, float8 or uint64 tensors": "chalf torch__scaled_mm torch__scaled_mm_v2 hash_tensor",
    "CUDA only": """jiterator_2inputs_2outputs jiterator_4inputs_with_extra_args jiterator_binary
        jiterator_binary_return_by_ref jiterator_unary""",
}
SKIPPED = {name for names in EXCLUDED.values() for name in names.split()}

# Arguments that make an operator deterministic, as in inference.
EVAL = {**{name: {"training": False} for name in "F.dropout F.dropout2d F.dropout3d F.alpha_dropout F.rrelu".split()},
        "F.multi_head_attention_forward": {"training": False}, "F.scaled_dot_product_attention": {"dropout_p": 0.0}}


def from_svd(u, s, vh):
    k = s.shape[-1]
    return s, (u[..., :k] * s.unsqueeze(-2)) @ vh[..., :k, :]


def power_sums(w):
    return w.sum(-1), (w * w).sum(-1), (w * w * w).sum(-1)


# Results that are unique up to sign, phase or order are compared by what follows from them:
# (result, first argument) -> tensors.
INVARIANT = {
    "svd": lambda r, a: from_svd(r[0], r[1], r[2].mH),
    "linalg_svd": lambda r, a: from_svd(*r),
    "linalg_eigh": lambda r, a: (r[0], (r[1] * r[0].unsqueeze(-2)) @ r[1].mH),
    "linalg_eigvals": lambda r, a: power_sums(r),
    "linalg_eig": lambda r, a: (*power_sums(r[0]), (r[1] * r[0].unsqueeze(-2)) - a.to(r[1].dtype) @ r[1],
                                r[1].abs().square().sum(-2)),
}

# Operators beside those OpInfo calls elementwise or reductions that are defined for nan and infinities: the former in all
# their inputs, the others in the first one. F.gelu is absent: its vector loop turns inf into nan, its scalar loop does not.
ELEMENTWISE = set("addcdiv addcmul clamp F.hardswish isin lerp where".split())
SPECIAL = set("""aminmax argsort bucketize cat clone cummax cummin cumprod cumsum diff flip
    F.adaptive_max_pool1d F.adaptive_max_pool2d F.avg_pool1d F.avg_pool2d F.glu F.max_pool1d
    F.max_pool2d F.max_pool3d F.softmin F.pad_constant gather index_select kthvalue log_softmax
    log_softmax_with_dtype logcumsumexp logsumexp masked_fill max_reduction_no_dim max_reduction_with_dim median
    min_reduction_no_dim min_reduction_with_dim msort nanmedian nanquantile nonzero permute quantile scatter softmax
    softmax_with_dtype sort stack topk tril triu""".split())
# Elementwise operators that are not: casts to integers are undefined there, frexp's exponent is unspecified.
NOT_SPECIAL = re.compile(r"(byte|char|short|int|long|frexp|special_.*_polynomial_.*)$")


class CannotMake(Exception):
    """PyTorch cannot make this case; the text says at which step."""


class Calls(torch.nn.Module):
    """Calls an operator: tensors among its arguments are inputs, the others are constants."""

    def __init__(self, op, leaves, spec, slots):
        super().__init__()
        self.op, self.leaves, self.spec, self.slots = op, leaves, spec, slots

    def forward(self, *tensors):
        leaves = list(self.leaves)
        for slot, tensor in zip(self.slots, tensors):
            leaves[slot] = tensor
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return tuple(t for t in pytree.tree_leaves(self.op(*args, **kwargs)) if isinstance(t, torch.Tensor))


def calls_of(op, args, kwargs):
    """The module that calls op with these arguments, and its inputs: the tensors among them."""
    leaves, spec = pytree.tree_flatten((args, kwargs))
    slots = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    inputs = [plain(leaves[i]) for i in slots]
    return Calls(op, [None if i in slots else leaf for i, leaf in enumerate(leaves)], spec, slots), inputs


def short_name(op):
    return op.formatted_name.replace("nn_functional_", "F.")


def arguments(sample):
    return sample.input, *sample.args


def tensors(sample):
    return [t for t in pytree.tree_leaves((sample.input, sample.args, sample.kwargs)) if isinstance(t, torch.Tensor)]


def plan(seed, level):
    """Yields (name, op, dtype, level) without end: each round holds every operator once."""
    choice = random.Random(seed)
    ops = []
    for op in op_db:
        dtypes = [d for d in DTYPES if d in op.supported_dtypes("cpu")]
        if dtypes and short_name(op) not in SKIPPED:
            # The first round takes the widest used dtypes first, so that few cases cover what matters most.
            first = dtypes[:1] if dtypes[0] == torch.float32 else []
            rest = dtypes[len(first):]
            choice.shuffle(rest)
            ops.append((op, first + rest))
    choice.shuffle(ops)
    for round in itertools.count():
        for i, (op, dtypes) in enumerate(ops):
            dtype = dtypes[round % len(dtypes)]
            chosen = LEVELS[(i + round + round // len(dtypes)) % 2] if level == "both" else level
            yield f"{short_name(op)}.{str(dtype)[6:]}.{round}", op, dtype, chosen


def sort_samples(kinds, label, samples):
    """Adds the samples that fit to the lists empty, scalar (rank 0) and plain."""
    for i, sample in enumerate(samples):
        found = tensors(sample)
        if any(t.layout != torch.strided or t.dtype not in DTYPES for t in found):
            continue
        if sum(t.numel() for t in found) > MAX_ELEMENTS or any(t.is_complex() and not t.isfinite().all() for t in found):
            continue
        empty = any(t.numel() == 0 for t in found)
        kinds["empty" if empty else "scalar" if found and found[0].ndim == 0 else "plain"].append((f"{label}{i}", sample))


def draw_sample(op, dtype, choice):
    """Gives (label, sample); label is s<index> of sample_inputs or r<index> of reference_inputs."""
    kinds = defaultdict(list)
    if op.reference_inputs_func and choice.random() < 0.5:
        sort_samples(kinds, "r", op.reference_inputs("cpu", dtype, set_seed=False))
    if not kinds:
        sort_samples(kinds, "s", op.sample_inputs("cpu", dtype, set_seed=False))
    if not kinds:
        raise CannotMake("no sample fits")
    at = choice.random()
    kind = "empty" if at < 0.2 else "scalar" if at < 0.4 else "plain"
    return choice.choice(kinds.get(kind) or kinds.get("plain") or next(iter(kinds.values())))


def special_inputs(op, inputs):
    """Those of the inputs in which nan and infinities are defined."""
    short = short_name(op)
    if NOT_SPECIAL.match(short):
        return []
    if isinstance(op, (UnaryUfuncInfo, BinaryUfuncInfo)) or short in ELEMENTWISE:
        return inputs
    return inputs[:1] if isinstance(op, ReductionOpInfo) or short in SPECIAL else []


def put_specials(tensors, choice):
    """Puts one each of nan, inf, -inf and -0.0 into real float tensors, as far as they have room; says if it did."""
    done = False
    for t in tensors:
        if not t.dtype.is_floating_point or t.numel() == 0 or (done and choice.random() < 0.5):
            continue
        values = [math.nan, math.inf, -math.inf, -0.0]
        choice.shuffle(values)
        for at, value in zip(choice.sample(range(t.numel()), min(4, t.numel())), values):
            t.view(-1)[at] = value
        done = True
    return done
