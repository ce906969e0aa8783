"""Saving exported programs with their kernels."""

import base64
import contextlib
import io
import json
import os

import torch

from . import checks
from .kernel import DTYPES, kernel_of

#: Of the extra file that lists the kernels, see docs/custom-kernels.md.
VERSION = 1

_FOLDER = "aiopt/"
_EXAMPLE = 4  # a size that only a run decides


def save(ep, path, *, extra_files=None, **options):
    """Write an exported program with its Metal kernels.

    It is :func:`torch.export.save` with extra files that hold, for each kernel that the program calls, its text, how it is
    launched, and ``torch_defn`` traced for the types of each call. A program without kernels is written as ever.

    Args:
        ep: what ``torch.export.export`` gave, or its ``run_decompositions``.
        path: the ``.pt2`` file to write, or a file object.
        extra_files: further files, by name.
        options: what else ``torch.export.save`` takes.

    Raises:
        KernelError: where a kernel's ``torch_defn`` cannot be traced; it names the line that calls the kernel.
    """
    with without_own_frames(ep):
        torch.export.save(ep, path, extra_files={**(extra_files or {}), **kernel_files(ep)}, **options)


def kernel_files(ep):
    """The extra files of a program's kernels, by name; none for a program without kernels."""
    with without_own_frames(ep):
        return _kernel_files(ep)


def _kernel_files(ep):
    files, kernels = {}, {}
    for node, kernel in _calls(ep):
        entry = kernels.setdefault(kernel.operator, _describe(kernel))
        arguments, values = _arguments(node, kernel)
        types = [_open(argument) for argument in arguments]
        if any([_open(argument) for argument in have["arguments"]] == types for have in entry["references"]):
            continue
        name = f"{_FOLDER}references/{len(files)}"
        files[name] = _traced(node, kernel, arguments, values)
        entry["references"].append({"arguments": arguments, "file": name})
    if kernels:
        files[_FOLDER + "kernels.json"] = json.dumps({"version": VERSION, "kernels": list(kernels.values())}, indent=1, allow_nan=False)
    return files


def _calls(ep):
    """The nodes that call kernels, of bodies too."""
    for module in ep.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                kernel = kernel_of(node.target) if node.op == "call_function" else None
                if kernel is not None:
                    yield node, kernel


@contextlib.contextmanager
def without_own_frames(ep):
    """Take this package's lines out of where a program calls kernels, until the block ends: the program is the caller's."""
    traces = {node: node.meta["stack_trace"] for node, _ in _calls(ep) if "stack_trace" in node.meta}
    try:
        for node in traces:
            _drop_own_frames(node)
        yield
    finally:
        for node, trace in traces.items():
            node.meta["stack_trace"] = trace


def _drop_own_frames(node):
    own = os.path.dirname(os.path.abspath(__file__))
    kept, skip = [], False
    for line in (node.meta.get("stack_trace") or "").split("\n"):
        if line.lstrip().startswith('File "'):
            skip = own in line
        if not skip:
            kept.append(line)
    if "stack_trace" in node.meta:
        node.meta["stack_trace"] = "\n".join(kept)


def _place(place):
    return {"file": place[0], "line": place[1]} if place else None


def _describe(kernel):
    return {
        "operator": kernel.operator,
        "name": kernel.name,
        "inputs": [{"name": name, "kind": kind} for name, kind in zip(kernel.input_names, kernel.kinds)],
        "results": list(kernel.result_names),
        "parameters": [{"name": p.name, "type": p.dtype, "attribute": p.attr} for p in kernel.metal_params],
        "templates": [{"input": name, "word": word} for name, word in kernel.template_dtypes.items()],
        "source": {"text": kernel.src, "place": _place(kernel.source_place)},
        "helpers": {"text": kernel.helper_src, "place": _place(kernel.helper_place)},
        "defined": _place(kernel.defined),
        "references": [],
    }


def _arguments(node, kernel):
    """What a call takes: for the file, and as values whose sizes may be symbolic."""
    arguments, values = [], []
    for name, kind, arg in zip(kernel.input_names, kernel.kinds, node.args):
        if kind != "tensor":
            if isinstance(arg, torch.fx.Node):
                raise checks.KernelError(f"{_where(node)}kernel {kernel.name}: input {name} is computed by the program, expected a number ({kind}) that is known when exporting")
            arguments.append(arg)
            values.append(arg)
            continue
        tensor = arg.meta["val"]
        shape = [_known(size) for size in tensor.shape]
        arguments.append({"dtype": DTYPES[tensor.dtype], "shape": shape, "example": [_example(size) for size in tensor.shape]})
        values.append(tensor)
    return arguments, values


def _open(argument):
    """An argument without its example: two calls with the same share a reference. Numbers of other types differ."""
    if isinstance(argument, dict):
        return argument["dtype"], argument["shape"]
    return type(argument), argument


def _known(size):
    return size if isinstance(size, int) else size.node.maybe_as_int()


def _example(size):
    """The size that it had when the program was traced."""
    if isinstance(size, int):
        return size
    if size.node.hint is not None:
        return int(size.node.hint)
    return int(size.node.expr.xreplace({symbol: _EXAMPLE for symbol in size.node.expr.free_symbols}))


class _Reference(torch.nn.Module):
    """``torch_defn`` with its numbers filled in."""

    def __init__(self, kernel, values):
        super().__init__()
        self.kernel = kernel
        self.numbers = [None if isinstance(value, torch.Tensor) else value for value in values]
        if isinstance(kernel.torch_defn, torch.nn.Module):
            self.definition = kernel.torch_defn

    def forward(self, *tensors):
        rest = iter(tensors)
        return self.kernel.run_definition([next(rest) if kind == "tensor" else number for kind, number in zip(self.kernel.kinds, self.numbers)])


def _traced(node, kernel, arguments, values):
    """``torch_defn`` as a program of its own, in base64."""
    tensors = [argument for argument in arguments if isinstance(argument, dict)]
    dtypes = [value.dtype for value in values if isinstance(value, torch.Tensor)]
    examples = tuple(torch.zeros(tensor["example"], dtype=dtype) for tensor, dtype in zip(tensors, dtypes))
    dynamic = tuple({axis: torch.export.Dim.DYNAMIC for axis, size in enumerate(tensor["shape"]) if size is None} for tensor in tensors)
    try:
        with torch.no_grad():
            ep = torch.export.export(_Reference(kernel, values), examples, dynamic_shapes={"tensors": dynamic})
        for each in ep.graph.nodes:
            _drop_own_frames(each)
        ep.example_inputs = None
        buffer = io.BytesIO()
        torch.export.save(ep, buffer)
    except Exception as error:
        types = ", ".join(f"{tensor['dtype']}{['?' if size is None else size for size in tensor['shape']]}" for tensor in tensors)
        raise checks.KernelError(f"{_where(node)}kernel {kernel.name}: torch_defn could not be traced for {types}: {error}") from error
    return base64.b64encode(buffer.getvalue()).decode()


def _where(node):
    """The line that calls a kernel, for messages."""
    lines = [line.strip() for line in node.meta.get("stack_trace", "").split("\n") if line.lstrip().startswith('File "')]
    if not lines:
        return ""
    file, line = lines[-1].removeprefix('File "').split('", line ')[:2]
    return f"{file}:{line.split(',')[0]}: "
