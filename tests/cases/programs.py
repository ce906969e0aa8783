"""Makes a case of a function that gives a module and its calls."""

import os

import torch
from torch import nn

from . import calls, files


class Cases(list):
    """The cases of a file as (function, level): `case = Cases()`, then `@case("training", "core")` before each function.

    The function gives a module, the arguments of its call (or a list of those of each call) and, if need be, settings:
    the case's atol and rtol, and `dynamic`, the dynamic_shapes for torch.export.
    """

    def __call__(self, *levels):
        def add(make):
            self.extend((make, level) for level in levels)
            return make

        return add


class Apply(nn.Module):
    """Calls a function on its inputs."""

    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, *args):
        return self.fn(*args)


def made(make, seed):
    torch.manual_seed(seed)
    module, given, *settings = make()
    steps = given if isinstance(given[0], (list, tuple)) else [given]
    return module, [tuple(args) for args in steps], settings[0] if settings else {}


def schemas(program, namespaces):
    """The schemas of the operators of these namespaces that the program calls, a line each."""
    called = [n.target for graph in files.graphs(program) for n in graph.nodes]
    return "\n".join(sorted({str(t._schema) for t in called if getattr(t, "namespace", "") in namespaces}))


def save(folder, name, make, level, *, seed, tolerance=0.0, stated=()):
    """Writes a case's files, and gives its line of the manifest.

    Codes and floats must be equal within the tolerance, where the settings give no other. At the training level the
    archive states the schemas of the operators in the namespaces of `stated`, in the extra file aiopt/schemas.txt.
    """
    module, steps, settings = made(make, seed)
    dynamic = settings.get("dynamic")
    program = torch.export.export(module, calls.clones(steps[0]), dynamic_shapes=dynamic, strict=False)
    extra = {"aiopt/schemas.txt": schemas(program, stated)} if level == "training" and schemas(program, stated) else None
    program = files.at_level(program, level)
    base = os.path.join(folder, name)
    files.save_program(base + ".pt2", program, extra)

    module, steps, _ = made(make, seed)
    before = {n: b.clone() for n, b in module.named_buffers()}
    given, want = {}, {}
    for k, args in enumerate(steps):
        prefix = f"s{k}." if len(steps) > 1 else ""
        given |= calls.inputs(args, prefix)
        with torch.no_grad():
            want |= calls.outcome(module, args, prefix)
    buffers = dict(module.named_buffers())
    state = [n for n, b in buffers.items() if not torch.equal(b, before[n]) and not any(b._base is other for other in buffers.values())]
    want |= {f"buf:{n}": calls.plain(buffers[n]) for n in state}
    files.write_tensors(base + ".in.safetensors", given)
    files.write_tensors(base + ".out.safetensors", want)

    line = {"name": name, "level": level, "atol": settings.get("atol", tolerance), "rtol": settings.get("rtol", tolerance),
            "eager_err": 0.0, "inputs": [{"tensor": n} for n in calls.inputs(steps[0])], "state": sorted(state),
            "dynamic": dynamic is not None, "targets": files.targets(program)}
    if len(steps) > 1:
        line["steps"] = [{"function": "model"}] * len(steps)
    return line
