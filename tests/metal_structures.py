"""Writes the structures of two models as @metal leaves them, without their weights, for tests/metal_goldens_test.go.

    python tests/metal_structures.py [AIOPT]

They are ResNet-50 of torchvision for an image of 224x224, and a token of Qwen3-0.6B with a cache of 128, as tests/bench/peers_models.py has it
but with 2 of its 28 layers, which are alike. Kernels depend on types alone, so that the rest of the data is not needed.
"""
import os
import re
import subprocess
import sys
import tempfile

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "bench"))
import peers_models  # noqa: E402


def structure(text):
    """The program without data, and without what says where it comes from."""
    lines = []
    for line in text.splitlines(keepends=True):
        line = re.sub(r' is "[^"]*"( perm \[[^\]]*\])?', "", line)
        line = re.sub(r'^(  resource .*) = "[^"]*" entry "[^"]*" size (\d+).*$', r"\1 = elided size \2", line)
        if not line.startswith(("  program ", "  lost ")):
            lines.append(line)
    return "".join(lines)


def main():
    aiopt = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "aiopt")
    torch.manual_seed(0)
    models = {
        "resnet50": peers_models.resnet50,
        "qwen3_decode": lambda: (peers_models.Decoder(128, layers=2), (torch.tensor([[5]]), torch.tensor([127]))),
    }
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        for name, make in models.items():
            model, inputs = make()
            path = os.path.join(folder, name + ".pt2")
            torch.export.save(torch.export.export(model.eval(), inputs), path)
            text = subprocess.run([aiopt, "-passes=@metal", "--locs=false", path], check=True, capture_output=True, text=True).stdout
            to = os.path.join(HERE, "testdata", "metal", name)
            os.makedirs(to, exist_ok=True)
            with open(os.path.join(to, "program.air"), "w") as f:
                f.write(structure(text))


if __name__ == "__main__":
    main()
