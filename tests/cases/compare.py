"""Runs aiopt on a case and holds what it gives to what PyTorch gave."""

import json
import math
import os
import subprocess
import tempfile
from typing import NamedTuple

import torch

from .files import DTYPES, read_tensors


class Ran(NamedTuple):
    """What a run gave: outputs by name, or None and the exit code with the message (124 where it took too long)."""

    outputs: dict | None
    code: int
    message: str


def run(aiopt, program, inputs, numbers=None, flags=(), seconds=60):
    """Runs a saved program on a file of tensors and on numbers by input name."""
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "out.safetensors")
        command = [aiopt, "run", program, "--io=position", "--inputs=" + inputs, "--outputs=" + out, *flags]
        for name, value in (numbers or {}).items():
            command += ["--input", f"{name}={json.dumps(value)}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return Ran(None, 124, "timeout")
        if done.returncode:
            return Ran(None, done.returncode, done.stderr.strip() or f"exit code {done.returncode}, no message")
        try:
            return Ran(read_tensors(out), 0, "")
        except (OSError, ValueError, KeyError) as e:
            return Ran(None, 0, f"bad output file: {e}")


def type_of(t):
    return f"{DTYPES[t.dtype][0]}{list(t.shape)}"


def differs(line, got, want):
    """None where got matches want, else the reason in a few words.

    A float matches within atol + rtol*|want| + min(4*eager_err, s*|want| + 20*atol) of the manifest's line, s = 2^-6 for
    f16 and bf16, 2^-12 otherwise; nan matches nan. Integers and bools are equal.
    """
    if got is None:
        return "missing output"
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"got {type_of(got)}, want {type_of(want)}"
    if want.dtype.is_complex:
        got, want = torch.view_as_real(got), torch.view_as_real(want)
    if not want.dtype.is_floating_point:
        bad = got != want
        if not bad.any():
            return None
        at = int(bad.reshape(-1).nonzero()[0])
        return f"{int(bad.sum())} of {want.numel()} differ; [{at}] is {got.reshape(-1)[at].item()}, want {want.reshape(-1)[at].item()}"
    share = 2.0 ** -6 if want.dtype in (torch.float16, torch.bfloat16) else 2.0 ** -12
    g, w = got.double().reshape(-1), want.double().reshape(-1)
    slack = torch.clamp(share * w.abs() + 20 * line["atol"], max=4 * (line.get("eager_err") or 0))
    near = ((g - w).abs() <= line["atol"] + line["rtol"] * w.abs() + slack) & w.isfinite()
    bad = ~(near | (g == w) | (g.isnan() & w.isnan()))
    if not bad.any():
        return None
    distance = torch.where(bad, (g - w).abs().nan_to_num(math.inf), -1)
    at = int(distance.argmax())
    return f"{int(bad.sum())} of {w.numel()} differ; [{at}] is {g[at].item():.9g}, want {w[at].item():.9g}"
