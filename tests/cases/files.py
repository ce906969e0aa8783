"""The files of cases: tensors, programs, manifests and archives. The same content gives the same bytes, on any machine."""

import json
import operator
import os
import re
import struct
import zipfile
from collections import Counter

import torch

DTYPES = {  # dtype: name in safetensors, and the largest atol and rtol that torch.testing has for it
    torch.float32: ("F32", 1e-5, 1.3e-6), torch.float16: ("F16", 1e-5, 1e-3), torch.bfloat16: ("BF16", 1e-5, 1.6e-2),
    torch.int64: ("I64", 0, 0), torch.bool: ("BOOL", 0, 0), torch.int32: ("I32", 0, 0), torch.uint8: ("U8", 0, 0),
    torch.float64: ("F64", 1e-7, 1e-7), torch.int8: ("I8", 0, 0), torch.int16: ("I16", 0, 0),
    torch.complex64: ("C64", 1e-5, 1.3e-6), torch.complex128: ("C128", 1e-7, 1e-7)}
BY_NAME = {name: dtype for dtype, (name, _, _) in DTYPES.items()}

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
LEVELS = ("training", "core")


def write_tensors(path, tensors):
    """Writes a safetensors file; unlike the safetensors package this knows complex128."""
    head, parts, at = {}, [], 0
    for name, t in tensors.items():
        data = t.reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""
        head[name] = {"dtype": DTYPES[t.dtype][0], "shape": list(t.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def read_tensors(path):
    with open(path, "rb") as f:
        raw = f.read()
    (n,) = struct.unpack("<Q", raw[:8])
    out = {}
    for name, t in json.loads(raw[8:8 + n]).items():
        if name != "__metadata__":
            begin, end = (8 + n + at for at in t["data_offsets"])
            dtype = BY_NAME[t["dtype"]]
            flat = torch.frombuffer(bytearray(raw[begin:end]), dtype=dtype) if end > begin else torch.empty(0, dtype=dtype)
            out[name] = flat.reshape(t["shape"])
    return out


def at_level(program, level):
    """The exported program at a level: as traced (training), or decomposed to PyTorch's core operators (core)."""
    return program.run_decompositions() if level == "core" else program


def graphs(program):
    """The graphs of a program: its own and those of its bodies."""
    return [m.graph for m in program.graph_module.modules() if isinstance(m, torch.fx.GraphModule)]


def neutral(trace):
    """A stack trace without what depends on the machine and on what was exported before."""
    trace = trace.replace(ROOT, "")
    trace = re.sub(r'File "[^"]*/site-packages/', 'File "site-packages/', trace)
    return re.sub(r'File "<eval_with_key>\.\d+"', 'File "<eval_with_key>"', trace)


def number_graphs(sources, numbers):
    """Numbers the graphs that nodes were made from, which PyTorch names by their addresses."""
    for source in sources:
        if source.node_info and source.node_info.graph_id not in numbers.values():
            source.node_info.graph_id = numbers.setdefault(source.node_info.graph_id, len(numbers))
        source._dict = None  # what it made of the address before
        number_graphs(source.from_node, numbers)


def neutralize(program):
    """Makes stack traces and origins of an exported program neutral."""
    numbers = {}
    for graph in graphs(program):
        for node in graph.nodes:
            if trace := node.meta.get("stack_trace"):
                node.meta["stack_trace"] = neutral(trace)
            number_graphs(node.meta.get("from_node", ()), numbers)


def save_program(path, program, extra_files=None):
    """Saves an exported program, with neutral stack traces and origins."""
    neutralize(program)
    torch.export.save(program, path, extra_files=extra_files)


def targets(program):
    """How often the program calls each operator."""
    return dict(Counter(f"torch.ops.{node.target}" if isinstance(node.target, torch._ops.OpOverload) else str(node.target)
                        for node in program.graph.nodes
                        if node.op == "call_function" and node.target is not operator.getitem))


def manifest_text(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def write_manifest(folder, lines):
    with open(os.path.join(folder, "manifest.jsonl"), "w", encoding="utf-8") as f:
        f.write(manifest_text(lines))


def read_manifest(folder):
    """The lines by name; none where there is no manifest."""
    path = os.path.join(folder, "manifest.jsonl")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return {line["name"]: line for line in map(json.loads, f)}


def pack(path, folder, lines):
    """Packs the files of these cases and their manifest."""
    prefixes = tuple(line["name"] + "." for line in lines)
    with zipfile.ZipFile(path, "w") as z:
        def put(name, data):  # ZipInfo's own date is fixed
            z.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 9)

        for name in sorted(os.listdir(folder)):
            if name.startswith(prefixes):
                with open(os.path.join(folder, name), "rb") as f:
                    put(name, f.read())
        put("manifest.jsonl", manifest_text(lines))
