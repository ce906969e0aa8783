"""Compares generated Metal kernels on an NVIDIA GPU with PyTorch on the same GPU, and prints docs/performance-cuda.md.

The kernels are made of the modules of backend/metal/cuda/cudatest/testdata/bench by the schedules for GPUs, printed as Metal and compiled by clang to
PTX. Where clang is, once:

    go test ./backend/metal/cuda/cudatest -run TestBundle -make DIR
    CGO_ENABLED=0 go test -c ./backend/metal/cuda/cudatest

Where the GPU and PyTorch are, with DIR, that executable and this file:

    python3 cuda.py ./cudatest.test DIR >performance-cuda.md

Both sides are timed by events of the device around launches that follow each other, the best of ten rounds. It ends with 1 where a kernel is slower
than what is asked for, or wrong.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

ROUNDS, LAUNCHES = 10, 20
M = 1 << 20
F16, BF16, F32 = torch.float16, torch.bfloat16, torch.float32


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
    return torch.rand(*shape, device="cuda", dtype=F32).mul_(4).sub_(2).to(dtype)


def add(dtype, n, k):
    a, b, y = uniform(n, k, dtype=dtype), uniform(n, k, dtype=dtype), torch.empty(n, k, device="cuda", dtype=dtype)
    return lambda: torch.add(a, b, out=y)


def silu(dtype, n, k):
    x = uniform(n, k, dtype=dtype)
    return lambda: F.silu(x)


def softmax(dtype, n, k):
    x, y = uniform(n, k, dtype=dtype), torch.empty(n, k, device="cuda", dtype=dtype)
    return lambda: torch.softmax(x, -1, out=y)


def rms_norm(dtype, n, k):
    x, w = uniform(n, k, dtype=dtype), uniform(k, dtype=dtype)
    return lambda: F.rms_norm(x, (k,), w, 1e-6)


def matmul(dtype, n, k):
    a, b = uniform(n, k, dtype=dtype), uniform(k, n, dtype=dtype)
    return lambda: torch.matmul(a, b)


def attention(dtype, n, k):
    q, x, y = uniform(1, 32, 1, k, dtype=dtype), uniform(1, 8, n, k, dtype=dtype), uniform(1, 8, n, k, dtype=dtype)
    return lambda: F.scaled_dot_product_attention(q, x, y, enable_gqa=True)


# Each kernel: what it is in PyTorch, and the part that is asked for of PyTorch's bandwidth, or of a copy's where PyTorch has no such kernel.
KERNELS = {
    "add_f32": (add, F32, 0.8),
    "silu_f32": (silu, F32, 0.8),
    "silu_f16": (silu, F16, 0.8),
    "softmax_f32": (softmax, F32, 0.8),
    "softmax_f16": (softmax, F16, 0.8),
    "rms_norm_f16": (rms_norm, F16, 0.8),
    "rms_norm_bf16": (rms_norm, BF16, 0.8),
    "w4_gemv_f16": (None, None, 0.7),
    "attention_f16": (attention, F16, None),
    "gemm_f16": (matmul, F16, None),
}
SMALL = 64 * M  # bytes of a kernel that is too short to tell of bandwidth, so that nothing is asked for

HEAD = """# Generated kernels on an NVIDIA GPU

Made by `tests/bench/cuda.py` on {date}: {gpu}, PyTorch {torch}, {cases} cases that hold the kernels' results against the processor's, {right}. A copy of
1 GiB moves {driver:.0f} GB/s by the driver and {copied:.0f} by PyTorch, reads and writes counted.

**What it says**: the schedules for GPUs, and the [Metal](metal.md) text that is printed of them, ask memory for enough at a time and compute little beside
it, on one GPU with SIMD groups of 32 threads. **What it does not say**: how fast anything is on an Apple GPU, whose caches, registers and instructions are
others. The functions of the text (`exp` and the like) are this GPU's own header's. Matrices of SIMD groups become multiplications of single numbers
here, so the speed of products of many rows means nothing; a kernel of attention for one query has as many groups of threads as heads, which leaves most of a GPU this large without work.

Bytes are those of all arguments, once. The ratio is of PyTorch's time to the kernel's, or of the bandwidth to a copy's where PyTorch has no such kernel. Nothing is
asked for of kernels of less than 64 MiB, which the time of a launch rules. Times are the best of ten rounds.

| kernel | size | ms | GB/s | of a copy's | PyTorch, ms | PyTorch, GB/s | ratio | asked for | |
|---|---|---:|---:|---:|---:|---:|---:|---:|---|"""


def row(k, copied):
    """A line of the table, and whether it is as fast as asked for."""
    make, dtype, bar = KERNELS[k["Kernel"]]
    ratio, theirs = k["Bandwidth"] / copied, None
    if make:
        theirs = seconds(make(dtype, *map(int, k["Size"].split("x"))))
        ratio = theirs / k["Seconds"]
    if k["Bytes"] < SMALL:
        bar = None
    cells = [k["Kernel"], k["Size"], f"{k['Seconds'] * 1e3:.4f}", f"{k['Bandwidth'] / 1e9:.0f}", f"{100 * k['Bandwidth'] / copied:.0f} %"]
    cells += [f"{theirs * 1e3:.4f}", f"{k['Bytes'] / theirs / 1e9:.0f}"] if theirs else ["", ""]
    cells += [f"{ratio:.2f}", f"{bar:.2f}" if bar else "", "" if not bar else "yes" if ratio >= bar else "no"]
    return "| " + " | ".join(cells) + " |", not bar or ratio >= bar


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
    by_driver = ours[0]["Bandwidth"]
    cases = sum(int(line.split(" of ")[1].split()[0]) for line in done.stdout.splitlines() if "the CPU's very bytes" in line)
    print(HEAD.format(date=datetime.date.today(), gpu=torch.cuda.get_device_name(), torch=torch.__version__, cases=cases,
                      right="all right" if done.returncode == 0 else "some wrong", driver=by_driver / 1e9, copied=copied() / 1e9))
    met = done.returncode == 0
    for k in ours[1:]:
        line, fast = row(k, by_driver)
        met &= fast
        print(line)
    sys.exit(0 if met else 1)


def copied():
    a, b = uniform(256 * M, dtype=F32), torch.empty(256 * M, device="cuda", dtype=F32)
    return 2 * 1024 * M / seconds(lambda: b.copy_(a))


if __name__ == "__main__":
    main()
