"""Saving what every node of an exported program computes, to compare other runs with."""

import ctypes
import hashlib
import json
import operator
import os
import zipfile

import torch
from torch.export.pt2_archive._package import load_pt2
from torch.utils import _pytree as pytree

from .saving import without_own_frames
from .tensorfile import TensorFile

#: Of the file, see docs/debugging.md.
VERSION = "1"

#: How many executions are saved of a node that a loop runs.
MOST_RUNS = 16

_STABLE = {torch.ops.aten.sort.default: torch.ops.aten.sort.stable, torch.ops.aten.argsort.default: torch.ops.aten.argsort.stable}
_UNSET = {"aten::empty", "aten::empty_like", "aten::empty_permuted", "aten::empty_strided", "aten::new_empty", "aten::new_empty_strided"}
_FRAMES = 4  # of Python that a node keeps
_STORED = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16", torch.uint16: "U16", torch.int32: "I32", torch.uint32: "U32",
    torch.int64: "I64", torch.uint64: "U64", torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64",
    torch.complex64: "C64", torch.complex128: "C128", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
}  # fmt: skip


def save_intermediates(exported_program, inputs, path, *, keep_views=False):
    """Run an exported program and save what each of its nodes gives.

    Values are written as they are computed, so that memory holds no more of them than a run needs. Neither the inputs nor the
    program's buffers are changed.

    Args:
        exported_program: what ``torch.export.export`` gave, or the name of a ``.pt2`` file. Give the name where there is a file: the values
            then belong to exactly that program, while PyTorch describes a program that it has loaded a little differently.
        inputs: a tuple of the arguments, a dict of them by name, or a tuple and a dict in a tuple, as a program's ``example_inputs`` are.
        path: the ``.safetensors`` file to write; by convention its name ends in ``.intermediates.safetensors``.
        keep_views: save results that only show another value in another shape, too.

    Returns:
        The number of values that were saved.

    Raises:
        TypeError: where the inputs are not those of the program.
    """
    if isinstance(exported_program, (str, os.PathLike)):
        program = _hash_of_file(exported_program)
        return _save([("", torch.export.load(exported_program), inputs)], program, path, keep_views)
    with without_own_frames(exported_program):
        return _save([("", exported_program, inputs)], _hash(exported_program), path, keep_views)


def save_calls(archive, calls, path, *, keep_views=False):
    """Run the programs of an archive one after the other and save what each of their nodes gives.

    A call finds in the buffers what those before it left there: buffers of one name are one, in all programs. The values of the call k have
    names that start with ``s<k>.``, from ``s0.`` on, and ``aiopt compare --function=prefill,decode`` makes the same calls.

    Args:
        archive: the name of a ``.pt2`` file with one program or several.
        calls: for each call the name of the program, as the archive has it, and the inputs, as :func:`save_intermediates` takes them.
        path: the ``.safetensors`` file to write.
        keep_views: save results that only show another value in another shape, too.

    Returns:
        The number of values that were saved.

    Raises:
        KeyError: where the archive has no program of a name.
        TypeError: where the inputs are not those of the program.
    """
    programs = load_pt2(archive).exported_programs
    for name, _ in calls:
        if name not in programs:
            raise KeyError(f"{archive} has no program {name!r}; it has {', '.join(programs)}")
    program = _hash_of_file(archive) if len(programs) == 1 else ""
    return _save([(f"s{k}.", programs[name], inputs) for k, (name, inputs) in enumerate(calls)], program, path, keep_views)


def _save(calls, program, path, keep_views):
    """Save calls: of each what its names start with, the program, and the inputs."""
    buffers, given, device = {}, [], "cpu"
    with TensorFile(path) as file, torch.no_grad():
        saver = _Saver(file, keep_views, buffers)
        for mark, ep, inputs in calls:
            described, values = _arguments(ep, inputs, buffers)
            given += [each | {"name": mark + each["name"]} for each in described]
            saver.begin(mark, ep)
            _Run(ep.graph_module, "", saver).run(*values)
            saver.updates(values)
            device = next((value.device.type for value in values if isinstance(value, torch.Tensor)), device)
        file.finish({
            "aiopt.intermediates": VERSION, "aiopt.program": program, "aiopt.inputs": json.dumps(given, allow_nan=False),
            "aiopt.tool": f"torch {torch.__version__}, {device}", "aiopt.index": saver.index(),
        })  # fmt: skip
        return len(file)


def _hash_of_file(path):
    """The sha256 of the program in an archive."""
    with zipfile.ZipFile(path) as archive:
        programs = [name for name in archive.namelist() if "/models/" in name and name.endswith(".json")]
        if len(programs) != 1:
            raise ValueError(f"{path}: found {len(programs)} programs, expected one; save_calls runs several")
        return hashlib.sha256(archive.read(programs[0])).hexdigest()


def _hash(ep):
    """The sha256 of a program as aiopt.save writes it."""
    from torch._export.serde.serialize import serialize

    return hashlib.sha256(serialize(ep).exported_program).hexdigest()


def _arguments(ep, inputs, buffers):
    """What the file says of the inputs, and a value for each placeholder. Those that a run may change are copies.

    ``buffers`` has what calls before this one left in them.
    """
    flat, weights = iter(_flat(ep, inputs)), {**ep.constants, **ep.state_dict}
    given, values = [], []
    for spec in ep.graph_signature.input_specs:
        kind, name = spec.kind.name, spec.arg.name
        if kind == "USER_INPUT":
            value = next(flat)
            tensor = isinstance(value, torch.Tensor)
            given.append({"name": name} if tensor else {"name": name, "value": value})
            values.append(value.detach().clone() if tensor else value)
        elif kind == "BUFFER":
            values.append(buffers.get(spec.target, weights[spec.target]).detach().clone())
        elif kind == "TOKEN":
            values.append(torch.tensor([]))
        else:
            values.append(weights[spec.target])
    return given, values


def _flat(ep, inputs):
    """The leaves of the inputs in the order of the program's."""
    spec, found = ep.call_spec.in_spec, None
    names = [spec.arg.name for spec in ep.graph_signature.input_specs if spec.kind.name == "USER_INPUT"]
    if isinstance(inputs, dict) and set(inputs) == set(names):
        return [inputs[name] for name in names]
    for args, kwargs in _readings(inputs):
        if spec is not None:
            order = pytree.tree_unflatten([0] * spec.num_leaves, spec)[1]
            kwargs = {name: kwargs[name] for name in order if name in kwargs} | kwargs
        leaves, found = pytree.tree_flatten((args, kwargs))
        if spec is None or found == spec:
            return leaves
    raise TypeError(f"the program takes {_wanted(names, spec)}; given {_given(inputs)}")


def _wanted(names, spec):
    """What a program takes, in words: leaves by name, and which only as keywords."""
    if len(names) != spec.num_leaves:
        return ", ".join(names) or "nothing"
    args, kwargs = pytree.tree_unflatten(names, spec)
    words = [_shown(arg) for arg in args] + [f"{name}={_shown(value)}" for name, value in kwargs.items()]
    return ", ".join(words) or "nothing"


def _given(inputs):
    """What was given, in words."""
    args, kwargs = _readings(inputs)[-1]
    words = [f"{len(args)} positional"] * bool(args) + list(kwargs)
    words += [f"a {type(arg).__name__} of {len(arg)}" for arg in args if isinstance(arg, (tuple, list, dict))]
    return ", ".join(words) or "nothing"


def _shown(value):
    """A name, or those within a tuple, list or dict."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(_shown, value)) + ")"
    return type(value).__name__


def _readings(inputs):
    """What inputs may mean, as arguments and keywords."""
    if isinstance(inputs, dict):
        return [((), inputs)]
    if isinstance(inputs, torch.Tensor):
        return [((inputs,), {})]
    readings = [(tuple(inputs), {})]
    if len(inputs) == 2 and isinstance(inputs[0], (tuple, list)) and isinstance(inputs[1], dict):
        readings.append((tuple(inputs[0]), inputs[1]))
    return readings


class _Run(torch.fx.Interpreter):
    """Runs a graph and shows what its nodes give; the graphs that nodes call, too."""

    def __init__(self, module, path, saver):
        super().__init__(module)
        self.path, self.saver = path, saver

    def call_function(self, target, args, kwargs):
        if target in _STABLE:  # PyTorch leaves open which of equal elements comes first, and others keep their order
            names = [argument.name for argument in target._schema.arguments]
            args, kwargs, target = args[:1], {**kwargs, **dict(zip(names[1:], args[1:])), "stable": True}, _STABLE[target]
        return super().call_function(target, args, kwargs)

    def run_node(self, node):
        result = super().run_node(node)
        self.saver.node(self.path, node, result)
        return result

    def get_attr(self, target, args, kwargs):
        value = super().get_attr(target, args, kwargs)
        return _Body(value, f"{self.path}{target}/", self.saver) if isinstance(value, torch.fx.GraphModule) else value


class _Body(torch.nn.Module):
    """A graph that a node calls."""

    def __init__(self, graph, path, saver):
        super().__init__()
        self.graph, self.path, self.saver = graph, path, saver

    def forward(self, *args):
        return _Run(self.graph, self.path, self.saver).run(*args)


class _Saver:
    """Writes values, and keeps where they come from."""

    def __init__(self, file, keep_views, buffers):
        self.file, self.keep_views, self.buffers = file, keep_views, buffers
        self.strings, self.files, self.tensors = {}, {}, {}

    def begin(self, mark, ep):
        """A call begins; the names of its values start with the mark."""
        self.mark, self.signature = mark, ep.graph_signature
        specs = self.signature.output_specs
        self.outputs = {spec.arg.name for spec in specs if spec.kind.name == "USER_OUTPUT"}
        self.inputs = {spec.arg.name for spec in self.signature.input_specs if spec.kind.name == "USER_INPUT"}
        marks = {"BUFFER_MUTATION": "buf:", "USER_INPUT_MUTATION": "mut:"}
        self.mutations = {spec.arg.name: marks[spec.kind.name] + spec.target for spec in specs if spec.kind.name in marks}

    def node(self, path, node, result):
        """Save what a node gave."""
        if node.op == "placeholder":
            if path == "" and node.name in self.inputs:
                self.save(node.name, result, node, "in")
            return
        if node.op != "call_function" or _schema_name(node) in _UNSET:  # which give what was in memory
            return
        role = "out" if path == "" and node.name in self.outputs else "mid"
        if isinstance(result, torch.Tensor):
            if role == "out" or self.keep_views or not _is_view(node, result):
                self.save(path + node.name, result, node, role)
            if path == "" and node.name in self.mutations:
                self.update(self.mutations[node.name], result, node)
        elif isinstance(result, (tuple, list)) and (self.keep_views or not _is_view(node, None)):
            taken = {user.args[1] for user in node.users if user.target is operator.getitem}
            for i, each in enumerate(result):  # those that no node takes have no node to be named after
                if i not in taken:
                    self.save(f"{path}{node.name}_unused_{i}", each, node, "mid")

    def updates(self, values):
        """Save the buffers and inputs that the run has changed in place."""
        for spec, value in zip(self.signature.input_specs, values):
            buffer = spec.kind.name == "BUFFER"
            if isinstance(value, torch.Tensor) and value._version > 0 and (buffer or spec.kind.name == "USER_INPUT"):
                self.update("buf:" + spec.target if buffer else "mut:" + spec.arg.name, value, None)

    def update(self, name, value, node):
        """Save what a buffer or an input is after the call."""
        if name.startswith("buf:"):
            self.buffers[name.removeprefix("buf:")] = value
        self.save(name, value, node, "update")

    def save(self, name, value, node, role):
        if not _is_plain(value):
            return
        key = next((key for key in _keys(self.mark + name) if key not in self.file), None)
        if key is None:
            return
        value = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
        size = value.numel() * value.element_size()
        self.file.add(key, _STORED[value.dtype], value.shape, (ctypes.c_char * size).from_address(value.data_ptr()) if size else b"")
        self.tensors[key] = self.describe(node, role) | {"order": len(self.file) - 1}

    def describe(self, node, role):
        """What the index says of a value."""
        path, cls = _module(node)
        described = {"op": self.text(_op(node)), "module": self.text(path), "class": self.text(cls)}
        origin = _origin(node.meta.get("from_node") if node else None)[0]
        if origin:
            described["origin"] = self.text(origin)
        lines = [[self.files.setdefault(file, len(self.files)), line] for file, line in _lines(node)]
        return described | {"loc": lines, "role": role}

    def text(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def index(self):
        """Where all values come from."""
        files = [{"path": file} | ({"sha256": _sha256(file)} if os.path.isfile(file) else {}) for file in self.files]
        return json.dumps({"strings": list(self.strings), "files": files, "t": self.tensors}, separators=(",", ":"))


def _keys(name):
    """The names of a value's executions in the file."""
    return (f"{name}@{run}#0" if run else f"{name}#0" for run in range(MOST_RUNS))


def _is_plain(value):
    """Whether a value is a dense tensor whose bytes can be written."""
    return (
        isinstance(value, torch.Tensor) and value.layout == torch.strided and value.dtype in _STORED and value.device.type != "meta"
        and not torch._C._functorch.is_functorch_wrapped_tensor(value) and not hasattr(value, "__tensor_flatten__")
    )  # fmt: skip


_COPIES = {"aten::clone", "aten::_unsafe_view", "aten::_reshape_copy", "aten::lift_fresh_copy"}


def _is_view(node, result):
    """Whether a node gives its operand, all or a part of it, in another shape. One of another type is rounded, and no view."""
    if node.target is operator.getitem:
        first, index = node.args
        same = [user for user in first.users if user.target is operator.getitem and user.args[1] == index]
        return same[0] is not node or _is_view(first, None)
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.returns:
        return False
    source = node.args[0].meta.get("val") if node.args and isinstance(node.args[0], torch.fx.Node) else None
    if result is not None and isinstance(source, torch.Tensor) and source.dtype != result.dtype:
        return False
    alias = schema.returns[0].alias_info
    copied = schema.name in _COPIES or torch.Tag.view_copy in getattr(node.target, "tags", ()) and not schema.name.endswith("_scatter")
    return copied or alias is not None and not alias.is_write


def _schema_name(node):
    schema = getattr(node.target, "_schema", None)
    return schema.name if schema else ""


def _op(node):
    if node is None or node.op == "placeholder":
        return "placeholder"
    return getattr(node.target, "__name__", str(node.target)) if not hasattr(node.target, "_schema") else str(node.target)


def _module(node):
    """The path and class of the module that a node is in."""
    stack = node.meta.get("nn_module_stack") if node else None
    if not stack:
        return "", ""
    path, cls = list(stack.values())[-1]
    for root in ("L['self']", "L__self__", "self"):
        if path == root or path.startswith(root + "."):
            path = path[len(root) + 1 :]
    return path, (cls if isinstance(cls, str) else cls.__qualname__).rsplit(".", 1)[-1]


def _origin(sources):
    """The node of the exported graph that a node was decomposed from, and whether it is one."""
    if not sources:
        return "", False
    source = sources[0]
    exported = source.pass_name.startswith("ExportedProgram.module()")
    older, older_exported = _origin(source.from_node)
    return (older, older_exported) if older and (older_exported or not exported) else (source.name, exported)


def _lines(node):
    """The lines of Python that led to a node, the model's own before those of PyTorch, each the innermost first."""
    frames = []
    for line in (node.meta.get("stack_trace") or "").split("\n") if node else ():
        file, found, rest = line.strip().removeprefix('File "').rpartition('", line ')
        number = rest.partition(",")[0]
        if found and line.lstrip().startswith('File "') and number.isdigit():
            frames.append((file, int(number)))
    return sorted(reversed(frames), key=lambda frame: "/torch/" in frame[0])[:_FRAMES]


def _sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()
