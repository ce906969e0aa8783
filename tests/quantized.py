#!/usr/bin/env python3
"""Export models that torchao, PT2E and coreai-opt quantized, with what PyTorch computes with them.

    python tests/quantized.py FILE.zip [--only REGEXP] [MODEL.pt2 ...]

Makes the archive that tests/corpus has as quantized.zip. Models given, of one input, are stored as
they are. Besides inputs and outputs a case has NAME.weights.safetensors: what PyTorch dequantizes
each weight to, by the name of the node. Needs torch 2.11, torchao 0.17, coreai-opt 0.3.0 and
coreai-torch 0.4.0.
"""
import argparse
import os
import re
import shutil
import tempfile

import torch

from cases import calls, files, programs, workers
from cases.quantized import opt, pt2e, torchao

CASES = {make.__name__ + ("_core" if level == "core" else ""): (make, level)
         for cases in (torchao, pt2e, opt) for make, level in cases.case}
DEQUANTIZE = ("coreai.", "torchao.dequantize", "quantized_decomposed.dequantize")


class Weights(torch.fx.Interpreter):
    """Runs a program and keeps the results of operators of quantization on data that is not computed from inputs."""

    def __init__(self, module):
        super().__init__(module)
        self.kept, self.stored = {}, set()

    def run_node(self, n):
        result = super().run_node(n)
        if n.op == "get_attr" or n.op == "call_function" and n.all_input_nodes and self.stored.issuperset(n.all_input_nodes):
            self.stored.add(n)
            used_as = {u for u in n.users if str(u.target).startswith(DEQUANTIZE)}  # a table's codes are no weight yet
            if n.op == "call_function" and str(n.target).startswith(DEQUANTIZE) and not used_as and result.is_floating_point():
                self.kept[n.name] = calls.plain(result)
        return result


def reference(base):
    """Writes what a saved program gives, and what it dequantizes its weights to.

    A model made anew would not do: some quantizers draw numbers when they are first used.
    """
    given = files.read_tensors(base + ".in.safetensors").values()
    run = Weights(torch.export.load(base + ".pt2").module())
    with torch.no_grad():
        files.write_tensors(base + ".out.safetensors", calls.outputs(run.run(*given)))
    files.write_tensors(base + ".weights.safetensors", {n: t if t.dtype in files.DTYPES else t.float() for n, t in run.kept.items()})


def copied(folder, path):
    """Stores a model as it is; its one input has the shape of the example in it."""
    name = os.path.splitext(os.path.basename(path))[0]
    base = os.path.join(folder, name)
    shutil.copyfile(path, base + ".pt2")
    program = torch.export.load(path)
    torch.manual_seed(seed_of(name))
    args = (torch.randn(program.example_inputs[0][0].shape),)
    files.write_tensors(base + ".in.safetensors", calls.inputs(args))
    return {"name": name, "level": "training", "atol": 1e-6, "rtol": 1e-5, "eager_err": 0.0, "inputs": [{"tensor": "in0"}],
            "state": [], "dynamic": False, "targets": files.targets(program)}


def seed_of(name):
    return len(name) * 1009 + sum(name.encode())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("zip", help="the archive to write")
    ap.add_argument("models", nargs="*", help="saved models to store too")
    ap.add_argument("--only", default="", help="cases whose name matches; the archive then has no others")
    args = ap.parse_args()
    workers.start()
    with tempfile.TemporaryDirectory() as folder:
        lines = [copied(folder, path) for path in args.models]
        lines += [programs.save(folder, name, make, level, seed=seed_of(name))
                  for name, (make, level) in CASES.items() if re.search(args.only, name)]
        for line in lines:
            reference(os.path.join(folder, line["name"]))
        files.pack(args.zip, folder, lines)


if __name__ == "__main__":
    main()
