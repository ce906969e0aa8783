"""The models of the corpus: their files, programs and calls."""

import json
import os
import zipfile
from typing import NamedTuple

import torch
from torch.export.pt2_archive._package import load_pt2

from . import files

MODELS = os.path.join(files.ROOT, "tests", "corpus", "models.zip")


class Case(NamedTuple):
    """A model with the calls that are made of it, one after the other."""

    name: str
    archive: str
    programs: dict
    calls: list  # the name of the program and its inputs, a flat list
    several: bool  # the calls share buffers


def unpack(folder):
    """Unpacks the corpus, and gives the lines of its manifest."""
    with zipfile.ZipFile(MODELS) as z:
        z.extractall(folder)
    with open(os.path.join(folder, "manifest.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def load(folder, line):
    """A case, with its programs loaded."""
    base = os.path.join(folder, line["name"])
    tensors = files.read_tensors(base + ".in.safetensors")
    programs = load_pt2(base + ".pt2").exported_programs
    steps = line.get("steps")
    if steps is None:
        (name,) = programs
        return Case(line["name"], base + ".pt2", programs, [(name, [given(tensors, i, "") for i in line["inputs"]])], False)
    calls = []
    for k, step in enumerate(steps):
        name = step["function"] if step["function"] in programs else next(iter(programs))
        calls.append((name, [tensors[f"s{k}.in{i}"] for i in range(step["inputs"])]))
    return Case(line["name"], base + ".pt2", programs, calls, True)


def given(tensors, described, mark):
    return described["value"] if "value" in described else tensors[mark + described["tensor"]]


def define_operators():
    """Defines the operators of other packages that programs of the corpus call."""

    @torch.library.custom_op("aiopt_demo::scale_add", mutates_args=())
    def scale_add(x: torch.Tensor, y: torch.Tensor, alpha: float) -> torch.Tensor:
        return x * alpha + y

    @torch.library.custom_op("transformers::grouped_mm_fallback", mutates_args=())
    def grouped_mm_fallback(input: torch.Tensor, weight: torch.Tensor, offs: torch.Tensor) -> torch.Tensor:
        parts = [rows @ matrix for rows, matrix in zip(torch.tensor_split(input, offs[:-1].cpu().long()), weight)]
        return torch.cat(parts)
