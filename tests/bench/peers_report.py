"""What peers.py prints and writes of what it has measured."""
import json
import math
import os
import statistics
import time
import types

import peers_bars as bars

HERE = os.path.dirname(os.path.abspath(__file__))
MISSES = os.path.join(HERE, "peers_misses.md")

ENGINE = ("why", "load", "memory", "error", "result")  # what is told of an engine


class Measured:
    """The milliseconds of each engine in each round of a line."""

    def __init__(self, line, rounds, engines, read, loads):
        self.line, self.rounds, self.engines, self.read, self.loads = line, rounds, engines, read, loads
        self.judged = bars.INT8 if bars.INT8 in rounds else "aiopt"
        self.result = engines[self.judged].result  # of aiopt bench --json
        own = rounds[self.judged]
        self.ratios = {name: bars.geometric([p / a for p, a in zip(times, own)]) for name, times in rounds.items() if name != self.judged}
        peers = {name: r for name, r in self.ratios.items() if name not in ("aiopt", bars.BF16, bars.BF16_PEER)}
        self.fastest = min(peers, key=peers.get) if peers else None
        self.share = line.moved / (statistics.median(own) / 1e3) / read if line.moved and read else None

    def stored(self):
        """What read makes it from again."""
        engines = {name: {what: getattr(e, what, None) for what in ENGINE} for name, e in self.engines.items()}
        return {"rounds": self.rounds, "engines": engines, "read": self.read, "loads": self.loads}

    def misses(self):
        """What is less than it must be."""
        found = self.below(self.line.eager, bars.FASTEST, bars.BANDWIDTH, 0)
        for what, took, most in zip(("cold", "warm"), self.loads, bars.LOADS):
            if took is None or took > most:
                found.append(f"{took or math.inf:.2f} s to the first result {what}, at most {most:g}")
        if self.result["memory_mb"] and self.result["memory_mb"] > self.memory():
            found.append(f"{self.result['memory_mb']:.0f} MB, at most {self.memory():.0f}")
        return found

    def memory(self):
        """The MB that aiopt may hold."""
        r = self.result
        return bars.PACKED * r["constants_mb"] + bars.LIVE * r["live_mb"] + r["given_mb"] + bars.PROCESS

    def aims(self):
        """What is less than aimed at."""
        return self.below(self.line.eager, bars.AIM_FASTEST, bars.AIM_BANDWIDTH, bars.AIM_BF16)

    def below(self, eager, fastest, bandwidth, bf16):
        found = []
        if self.ratios.get("eager", eager) < eager:
            found.append(f"{self.ratios['eager']:.2f} of eager, at least {eager:g}")
        if self.fastest and self.ratios[self.fastest] < fastest:
            found.append(f"{self.ratios[self.fastest]:.2f} of {self.fastest}, at least {fastest:g}")
        if self.share is not None and self.share < bandwidth:
            found.append(f"{self.share:.0%} of the bandwidth, at least {bandwidth:.0%}")
        if bars.BF16 in self.ratios and bars.BF16_PEER in self.ratios:
            against = self.ratios[bars.BF16_PEER] / self.ratios[bars.BF16]
            if against < bf16:
                found.append(f"with bf16 {against:.2f} of {bars.BF16_PEER}, at least {bf16:g}")
        return found


def store(measured, path):
    if path:
        with open(path, "w") as f:
            json.dump({name: m.stored() for name, m in measured.items()}, f)


def read(path):
    """The lines that store has kept, by name."""
    if not path or not os.path.exists(path):
        return {}
    with open(path) as f:
        kept = json.load(f)
    return {line.name: Measured(line, m["rounds"], {n: types.SimpleNamespace(**e) for n, e in m["engines"].items()}, m["read"], m["loads"])
            for line in bars.LINES if line.name in kept for m in [kept[line.name]]}


def columns(peers):
    """bf16 stands beside bf16, int8 first."""
    return [bars.INT8] + [column for name in peers for column in ([name, bars.BF16] if name == bars.BF16_PEER else [name])]


def row(r, names):
    cells = [r.line.name, f"{statistics.median(r.rounds['aiopt']):.4g}"]
    for name in names:
        cell = f"{statistics.median(r.rounds[name]):.4g}" if name in r.rounds else ""
        cells.append(f"{cell} ({r.ratios[name]:.2f})" if name in r.ratios else cell)
    cells.append(f"{r.share:.0%}" if r.share is not None else "")
    misses = r.misses()
    cells.append("FAIL: " + "; ".join(misses) if misses else "PASS")
    return "| " + " | ".join(cells) + " |"


def notes(r):
    """Lines of the table of load times and memory."""
    for name, engine in r.engines.items():
        if engine.why:
            yield f"| {r.line.name} | {name} | {engine.why} | | |"
        else:
            off = f"{engine.error:.1e}" if engine.error is not None and engine.error == engine.error else ""
            yield f"| {r.line.name} | {name} | {engine.load:.2f} | {engine.memory / 1e6:.0f} | {off} |"


def memory(r):
    """A line of the table of aiopt's memory."""
    found = r.result
    return f"| {r.line.name} | {found['memory_mb'] or 0:.0f} | {found['constants_mb']:.0f} | {found['live_mb']:.1f} | {found['given_mb']:.1f} | {r.memory():.0f} |"


def loading(results):
    for r in results:
        if r.loads:
            cold, warm = (f"{took:.2f} s" if took else "never" for took in r.loads)
            yield f"aiopt gives the first result of {r.line.name} after {cold} where nothing is in its cache, and after {warm} where all is (at most {bars.LOADS[0]:g} and {bars.LOADS[1]:g})."


def explanations():
    """The texts of peers_misses.md by line."""
    found, line = {}, None
    with open(MISSES) as f:
        for text in f:
            if text.startswith("## "):
                line = text[3:].strip()
                found[line] = ""
            elif line:
                found[line] += text
    return {name: text.strip() for name, text in found.items()}


def missed(results):
    texts = explanations()
    for r in results:
        aims = r.aims()
        if aims:
            yield f"**{r.line.name}**: {'; '.join(aims)}. {texts.get(r.line.name) or 'Not explained yet.'}"


def processor():
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as f:
            return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "unknown")
    return "unknown"


def write(results, mean, args, versions):
    names = [name for name in columns(args.peers) if any(name in r.rounds for r in results)]
    head = "| line | aiopt | " + " | ".join(names) + " | of bandwidth | |\n|" + "--|" * (len(names) + 4)
    reads = [r.read for r in results if r.read]
    bandwidth = f"{statistics.median(reads) / 1e9:.1f} GB/s read from memory" if reads else "bandwidth not measured"
    text = f"""# Performance

Written by `python tests/bench/peers.py --out=docs/performance.md`: {time.strftime('%Y-%m-%d')}, {processor()}, {args.threads} threads,
{bandwidth}; {args.rounds} interleaved rounds of {args.seconds:g} s for each engine; {", ".join(versions)}.

Each line is measured by itself, all of its engines in turn. Milliseconds, the median of the rounds' medians; in brackets the time of
the engine over that of aiopt, the geometric mean over the rounds: more than 1 means that aiopt is faster. Arithmetic is f32 but for the columns of bf16, which have no bars; lines that end in
_w4 have weights of 4 bits with a scale for 32 of them, in each engine by its own means. The peers of these lines round activations
to 8 bits for the products (eager to bf16); so does {bars.INT8}, aiopt with --precision=int8, by which the bars and ratios of these lines
go. The column aiopt is f32 there, too.

What the text for Metal reaches on an NVIDIA GPU beside PyTorch is in [performance-cuda.md](performance-cuda.md).

{head}
""" + "\n".join(row(r, names) for r in results) + f"""

{mean}

Must: {bars.EAGER:g} of eager (mlp: 3), {bars.FASTEST:g} of the fastest peer and {bars.BANDWIDTH:.0%} of the bandwidth where memory is the limit, which is
measured in the same rounds. Aim: {bars.AIM_FASTEST:g} of the fastest peer, {bars.AIM_BANDWIDTH:.0%} of the bandwidth, and with --precision=bf16
{bars.AIM_BF16:g} of OpenVINO's.

## Where the aim is missed

""" + ("\n\n".join(missed(results)) or "Nowhere.") + """

## How it is measured

Every engine is a process of its own that has the model loaded, so that loading is not measured; all of a line's engines stay loaded
and run in turn, in the other order in every second round. Weights are random. aiopt, eager and inductor update a decoder's cache in
place; ONNX Runtime and OpenVINO get the cache as arguments and give what is new, so that they copy none of it; llama.cpp keeps it
as f16. A decoder's last position is computed again and again. In the w4 lines, eager runs PyTorch's int4 kernel (with activations of
bf16, the only ones it is fast for), ONNX Runtime and OpenVINO a model of MatMulNBits in blocks of 32, llama.cpp Q4_0.

## Loading and memory

Loading ends with the first result; it includes the imports of the peers, and what inductor has not compiled in an earlier run.
Memory is the peak that the process holds, the interpreter and libraries of the peers and mapped files included. The error is the
relative RMS difference from PyTorch's f32 output.

| line | engine | load, s | memory, MB | error |
|--|--|--|--|--|
""" + "\n".join(line for r in results for line in notes(r)) + f"""

{" ".join(loading(results))}

What aiopt holds of its own, mapped files left out, in MB; at most {bars.PACKED:g} times the constants as they are stored, {bars.LIVE:g} times the largest
set of results that are alive at a time, the inputs, outputs and states, and {bars.PROCESS} for the process.

| line | held | constants | live | given | at most |
|--|--|--|--|--|--|
""" + "\n".join(map(memory, results)) + "\n"
    with open(args.out, "w") as out:
        out.write(text)
