"""Kernels in Metal's language that are called inside of PyTorch models."""

import hashlib
import inspect
import itertools
import math
import sys
import types
import typing

import torch

from . import checks, places

#: The namespace of the operators that calls become.
NAMESPACE = "aiopt_metal"

#: What aiopt calls the dtypes that Metal has.
DTYPES = {
    torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16", torch.bool: "bool",
    torch.int8: "i8", torch.int16: "i16", torch.int32: "i32", torch.int64: "i64",
    torch.uint8: "u8", torch.uint16: "u16", torch.uint32: "u32", torch.uint64: "u64",
}  # fmt: skip

_KINDS = {torch.Tensor: "tensor", int: "int", float: "float", bool: "bool"}
_SCHEMA = {"tensor": "Tensor", "int": "int", "float": "float", "bool": "bool"}

_library = torch.library.Library(NAMESPACE, "FRAGMENT")
_kernels = {}  # by the operator's name; a definition made again takes the place of the first one


class TorchMetalKernel:
    """A kernel in the Metal Shading Language together with its definition in PyTorch.

    Call it inside a model like a function. PyTorch runs ``torch_defn``; a model written by :func:`aiopt.save` carries both, so
    that an asset holds the Metal text and engines without Metal run the definition::

        def torch_silu(x: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.silu(x)

        silu = aiopt.TorchMetalKernel(
            name="silu",
            input_names=["x"],
            result_names=["y"],
            src="y[i] = x[i] / (1 + exp(-x[i]));",
            torch_defn=torch_silu,
            metal_params=[aiopt.MetalParameter("i", "uint", "thread_position_in_grid")],
        )

        class Model(torch.nn.Module):
            def forward(self, x):  # x has one dimension
                n = x.shape[0]
                return silu(x, threads_per_grid=(n, 1, 1), threads_per_thread_group=(256, 1, 1), result_shapes=[[n]])

    The text sees its inputs and results as Metal 4 tensors, whose **extents are reversed**: of a PyTorch tensor of shape
    ``(rows, columns)`` it reads ``x[column, row]`` and ``x.get_extent(0) == columns``. A grid may have threads at its edge for
    which there is no element only if ``threads_per_grid`` says so: it counts threads, not threadgroups.

    Args:
        name: a name for people; the text's kernel gets it with a hash behind it.
        input_names: what the text calls the inputs, in the order of ``torch_defn``'s parameters.
        result_names: what the text calls the results.
        src: what stands between the kernel's braces.
        torch_defn: a function of the same inputs that gives the results: a tensor, or a tuple or list of them. Parameters
            annotated ``int``, ``float`` or ``bool`` are numbers, which are written into the text as constants; all others are
            tensors.
        metal_params: parameters that are attributes of the thread, see :class:`MetalParameter`.
        helper_src: what stands before the kernel, such as functions that it calls. Kernels may share it: each has a text of
            its own.
        template_dtypes: for an input's name, a word that stands in ``src`` and ``helper_src`` for what Metal calls the input's
            element type. It is replaced where it stands alone or before a width: with ``{"x": "TYPE"}``, ``TYPE4`` is ``half4`` for
            float16, and ``MYTYPE`` stays.

    Raises:
        KernelError: (a ValueError) for names, text or parameters that no kernel can have; it names the line of the text.
        TypeError: for a ``torch_defn`` whose annotations say what cannot be passed.
    """

    def __init__(self, name, input_names, result_names, src, torch_defn, metal_params=None, helper_src=None, template_dtypes=None):
        self.name = name
        self.input_names = tuple(input_names)
        self.result_names = tuple(result_names)
        self.src = src
        self.torch_defn = torch_defn
        self.metal_params = tuple(metal_params or ())
        self.helper_src = helper_src or ""
        self.template_dtypes = dict(template_dtypes or {})
        frame = sys._getframe(1)
        self.defined = (frame.f_code.co_filename, frame.f_lineno)
        self.source_place = places.find_text(src, *self.defined) if isinstance(src, str) else None
        self.helper_place = places.find_text(self.helper_src, *self.defined) if self.helper_src else None
        self.kinds = _input_kinds(name, torch_defn, self.input_names, len(self.result_names))
        self._check()
        self.captured = _Captured(torch_defn)
        self.operator = _operator_name(self)
        self._op = _register(self)

    def _check(self):
        numbers = [name for name, kind in zip(self.input_names, self.kinds) if kind != "tensor"]
        checks.check_names(self.name, self.input_names, self.result_names, self.metal_params, len(numbers))
        checks.check_templates(self.name, self.template_dtypes, self.input_names, numbers)
        checks.check_source(self.name, "helpers", self.helper_src, self.helper_place)
        checks.check_source(self.name, "source", self.src, self.source_place)
        checks.check_use(self.name, self.src, self.helper_src, self.input_names, self.result_names, self.metal_params, self.source_place)

    def __call__(self, *args, threads_per_grid, threads_per_thread_group, result_shapes):
        """Run the kernel's definition, or make the call part of a model that is being exported.

        Args:
            args: the inputs, in the order of ``input_names``.
            threads_per_grid: how many threads there are, as ``(x, y, z)``; sizes of tensors (``x.shape[0]``) may be in it.
            threads_per_thread_group: how many of them share a threadgroup: integers whose product is at most 1024.
            result_shapes: the shape of each result; sizes of tensors may be in it.

        Returns:
            The result, or a tuple of them where there are several.
        """
        if len(args) != len(self.kinds):
            raise checks.KernelError(f"kernel {self.name}: found {len(args)} inputs, expected {len(self.kinds)}: {', '.join(self.input_names)}")
        checks.check_threads(self.name, threads_per_thread_group, threads_per_grid, self.metal_params)
        if len(result_shapes) != len(self.result_names):
            raise checks.KernelError(f"kernel {self.name}: result_shapes has {len(result_shapes)} shapes, expected {len(self.result_names)}: one for each of {', '.join(self.result_names)}")
        args = [self._argument(name, kind, arg) for name, kind, arg in zip(self.input_names, self.kinds, args)]
        return self._op(*args, list(threads_per_grid), list(threads_per_thread_group), *[list(shape) for shape in result_shapes])

    def _argument(self, name, kind, arg):
        if kind == "tensor":
            if not isinstance(arg, torch.Tensor):
                raise TypeError(f"kernel {self.name}: input {name} is {type(arg).__name__}, expected a tensor; annotate it in torch_defn if it is a number")
            if arg.dtype not in DTYPES:
                raise TypeError(f"kernel {self.name}: input {name} is {arg.dtype}, which Metal has not; cast it to one of {', '.join(map(str, DTYPES))}")
            if arg.dim() == 0:
                raise checks.KernelError(f"kernel {self.name}: input {name} has no dimensions, and such a tensor cannot be read in Metal; give a number, or x.reshape(1)")
            return arg
        if isinstance(arg, (torch.Tensor, torch.SymInt, torch.SymFloat, torch.SymBool)):
            raise TypeError(
                f"kernel {self.name}: input {name} is {type(arg).__name__}, expected a number ({kind}) that is known when exporting: numbers are "
                "written into the text. Read sizes by get_extent, and pass what changes as a tensor of one element"
            )
        if kind == "bool" and not isinstance(arg, bool) or kind == "int" and (isinstance(arg, bool) or not isinstance(arg, int)):
            raise TypeError(f"kernel {self.name}: input {name} is {arg!r}, expected {kind}")
        if kind == "int" and not -(2**31) <= arg < 2**31:
            raise checks.KernelError(f"kernel {self.name}: input {name} is {arg}, which does not fit an int of 32 bits")
        if kind == "float":
            if isinstance(arg, bool) or not isinstance(arg, (int, float)):
                raise TypeError(f"kernel {self.name}: input {name} is {arg!r}, expected float")
            arg = float(arg)
            if not abs(arg) <= 3.4028235677973366e38 or math.isnan(arg):
                raise checks.KernelError(f"kernel {self.name}: input {name} is {arg}, expected a finite float of 32 bits")
        return arg

    def run_definition(self, args):
        """The results of ``torch_defn`` as a tuple, held against the number of results."""
        results = self.torch_defn(*args)
        results = (results,) if isinstance(results, torch.Tensor) else tuple(results)
        if len(results) != len(self.result_names):
            raise checks.KernelError(f"kernel {self.name}: torch_defn gives {len(results)} results, expected {len(self.result_names)}: {', '.join(self.result_names)}")
        for name, result in zip(self.result_names, results):
            if not isinstance(result, torch.Tensor):
                raise TypeError(f"kernel {self.name}: torch_defn gives {type(result).__name__} as {name}, expected a tensor")
            if result.dtype not in DTYPES:
                raise TypeError(f"kernel {self.name}: torch_defn gives {name} as {result.dtype}, which Metal has not; cast it to one of {', '.join(map(str, DTYPES))}")
        return results

    def _split(self, flat):
        """The inputs and the result shapes of an operator's arguments."""
        count = len(self.kinds)
        return flat[:count], flat[count + 2 :]

    def _compute(self, flat):
        args, shapes = self._split(flat)
        given = {arg.untyped_storage()._cdata for arg in args if isinstance(arg, torch.Tensor)}
        out = []
        for name, result, shape in zip(self.result_names, self.run_definition(args), shapes):
            if list(result.shape) != list(shape):
                raise checks.KernelError(f"kernel {self.name}: result_shapes says {list(shape)} for {name}, torch_defn gives {list(result.shape)}")
            result = result.contiguous()
            out.append(result.clone() if result.untyped_storage()._cdata in given else result)
        return out[0] if len(out) == 1 else tuple(out)

    def _describe(self, flat):
        args, shapes = self._split(flat)
        out = []
        for name, result, shape in zip(self.result_names, self.run_definition(args), shapes):
            if result.dim() != len(shape):
                raise checks.KernelError(f"kernel {self.name}: result_shapes says {list(shape)} for {name}, torch_defn gives {list(result.shape)}")
            for have, want in zip(result.shape, shape):
                if type(have) is int and type(want) is int and have != want:
                    raise checks.KernelError(f"kernel {self.name}: result_shapes says {list(shape)} for {name}, torch_defn gives {list(result.shape)}")
                torch._check(have == want, lambda: f"kernel {self.name}: result_shapes differs from what torch_defn gives as {name}")
            out.append(torch.empty(shape, dtype=result.dtype, device=result.device))
        return out[0] if len(out) == 1 else tuple(out)


def _input_kinds(name, definition, inputs, results):
    """The kind of each input by the annotations of its parameter."""
    function = definition.forward if isinstance(definition, torch.nn.Module) else definition
    if not callable(function):
        raise TypeError(f"kernel {name}: torch_defn is {type(definition).__name__}, expected a function")
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY) for p in parameters):
        raise TypeError(f"kernel {name}: torch_defn takes *args, **kwargs or keywords, expected a parameter for each of {', '.join(inputs)}")
    if len(parameters) != len(inputs):
        raise checks.KernelError(f"kernel {name}: torch_defn takes {len(parameters)} inputs, input_names has {len(inputs)}: {', '.join(inputs)}")
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise TypeError(f"kernel {name}: the annotations of torch_defn cannot be read: {error}") from None
    kinds = []
    for p in parameters:
        annotation = hints.get(p.name, torch.Tensor)
        if annotation not in _KINDS:
            raise TypeError(f"kernel {name}: torch_defn's parameter {p.name} is annotated {annotation}, expected torch.Tensor, int, float or bool")
        kinds.append(_KINDS[annotation])
    gives = hints.get("return", None)
    if typing.get_origin(gives) is tuple and Ellipsis not in typing.get_args(gives) and len(typing.get_args(gives)) != results:
        raise checks.KernelError(f"kernel {name}: torch_defn is annotated to give {len(typing.get_args(gives))} results, result_names has {results}")
    if gives is torch.Tensor and results != 1:
        raise checks.KernelError(f"kernel {name}: torch_defn is annotated to give one tensor, result_names has {results}")
    return tuple(kinds)


def _operator_name(kernel):
    """A name that the same definition has in every run. Those that only objects tell apart, such as modules, are numbered."""
    code = getattr(kernel.torch_defn, "__code__", None)
    parts = [
        kernel.name, kernel.input_names, kernel.result_names, kernel.kinds, kernel.src, kernel.helper_src,
        [(p.name, p.dtype, p.attr) for p in kernel.metal_params], sorted(kernel.template_dtypes.items()),
        getattr(kernel.torch_defn, "__qualname__", type(kernel.torch_defn).__qualname__), code.co_firstlineno if code else 0,
    ]  # fmt: skip
    if kernel.captured.values:
        parts.append(kernel.captured.values)
    for number in itertools.count(1):
        name = f"{kernel.name}_{hashlib.sha256(repr(parts + ([number] if number > 1 else [])).encode()).hexdigest()[:8]}"
        other = _kernels.get(name)
        if other is None or other.captured.same_objects(kernel.captured):
            return name


class _Captured:
    """What a definition holds beside its code: the variables of functions around it, and defaults."""

    def __init__(self, definition):
        self.values = []  # as text that is the same in every run
        self.objects = []
        self._seen = set()
        self._add(definition)

    def same_objects(self, other):
        return len(self.objects) == len(other.objects) and all(a is b for a, b in zip(self.objects, other.objects))

    def _add(self, value):
        if isinstance(value, types.MethodType):
            self.objects.append(value.__self__)
            value = value.__func__
        if isinstance(value, types.FunctionType):
            self._add_function(value)
        elif isinstance(value, tuple):
            self.values.append(f"tuple of {len(value)}")
            for part in value:
                self._add(part)
        elif value is None or isinstance(value, (bool, int, float, complex, str, bytes, torch.dtype)):
            self.values.append(repr(value))
        else:
            self.objects.append(value)

    def _add_function(self, function):
        if function in self._seen:
            return
        outermost = not self._seen
        self._seen.add(function)
        held = [*_cells(function), *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        if not outermost:
            self.values.append(f"{function.__qualname__}:{function.__code__.co_firstlineno}")
        for value in held:
            self._add(value)


def _cells(function):
    """The values of variables that a function has from those around it. One may have none yet."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            yield None


def _register(kernel):
    name = kernel.operator
    if name not in _kernels:
        inputs = [f"{_SCHEMA[kind]} input{i}" for i, kind in enumerate(kernel.kinds)]
        shapes = [f"SymInt[] shape{i}" for i in range(len(kernel.result_names))]
        gives = "Tensor" if len(shapes) == 1 else f"({', '.join(['Tensor'] * len(shapes))})"
        _library.define(f"{name}({', '.join([*inputs, 'SymInt[] grid', 'SymInt[] group', *shapes])}) -> {gives}")
        _library.impl(name, lambda *flat: _kernels[name]._compute(flat), "CompositeExplicitAutograd")
        torch.library.register_fake(f"{NAMESPACE}::{name}", lambda *flat: _kernels[name]._describe(flat), lib=_library)
    _kernels[name] = kernel
    return getattr(getattr(torch.ops, NAMESPACE), name).default


def kernel_of(target):
    """The kernel that an operator of an exported program stands for; None for any other operator."""
    if isinstance(target, torch._ops.OpOverload) and target.namespace == NAMESPACE:
        return _kernels.get(target._opname)
    return None
