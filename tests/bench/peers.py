#!/usr/bin/env python3
"""Measure aiopt beside the runtimes that people would otherwise pick, and write docs/performance.md.

    python tests/bench/peers.py [--only REGEXP] [--peers eager,onnxruntime] [--rounds 10] [--threads 2] [--python PYTHON] [--out FILE]
        [--store FILE]

Makes a virtual environment with the peers (below the user's cache; --python takes one that is there) and the models of
peers_models.py (below the user's cache, or in --models), each once: the first run takes half an hour more. Then the engines of a
line are loaded, one after the other, and run in rounds: in each, every engine for about --seconds, with as many threads. A ratio is
the geometric mean over the rounds of the peer's median over aiopt's. Prints PASS or FAIL a line against the bars of peers_bars.py;
a peer that cannot run a model is left out of its line, and the notes say why. With --store, what was measured is kept in a file, and
lines that this run leaves out (--only) are taken from there: one that something disturbed can be measured again.

Needs Python 3.9, Go, and a C++ compiler and CMake for llama.cpp. Run it on a quiet machine with 24 GB of memory.
"""
import argparse
import hashlib
import json
import os
import re
import select
import statistics
import subprocess
import sys
import tempfile

import peers_bars
import peers_report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PACKAGES = ["torch", "torchvision", "numpy", "safetensors", "onnx", "onnxscript", "onnxruntime", "openvino", "gguf"]
LLAMA = "llama-cpp-python"  # which is compiled, for this processor
W4_PASSES = "@cpu,w4{group=32}"
PATIENCE = {"inductor": 3}  # times what others get: it compiles


def cached(*path):
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "aiopt-peers", *path)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def step(what, command, **options):
    """Runs a command that has to succeed."""
    progress(what)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    progress("")
    if done.returncode:
        sys.exit(f"{what}: {' '.join(command)}\n{done.stdout.strip()[-2000:]}")


def environment(python):
    """The Python that has the peers."""
    if python:
        return python
    folder = cached("python")
    python, ready = os.path.join(folder, "bin", "python"), os.path.join(folder, "ready")
    if not os.path.exists(ready):
        step("making a virtual environment", [sys.executable, "-m", "venv", folder])
        step("installing the peers", [python, "-m", "pip", "install", "--quiet", *PACKAGES])
        step("compiling llama.cpp, for some ten minutes", [python, "-m", "pip", "install", "--quiet", LLAMA],
             env=dict(os.environ, CMAKE_ARGS="-DGGML_NATIVE=ON"))
        open(ready, "w").close()
    return python


def versions(python):
    """What the peers are, such as `torch 2.11.0`."""
    code = "import sys, importlib.metadata as m\nfor n in sys.argv[1:]:\n try: print(n, m.version(n))\n except m.PackageNotFoundError: pass"
    found = subprocess.run([python, "-c", code, "torch", "onnxruntime", "openvino", LLAMA], capture_output=True, text=True, check=True)
    return found.stdout.strip().splitlines()


class Engine:
    """A process that has a model loaded and runs it when it is asked to."""

    def __init__(self, command, patience, env=None):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, env=env)
        self.patience, self.why = patience, ""
        self.load, self.error, self.memory = None, None, None
        self.ready(self.line())

    def line(self):
        found, _, _ = select.select([self.process.stdout], [], [], self.patience)
        line = self.process.stdout.readline() if found else ""
        if not line:
            self.fail(not found)
        return line

    def fail(self, late):
        self.process.kill()
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        self.why = f"not ready in {self.patience:.0f} s" if late else lines[-1][:160] if lines else f"exit code {self.process.returncode}"

    def ask(self, line):
        try:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.fail(False)
            return None
        answer = self.line()
        return json.loads(answer) if answer else None

    def close(self):
        """Ends the process and gives the rest of what it says."""
        if self.why:
            return ""
        self.memory = peak(self.process.pid)
        rest, _ = self.process.communicate()
        if self.process.returncode:
            self.fail(False)
        return rest


def peak(pid):
    """The most bytes that a process has held, mapped files included."""
    with open(f"/proc/{pid}/status") as f:
        return next((int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM")), 0)


class Peer(Engine):
    def __init__(self, args, name, line):
        env = dict(os.environ, OMP_NUM_THREADS=str(args.threads), PYTHONPATH=HERE)
        command = [args.python, os.path.join(HERE, "peers_serve.py"), name, line.name, args.models, str(args.threads)]
        super().__init__(command, args.patience * PATIENCE.get(name, 1), env)

    def ready(self, line):
        if line:
            _, load, error = line.split()
            self.load, self.error = float(load), float(error)

    def round(self, seconds):
        return self.ask(seconds)


class Aiopt(Engine):
    def __init__(self, args, line, flags=(), env=None):
        path = os.path.join(args.models, line.model)
        model = w4_asset(args, line) if line.w4 else path + ".pt2"
        super().__init__([args.aiopt, "bench", model, "--backend=cpu", "--io=position", f"--inputs={path}.in.safetensors", f"--ref={path}.out.safetensors",
                          f"--threads={args.threads}", "--json", "--rounds-from-stdin", *flags], args.patience, env)

    def ready(self, line):
        if line:
            self.load = json.loads(line)["ready_ms"] / 1e3

    def round(self, seconds):
        answer = self.ask(seconds)
        return answer and answer["latency_ms"]

    def peaks(self):
        answer = self.ask("peaks")
        return answer["read_gb_per_s"] * 1e9 if answer else 0

    def close(self):
        self.text = super().close()
        if self.text:
            self.result = json.loads(self.text.splitlines()[-1])
            self.error = self.result["rel_rms_err"]


def w4_asset(args, line):
    """The model compressed by this aiopt; what other ones have made is removed."""
    with open(args.aiopt, "rb") as f:
        version = hashlib.sha256(f.read()).hexdigest()[:12]
    path = os.path.join(args.models, f"{line.name}.{version}.airpkg")
    if not os.path.exists(path):
        for old in os.listdir(args.models):
            if re.fullmatch(rf"{line.name}\.\w{{12}}\.airpkg", old):
                os.remove(os.path.join(args.models, old))
        step(f"{line.name}: compressing by aiopt", [args.aiopt, f"-passes={W4_PASSES}", os.path.join(args.models, line.model + ".pt2"), "-o", path])
    return path


def prepare(line, args):
    """Makes the line's files."""
    step(f"{line.name}: making the model", [args.python, os.path.join(HERE, "peers_models.py"), line.model, args.models])
    if line.w4:
        step(f"{line.name}: making the peers' files", [args.python, os.path.join(HERE, "peers_w4.py"), line.model, args.models])


def engines(line, args):
    """Loads the engines, one after the other."""
    loaders = {"aiopt": lambda: Aiopt(args, line)}
    if line.w4 and "int8" in args.precisions:
        loaders[peers_bars.INT8] = lambda: Aiopt(args, line, ["--precision=int8"])
    for name in args.peers:
        if name in line.peers:
            loaders[name] = lambda name=name: Peer(args, name, line)
            if name == peers_bars.BF16_PEER and "bf16" in args.precisions:
                loaders[peers_bars.BF16] = lambda: Aiopt(args, line, ["--precision=bf16"])
    for name, load in loaders.items():
        progress(f"{line.name}: loading {name}")
        yield name, load()


def loads(line, args):
    """Seconds until the first result, where nothing is in aiopt's cache and where all is."""
    with tempfile.TemporaryDirectory() as empty:
        for _ in range(2):
            engine = Aiopt(args, line, env=dict(os.environ, XDG_CACHE_HOME=empty))
            engine.process.kill()
            engine.process.wait()
            yield engine.load


def measure(line, args):
    loading = list(loads(line, args)) if line.loads else []
    loaded = dict(engines(line, args))
    rounds, reads = {name: [] for name in loaded}, []
    for i in range(args.rounds):
        order = list(loaded.items())
        for name, engine in order if i % 2 == 0 else order[::-1]:
            progress(f"{line.name}: round {i + 1} of {args.rounds}, {name}")
            took = None if engine.why else engine.round(args.seconds)
            if took:
                rounds[name].append(statistics.median(took))
        if line.moved and not loaded["aiopt"].why:
            reads.append(loaded["aiopt"].peaks())
    for engine in loaded.values():
        engine.close()
    progress("")
    if loaded["aiopt"].why:
        sys.exit(f"{line.name} by aiopt: {loaded['aiopt'].why}")
    return peers_report.Measured(line, {n: r for n, r in rounds.items() if len(r) == args.rounds}, loaded, statistics.median(reads) if reads else 0, loading)


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--only", default="", help="lines whose names match")
    ap.add_argument("--peers", type=lambda s: s.split(","), default=peers_bars.PEERS)
    ap.add_argument("--rounds", type=int, default=10)
    ap.add_argument("--seconds", type=float, default=0.5, help="how long an engine runs in a round")
    ap.add_argument("--patience", type=float, default=120, help="how long an engine may take to load a model or to answer")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--python", help="a Python that has the peers")
    ap.add_argument("--models", help="the folder of the models' files")
    ap.add_argument("--aiopt", help="the command to measure; built from this folder where it is not given")
    ap.add_argument("--out", help="write the table to this file, such as docs/performance.md")
    ap.add_argument("--store", help="keep what is measured in this file, and take lines from it that --only leaves out")
    args = ap.parse_args()
    unknown = [p for p in args.peers if p not in peers_bars.PEERS]
    if unknown:
        sys.exit(f"--peers: found {', '.join(unknown)}, expected some of {', '.join(peers_bars.PEERS)}")
    args.lines = [line for line in peers_bars.LINES if re.search(args.only, line.name)]
    if not args.lines:
        sys.exit(f"--only={args.only}: no line matches; there are {', '.join(line.name for line in peers_bars.LINES)}")
    return args


def main():
    args = arguments()
    args.python = environment(args.python)
    args.models = args.models or cached("models")
    os.makedirs(args.models, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        if not args.aiopt:
            args.aiopt = os.path.join(tmp, "aiopt")
            step("building aiopt", ["go", "build", "-o", args.aiopt, "./tools/aiopt"], cwd=ROOT)
        help = subprocess.run([args.aiopt, "bench", "--help"], capture_output=True, text=True).stdout
        args.precisions = re.findall(r"bf16|int8", help) if "--precision" in help else []
        stored = peers_report.read(args.store)
        for line in args.lines:
            prepare(line, args)
            stored[line.name] = measure(line, args)
            print(peers_report.row(stored[line.name], peers_report.columns(args.peers)), flush=True)
            peers_report.store(stored, args.store)
    results = [stored[line.name] for line in peers_bars.LINES if line.name in stored]
    mean, missed = peers_bars.mean(results)
    print(mean)
    if args.out:
        peers_report.write(results, mean, args, versions(args.python))
    sys.exit(missed or any(r.misses() for r in results))


if __name__ == "__main__":
    main()
