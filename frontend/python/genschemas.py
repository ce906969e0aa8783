"""Writes frontend/torch/schemas.txt: one line per operator overload that can stand in a saved torch.export program.

    python genschemas.py ../torch/schemas.txt

A line is PyTorch's own schema with the overload spelled out (aten.add.Tensor, aten.relu.default), then, behind " # ", those
of PyTorch's tags that TAGS names. Lines are sorted by bytes. torchvision and torchao add their operators when they are
installed.
"""

import importlib
import sys

import torch
import torch.ao.quantization.fx._decomposed  # registers quantized_decomposed

# core: belongs to the operators that PyTorch decomposes all others to; nondeterministic_seeded: draws random numbers.
TAGS = (torch.Tag.core, torch.Tag.nondeterministic_seeded)
NAMESPACES = ("aten", "prims", "quantized_decomposed", "torchao", "torchvision")


def main(path):
    versions = ["torch " + torch.__version__.split("+")[0]]
    for name in ("torchao", "torchvision"):
        try:
            versions.append(name + " " + importlib.import_module(name).__version__)
        except ImportError as err:
            print(f"without {name}: {err}", file=sys.stderr)
    # The dispatcher's names leave out what only TorchScript has, such as aten::len.t.
    known = set(torch._C._dispatch_get_all_op_names())
    lines = set()
    for schema in torch._C._jit_get_all_schemas():
        full = schema.name + ("." + schema.overload_name if schema.overload_name else "")
        namespace, _, name = schema.name.partition("::")
        if full not in known or namespace not in NAMESPACES:
            continue
        overload = schema.overload_name or "default"
        have = getattr(getattr(getattr(torch.ops, namespace), name), overload).tags
        tags = [tag.name for tag in TAGS if tag in have]
        if name.endswith("_backward") and "core" not in tags:  # saved programs hold no gradients
            continue
        line = f"{namespace}.{name}.{overload}{str(schema)[len(full):]}"
        lines.add(" # ".join([line, " ".join(tags)] if tags else [line]))
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write("# Operator schemas of " + ", ".join(versions) + ", written by frontend/python/genschemas.py.\n")
        out.write("# To renew: pip install torch torchao torchvision; python genschemas.py ../torch/schemas.txt\n")
        for line in sorted(lines, key=lambda text: text.encode()):
            out.write(line + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
