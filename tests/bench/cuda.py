"""Compares Metal kernels on an NVIDIA GPU with PyTorch on the same GPU, and prints a table for docs/performance.md.

The kernels are those of backend/metal/cuda/cudatest/testdata/bench.metal: Metal text, compiled by clang to PTX. It is a test of the way from
Metal text to a GPU, and says nothing about Metal's speed. Where clang is, once:

    go test ./backend/metal/cuda/cudatest -run TestBundle -make DIR
    CGO_ENABLED=0 go test -c ./backend/metal/cuda/cudatest

Where the GPU and PyTorch are, with DIR, that executable and this file:

    python3 cuda.py ./cudatest.test DIR

Both sides are timed by events of the device around launches that follow each other, the best of ten rounds, on tensors of 256 MiB.
"""

import json
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

ROUNDS, LAUNCHES = 10, 20


def seconds(f, launches=LAUNCHES):
    """The time of one call, as cuda.Program.Time takes it."""
    best = float("inf")
    for i in range(ROUNDS + 1):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(launches):
            f()
        end.record()
        end.synchronize()
        if i > 0:
            best = min(best, start.elapsed_time(end) / 1e3 / launches)
    return best


def uniform(*shape, dtype):
    return torch.rand(*shape, device="cuda", dtype=torch.float32).mul_(4).sub_(2).to(dtype)


def add(dtype, n):
    a, b, y = uniform(n, dtype=dtype), uniform(n, dtype=dtype), torch.empty(n, device="cuda", dtype=dtype)
    return lambda: torch.add(a, b, out=y)


def silu(dtype, n):
    x = uniform(n, dtype=dtype)
    return lambda: F.silu(x)


def softmax(dtype, rows):
    x, y = uniform(rows, 4096, dtype=dtype), torch.empty(rows, 4096, device="cuda", dtype=dtype)
    return lambda: torch.softmax(x, -1, out=y)


def rms_norm(dtype, rows):
    x, w = uniform(rows, 4096, dtype=dtype), uniform(4096, dtype=dtype)
    return lambda: F.rms_norm(x, (4096,), w, 1e-6)


def copy(dtype, n):
    a, b = uniform(n, dtype=dtype), torch.empty(n, device="cuda", dtype=dtype)
    return lambda: b.copy_(a)


# What each kernel is in PyTorch, and the bytes that it moves at the least; cudatest/timed.go has the same sizes.
M = 1 << 20
PEERS = {
    "add_f32": (add, torch.float32, 64 * M),
    "silu_f32": (silu, torch.float32, 64 * M),
    "silu_f16": (silu, torch.float16, 128 * M),
    "softmax_f32": (softmax, torch.float32, 16 << 10),
    "softmax_f16": (softmax, torch.float16, 32 << 10),
    "rms_norm_f16": (rms_norm, torch.float16, 32 << 10),
}
# The parts of PyTorch's bandwidth, or of a copy's where it has no such kernel, that are asked for.
BARS = {"w4_gemv_f16": 0.7}


def main():
    if len(sys.argv) != 3:
        sys.exit("expected the test's executable and the folder of its bundle")
    exe, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as temp:
        times = os.path.join(temp, "times.json")
        done = subprocess.run([exe, "-test.run", "TestBundle", "-test.v", "-bundle", folder, "-times", times], text=True, capture_output=True)
        print(done.stdout + done.stderr, file=sys.stderr)
        if not os.path.exists(times):
            sys.exit("the kernels were not measured; what went wrong is above")
        with open(times) as f:
            ours = json.load(f)
    copied = 2 * 1024 * M / seconds(copy(torch.float32, 256 * M))
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}; a copy of 1 GiB moves {ours[0]['Bandwidth'] / 1e9:.0f} GB/s by the driver, {copied / 1e9:.0f} by PyTorch.\n")
    print("| kernel | size | aiopt's text, ms | GB/s | of a copy's | PyTorch, ms | GB/s | ratio | asked for | |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---|")
    missed = done.returncode != 0
    for k in ours[1:]:
        line = f"| {k['Kernel']} | {k['Size']} | {k['Seconds'] * 1e3:.3f} | {k['Bandwidth'] / 1e9:.0f} | {100 * k['Bandwidth'] / ours[0]['Bandwidth']:.0f} % |"
        peer, bar = PEERS.get(k["Kernel"]), BARS.get(k["Kernel"])
        if peer:
            make, dtype, size = peer
            theirs, bar = seconds(make(dtype, size)), 0.8
            ratio = theirs / k["Seconds"]
            line += f" {theirs * 1e3:.3f} | {k['Bytes'] / theirs / 1e9:.0f} | {ratio:.2f} |"
        else:
            ratio = k["Bandwidth"] / ours[0]["Bandwidth"]
            line += " | | |"
        if bar:
            line += f" {bar:.2f} | {'yes' if ratio >= bar else 'no'} |"
            missed |= ratio < bar
        elif k["Flops"]:
            line += f" | {k['Flops'] / k['Seconds'] / 1e9:.0f} GFLOP/s |"
        print(line)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
