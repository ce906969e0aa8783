#!/usr/bin/env python3
"""Measure aiopt beside the runtimes that people would otherwise pick, and write docs/performance.md.

    python tests/bench/peers.py [--only REGEXP] [--peers eager,onnxruntime] [--rounds 10] [--threads 2] [--python PYTHON] [--out FILE]

Makes a virtual environment with the peers (below the user's cache; --python takes one that is there), makes the models of
peers_models.py, and runs them in rounds: in each, every engine for about --seconds, one after the other, with as many threads.
The figure of an engine is the median of its rounds' medians; a ratio is the geometric mean over the rounds of the peer's time
over aiopt's. Prints PASS or FAIL a line against the bars below; a peer that cannot run a model is left out of its line. Needs
Python 3 and Go. Run it on a quiet machine.
"""
import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PACKAGES = ["torch", "torchvision", "numpy", "safetensors", "onnx", "onnxscript", "onnxruntime", "openvino"]
PEERS = ["eager", "inductor", "onnxruntime", "openvino", "openvino_bf16"]
OTHER_ARITHMETIC = ["openvino_bf16"]  # shown, but no bar: aiopt computes in f32

EAGER, FASTEST, MEAN, BANDWIDTH = 1.0, 0.7, 0.85, 0.75  # ratios that must be reached
MB = 1 << 20
LINES = {  # model: the ratio to eager that must be reached, and the bytes that a run must move where memory is the limit
    "mlp": (3, 0), "resnet50": (EAGER, 0), "bert_base": (EAGER, 0), "vit_b16": (EAGER, 0), "whisper_tiny": (EAGER, 0),
    "qwen_prefill128": (EAGER, 0), "qwen_decode128": (EAGER, 596e6 * 4), "qwen_decode1024": (EAGER, 596e6 * 4 + 235e6),
    "softmax4096": (EAGER, 128 * MB), "layernorm4096": (EAGER, 128 * MB), "eltwise16m": (EAGER, 256 * MB),
}


def environment(python):
    """The Python that has the peers."""
    if python:
        return python
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(base, "aiopt-peers")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


class Peer:
    """A process that has a model loaded."""

    def __init__(self, python, peer, model, folder, threads, patience):
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONPATH=HERE)
        self.process = subprocess.Popen([python, os.path.join(HERE, "peers_serve.py"), peer, model, folder, str(threads)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.patience = patience
        first = self.line()
        self.load = float(first.split()[1]) if first.startswith("ready") else None
        self.why = "" if self.load is not None else self.reason()

    def line(self):
        import select
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            self.process.kill()
            return ""
        return self.process.stdout.readline()

    def reason(self):
        self.process.kill()
        lines = self.process.stderr.read().strip().splitlines()
        return lines[-1][:100] if lines else f"not ready in {self.patience:.0f} s"

    def round(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Aiopt:
    def __init__(self, command, model, folder, threads):
        path = os.path.join(folder, model)
        self.command = [command, "bench", path + ".pt2", "--io=position", f"--inputs={path}.in.safetensors", f"--threads={threads}", "--json"]
        if os.path.exists(path + ".out.safetensors"):
            self.command.append(f"--ref={path}.out.safetensors")
        self.iters, self.last, self.text = 3, None, ""
        self.round(0)

    def round(self, seconds):
        if self.last:
            self.iters = max(3, min(100000, int(seconds * 1e3 / statistics.median(self.last["latency_ms"]))))
        done = subprocess.run([*self.command, f"--iters={self.iters}"], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(self.command)}: {done.stderr.strip()}")
        self.text = done.stdout
        self.last = json.loads(done.stdout.splitlines()[-1])
        return self.last["latency_ms"]

    def read(self):
        """Bytes a second that the machine reads, as measured in the last round."""
        found = re.search(r"peaks .* ([\d.]+) GB/s read", self.text)
        return float(found[1]) * 1e9 if found else math.nan


def measure(model, folder, args):
    made = subprocess.run([args.python, os.path.join(HERE, "peers_models.py"), model, folder], capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"making {model}: {made.stderr.strip()[-400:]}")
    aiopt = Aiopt(args.aiopt, model, folder, args.threads)
    engines, missing = {}, {}
    for name in args.peers:
        peer = Peer(args.python, name, model, folder, args.threads, args.patience)
        if peer.why:
            missing[name] = peer.why
        else:
            engines[name] = peer
    rounds = {"aiopt": [], **{name: [] for name in engines}}
    reads = []
    for _ in range(args.rounds):
        rounds["aiopt"].append(statistics.median(aiopt.round(args.seconds)))
        reads.append(aiopt.read())
        for name, peer in engines.items():
            rounds[name].append(statistics.median(peer.round(args.seconds)))
    for peer in engines.values():
        peer.close()
    return rounds, missing, statistics.median(reads), aiopt


def ratio(peer, own):
    return math.exp(statistics.mean(math.log(p / a) for p, a in zip(peer, own)))


def judge(model, rounds, read):
    """The ratios of a line and what it misses."""
    own = rounds["aiopt"]
    ratios = {name: ratio(times, own) for name, times in rounds.items() if name != "aiopt"}
    eager, bytes_moved = LINES[model]
    misses = []
    if "eager" in ratios and ratios["eager"] < eager:
        misses.append(f"{ratios['eager']:.2f} of eager, at least {eager}")
    same = {name: r for name, r in ratios.items() if name not in OTHER_ARITHMETIC}
    fastest = min(same, key=same.get) if same else None
    if fastest and same[fastest] < FASTEST:
        misses.append(f"{same[fastest]:.2f} of {fastest}, at least {FASTEST}")
    share = bytes_moved / (statistics.median(own) / 1e3) / read if bytes_moved else None
    if share is not None and share < BANDWIDTH:
        misses.append(f"{share:.0%} of the bandwidth, at least {BANDWIDTH:.0%}")
    return ratios, same.get(fastest), share, misses


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--only", default="", help="models whose names match")
    ap.add_argument("--peers", type=lambda s: s.split(","), default=PEERS)
    ap.add_argument("--rounds", type=int, default=10)
    ap.add_argument("--seconds", type=float, default=1.0, help="how long an engine runs in a round")
    ap.add_argument("--patience", type=float, default=300, help="how long a peer may take to load a model")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--python", help="a Python that has the peers")
    ap.add_argument("--aiopt", help="the command to measure; built from this folder where it is not given")
    ap.add_argument("--out", help="write the table to this file, such as docs/performance.md")
    args = ap.parse_args()
    args.python = environment(args.python)
    unknown = [p for p in args.peers if p not in PEERS]
    if unknown:
        sys.exit(f"--peers: found {', '.join(unknown)}, expected some of {', '.join(PEERS)}")
    rows, best, failed, notes = [], [], 0, []
    with tempfile.TemporaryDirectory() as tmp:
        if not args.aiopt:
            args.aiopt = os.path.join(tmp, "aiopt")
            subprocess.run(["go", "build", "-o", args.aiopt, "./tools/aiopt"], cwd=ROOT, check=True)
        for model in LINES:
            if not re.search(args.only, model):
                continue
            with tempfile.TemporaryDirectory(dir=tmp) as folder:
                rounds, missing, read, aiopt = measure(model, folder, args)
            ratios, fastest, share, misses = judge(model, rounds, read)
            failed += bool(misses)
            if fastest:
                best.append(fastest)
            cells = [f"{statistics.median(rounds['aiopt']):.4g}"]
            for name in args.peers:
                cells.append(f"{statistics.median(rounds[name]):.4g} ({ratios[name]:.2f})" if name in rounds else "")
            cells.append(f"{share:.0%}" if share is not None else "")
            cells.append("FAIL: " + "; ".join(misses) if misses else "PASS")
            rows.append(f"| {model} | " + " | ".join(cells) + " |")
            print(rows[-1], flush=True)
            for name, why in missing.items():
                notes.append(f"* {model} by {name}: {why}")
            last = aiopt.last
            notes.append(f"* {model} by aiopt: load {last['load_ms']:.0f} ms, compile {last['compile_ms']:.0f} ms, {last['memory_mb'] or 0:.0f} MB"
                         + (f", largest error {last['max_abs_err']:.2g}" if last["max_abs_err"] is not None else ""))
    mean = math.exp(statistics.mean(map(math.log, best))) if best else math.nan
    verdict = "PASS" if mean >= MEAN else "FAIL"
    failed += verdict == "FAIL"
    summary = f"Geometric mean of the ratios to the fastest peer: {mean:.2f}, at least {MEAN}: {verdict}"
    print(summary)
    if args.out:
        write(args, rows, notes, summary)
    sys.exit(failed > 0)


def write(args, rows, notes, summary):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown") \
        if os.path.exists("/proc/cpuinfo") else "unknown"
    head = "| model | aiopt | " + " | ".join(args.peers) + " | of bandwidth | |\n|" + "--|" * (len(args.peers) + 4)
    with open(args.out, "w") as out:
        out.write(f"""# Performance

Written by `python tests/bench/peers.py`: {time.strftime('%Y-%m-%d')}, {cpu}, {args.threads} threads, {args.rounds} interleaved rounds of {args.seconds:g} s.
Milliseconds, the median of the rounds' medians; in brackets the peer's time over aiopt's, the geometric mean over the rounds:
more than 1 means that aiopt is faster. f32 arithmetic but for openvino_bf16. The bandwidth is what `aiopt bench` measured
in the same rounds.

{head}
""" + "\n".join(rows) + f"\n\n{summary}\n\n## Notes\n\n" + "\n".join(notes) + "\n")


if __name__ == "__main__":
    main()
