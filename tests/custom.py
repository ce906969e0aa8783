"""Make the programs of tests/custom: models with Metal kernels of their own, inputs, and PyTorch's outputs. Needs torch 2.11.

    python tests/custom.py [NAME...]

Each case is a model and calls of it, the first of which it is exported with. The kernels' texts are tested by
tests/custom_test.go: against their definitions in the checker, and the definitions against PyTorch's outputs.
"""

import os
import sys

import torch

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "frontend", "python"))

import aiopt  # noqa: E402
from aiopt import MetalParameter, TorchMetalKernel  # noqa: E402
from cases.files import neutralize, write_tensors  # noqa: E402

FOLDER = os.path.join(ROOT, "tests", "custom")
AT = [MetalParameter("at", "uint2", "thread_position_in_grid")]
I = [MetalParameter("i", "uint", "thread_position_in_grid")]
DYNAMIC = torch.export.Dim.DYNAMIC


def grid(x):
    """A thread for each element of a matrix."""
    rows, columns = x.shape
    return {"threads_per_grid": (columns, rows, 1), "threads_per_thread_group": (8, 4, 1)}


# Two kernels that share a helper.
HELPERS = """
float softened(float x) {
    return x / (1.0f + exp(-x));
}
"""


def gated(x: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.silu(x) * gate


def squared(x: torch.Tensor):
    return torch.nn.functional.silu(x) ** 2


GATED = TorchMetalKernel("gated", ["x", "gate"], ["y"], "y[at.x, at.y] = softened(x[at.x, at.y]) * gate[at.x, at.y];", gated, AT, HELPERS)
SQUARED = TorchMetalKernel(
    "squared", ["x"], ["y"], """
    float s = softened(x[at.x, at.y]);
    y[at.x, at.y] = s * s;
""", squared, AT, HELPERS)  # fmt: skip


class Shared(torch.nn.Module):
    def forward(self, x, gate):
        y = GATED(x, gate, **grid(x), result_shapes=[list(x.shape)])
        return SQUARED(y, **grid(y), result_shapes=[y.shape])


# Several results, of another type and shape among them.
def extremes(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    low, at = x.min(dim=1)
    return low, x.max(dim=1).values, at.to(torch.int32)


EXTREMES = TorchMetalKernel(
    "extremes", ["x"], ["low", "high", "where"], """
    float least = x[0, i], most = x[0, i];
    int found = 0;
    for (int k = 1; k < x.get_extent(0); k++) {
        float value = x[k, i];
        if (value < least) { least = value; found = k; }
        most = max(most, value);
    }
    low[i] = least;
    high[i] = most;
    where[i] = found;
""", extremes, I)  # fmt: skip


class Several(torch.nn.Module):
    def forward(self, x):
        n = x.shape[0]
        low, high, where = EXTREMES(x, threads_per_grid=(n, 1, 1), threads_per_thread_group=(32, 1, 1), result_shapes=[[n], [n], [n]])
        return {"span": high - low, "where": where}


# Numbers, which are written into the text; one kernel called with different ones.
def affine(x: torch.Tensor, scale: float, shift: int, negate: bool) -> torch.Tensor:
    y = x * scale + shift
    return -y if negate else y


AFFINE = TorchMetalKernel(
    "affine", ["x", "scale", "shift", "negate"], ["y"], """
    float value = x[at.x, at.y] * scale + shift;
    y[at.x, at.y] = negate ? -value : value;
""", affine, AT)  # fmt: skip


class Numbers(torch.nn.Module):
    def forward(self, x):
        y = AFFINE(x, 0.1, -3, True, **grid(x), result_shapes=[x.shape])
        z = AFFINE(y, 1e-7, 2**31 - 1, False, **grid(x), result_shapes=[x.shape])
        return AFFINE(z, 2, -(2**31), False, **grid(x), result_shapes=[x.shape]) + y


# Sizes that are open: a grid that counts in groups, a result of another size than the inputs.
def interleaved(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.stack((a, b), 2).reshape(a.shape[0], 2 * a.shape[1])


INTERLEAVED = TorchMetalKernel(
    "interleaved", ["a", "b"], ["y"], """
    int row = int(group);
    for (int k = int(lane); k < a.get_extent(0); k += 32) {
        y[2 * k, row] = a[k, row];
        y[2 * k + 1, row] = b[k, row];
    }
""", interleaved, [MetalParameter("group", "uint", "threadgroup_position_in_grid"), MetalParameter("lane", "uint", "thread_index_in_threadgroup")])  # fmt: skip


class Dynamic(torch.nn.Module):
    def forward(self, a, b):
        rows, columns = a.shape
        y = INTERLEAVED(a, b + 1, threads_per_grid=(rows * 32, 1, 1), threads_per_thread_group=(32, 1, 1), result_shapes=[[rows, 2 * columns]])
        return SQUARED(y[:, 1:], **grid(y[:, 1:]), result_shapes=[[rows, 2 * columns - 1]])


# A kernel inside a branch.
class Branch(torch.nn.Module):
    def forward(self, x, gate):
        def yes(x, gate):
            return GATED(x, gate, **grid(x), result_shapes=[list(x.shape)])

        def no(x, gate):
            return x - gate

        return torch.cond(x.sum() > 0, yes, no, (x, gate))


# One kernel at several element types, in threadgroup memory.
def row_sums(x: torch.Tensor) -> torch.Tensor:
    return x.float().sum(dim=1).to(x.dtype)


ROW_SUMS = TorchMetalKernel(
    "row_sums", ["x"], ["y"], """
    threadgroup float part[64];
    float sum = 0.0f;
    for (int k = int(lane); k < x.get_extent(0); k += 64) sum += float(x[k, int(row)]);
    part[lane] = sum;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint half_way = 32; half_way > 0; half_way /= 2) {
        if (lane < half_way) part[lane] += part[lane + half_way];
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    if (lane == 0) y[int(row)] = TYPE(part[0]);
""", row_sums, [MetalParameter("row", "uint", "threadgroup_position_in_grid"), MetalParameter("lane", "uint", "thread_index_in_threadgroup")],
    template_dtypes={"x": "TYPE"})  # fmt: skip


class Types(torch.nn.Module):
    def forward(self, x):
        sizes = {"threads_per_grid": (x.shape[0] * 64, 1, 1), "threads_per_thread_group": (64, 1, 1), "result_shapes": [[x.shape[0]]]}
        out = [ROW_SUMS(x.to(dtype), **sizes) for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8)]
        return tuple(out)


# A definition with data of its own, and masks.
TABLE = torch.tensor([0.5, -1.0, 2.0, 4.0])


def looked_up(index: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    return torch.where(keep, TABLE[index.clamp(0, 3)], 0.0)


LOOKED_UP = TorchMetalKernel(
    "looked_up", ["index", "keep"], ["y"], """
    y[i] = keep[i] ? table[clamp(index[i], 0L, 3L)] : 0.0f;
""", looked_up, I, "constant float table[4] = {0.5f, -1.0f, 2.0f, 4.0f};")  # fmt: skip


class Table(torch.nn.Module):
    def forward(self, index, keep):
        n = index.shape[0]
        return LOOKED_UP(index, keep, threads_per_grid=(n, 1, 1), threads_per_thread_group=(64, 1, 1), result_shapes=[[n]])


# A product with a weight that the model holds, which passes must leave to the kernel.
def product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.linear(x, weight)


PRODUCT = TorchMetalKernel(
    "product", ["x", "weight"], ["y"], """
    float sum = 0.0f;
    for (int k = 0; k < x.get_extent(0); k++) sum += x[k, at.y] * weight[k, at.x];
    y[at.x, at.y] = sum;
""", product, AT)  # fmt: skip


class Product(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(8, 6), torch.nn.Linear(6, 16, bias=False)

    def forward(self, x):
        h = self.first(x)
        return PRODUCT(h, self.second.weight, threads_per_grid=(16, h.shape[0], 1), threads_per_thread_group=(16, 4, 1), result_shapes=[[h.shape[0], 16]])


def normal(*shape):
    return torch.randn(*shape)


torch.manual_seed(7)
CASES = {  # the model, its calls, and which sizes are open
    "shared": (Shared(), [(normal(3, 5), normal(3, 5))], None),
    "several": (Several(), [(normal(6, 7),), (normal(2, 9),)], ({0: DYNAMIC, 1: DYNAMIC},)),
    "numbers": (Numbers(), [(normal(2, 3),)], None),
    "dynamic": (Dynamic(), [(normal(3, 40), normal(3, 40)), (normal(7, 5), normal(7, 5))], ({0: DYNAMIC, 1: DYNAMIC},) * 2),
    "branch": (Branch(), [(normal(4, 3).abs(), normal(4, 3)), (-normal(9, 3).abs(), normal(9, 3))], ({0: DYNAMIC},) * 2),
    "types": (Types(), [((normal(3, 70) * 4).abs().round(),)], None),
    "table": (Table(), [(torch.tensor([3, -1, 0, 9, 2]), torch.tensor([True, True, False, True, True]))], ({0: DYNAMIC},) * 2),
    "product": (Product(), [(normal(3, 8),), (normal(6, 8),)], ({0: DYNAMIC},)),
    "functional": (Several(), [(normal(4, 6),)], None),  # after run_decompositions
}


def tidy(place):
    return (os.path.relpath(place[0], ROOT), place[1]) if place else None


def make(name):
    """Writes the files of a case."""
    model, calls, dynamic = CASES[name]
    model.requires_grad_(False)
    program = torch.export.export(model, calls[0], dynamic_shapes=dynamic)
    if name == "functional":
        program = program.run_decompositions()
    neutralize(program)
    program.example_inputs = None
    aiopt.save(program, os.path.join(FOLDER, name + ".pt2"))
    inputs, outputs = {}, {}
    for k, call in enumerate(calls):
        prefix = f"s{k}." if len(calls) > 1 else ""
        given = model(*call)
        given = given.values() if isinstance(given, dict) else given if isinstance(given, tuple) else (given,)
        inputs.update({f"{prefix}in{i}": t.contiguous() for i, t in enumerate(call)})
        outputs.update({f"{prefix}out{i}": t.contiguous() for i, t in enumerate(given)})
    write_tensors(os.path.join(FOLDER, name + ".in.safetensors"), inputs)
    write_tensors(os.path.join(FOLDER, name + ".out.safetensors"), outputs)


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for kernel in (GATED, SQUARED, EXTREMES, AFFINE, INTERLEAVED, ROW_SUMS, LOOKED_UP, PRODUCT):
        kernel.defined, kernel.source_place, kernel.helper_place = map(tidy, (kernel.defined, kernel.source_place, kernel.helper_place))
    for case in sys.argv[1:] or CASES:
        make(case)
        print(case)
