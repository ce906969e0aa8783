#!/usr/bin/env python3
"""Make one asset of an image encoder, a text encoder and a detector, run it, and time a second prompt.

    python tests/bench/segmenter.py FOLDER [--aiopt ./aiopt] [--runs 5] [--write]

FOLDER is what `tests/segmenter.py FOLDER --size medium` makes. Prints the commands and what `aiopt inspect` says of the asset;
then the sizes of the parts, how near the outputs are to PyTorch's, and time and multiply-adds of a second prompt, which
--write puts into docs/asset.md. Needs Python 3 and Go. Run it on a quiet machine.
"""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
import document  # noqa: E402

FUNCTIONS = ["image_encode", "text_encode", "detect"]
PARTS = {"image_encode": "image_encoder", "text_encode": "text_encoder", "detect": "detector"}
CALLS = FUNCTIONS + FUNCTIONS[1:]  # the image and a prompt, and another prompt
PASSES = "-passes=decompose, fold, cse, canonicalize, dce, fp16, fuse"
RECIPE = os.path.join(ROOT, "tests", "segmenter", "encoders.yaml")

ALL_CALLS = ["run", "--function=" + ",".join(CALLS), "--inputs=calls.safetensors", "--ref=expected.safetensors",
             "--outputs=all.safetensors", "--time"]


class Aiopt:
    """The command, run in a folder with the models."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def run(self, *args):
        """Both outputs, and wall seconds."""
        start = time.monotonic()
        done = subprocess.run([self.path, *args], cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"aiopt {' '.join(args)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout, done.stderr, time.monotonic() - start

    def show(self, *args):
        """Runs a command as people would see it."""
        print("$ " + shlex.join(["aiopt", *args]), *self.run(*args)[1::-1], sep="\n", flush=True)

    def inspect(self, model):
        return json.loads(self.run("inspect", "--json", "--depth=1", model)[0])


def build(out, *flags):
    """The arguments that make an asset."""
    return [PASSES, *flags, *(f"{f}={f}.pt2" for f in FUNCTIONS), "-o", out]


def sizes(aiopt):
    """A table of each part's parameters and bytes, before and after."""
    plain, small = ({m["path"]: m for m in aiopt.inspect(name)["modules"]} for name in ("plain.airpkg", "segmenter.airpkg"))
    lines = ["| part | parameters | in the `.pt2` | all f16 | encoders as palettes | bits a parameter |", "|--|--|--|--|--|--|"]
    total = [0, 0, 0, 0]
    for function, part in PARTS.items():
        weights = aiopt.inspect(function + ".pt2")["weights"]
        row = [weights["parameters"], weights["bytes"], plain[part]["bytes"], small[part]["bytes"]]
        total = [a + b for a, b in zip(total, row)]
        lines.append(size_row(f"`{part}`", row))
    files = [sum(os.path.getsize(os.path.join(aiopt.folder, f + ".pt2")) for f in FUNCTIONS)]
    files += [os.path.getsize(os.path.join(aiopt.folder, name)) for name in ("plain.airpkg", "segmenter.airpkg")]
    lines += [size_row("all", total), "| the files | | " + " | ".join(f"{n / 1e6:.1f} MB" for n in files) + " | |"]
    return "\n".join(lines)


def size_row(name, row):
    return f"| {name} | {row[0] / 1e6:.2f} M | " + " | ".join(f"{n / 1e6:.2f} MB" for n in row[1:]) + f" | {8 * row[-1] / row[0]:.2f} |"


def call_all(aiopt, asset):
    """Milliseconds of each call, and the PSNR of each output."""
    shown, told, _ = aiopt.run(*ALL_CALLS, asset)
    return ([float(ms) for ms in re.findall(r"([\d.]+) ms  s\d+ @", told)],
            dict(re.findall(r"^(\S+): the largest difference is .*, the PSNR ([\d.]+) dB$", shown, re.M)))


def likeness(plain, small):
    names = list(small)
    return "\n".join(["| PSNR in dB | " + " | ".join(f"`{n}`" for n in names) + " |", "|--|" + "--|" * len(names),
                      "| all f16 | " + " | ".join(plain[n] for n in names) + " |",
                      "| encoders as palettes | " + " | ".join(small[n] for n in names) + " |"])


def second_prompt(aiopt, runs):
    """A table of the second prompt, all three functions and two of them: milliseconds, the best of the runs, and work."""
    calls, commands = [], {"all": [], "rest": []}
    for _ in range(runs):
        calls.append(call_all(aiopt, "segmenter.airpkg")[0])
        aiopt.run("run", "segmenter.airpkg", "--function=image_encode", "--input", "image=image.safetensors", "--outputs=features.npy")
        ids = ["--input", "ids=second.safetensors", "--outputs=found.safetensors"]
        commands["all"].append(aiopt.run("run", "segmenter.airpkg", "--function=" + ",".join(FUNCTIONS), "--input", "image=image.safetensors", *ids)[2])
        commands["rest"].append(aiopt.run("run", "segmenter.airpkg", "--function=text_encode,detect", "--input", "features=features.npy", *ids)[2])
    best = [min(times) for times in zip(*calls)]
    work = {f["name"]: f["multiply_adds"] for f in aiopt.inspect("segmenter.airpkg")["functions"]}
    rows = [("`image_encode`", best[0], work["image_encode"]), ("`text_encode`", best[3], work["text_encode"]), ("`detect`", best[4], work["detect"]),
            ("all three", best[0] + best[3] + best[4], sum(work.values())),
            ("the second prompt: `text_encode`, `detect`", best[3] + best[4], work["text_encode"] + work["detect"])]
    lines = ["| | wall time | multiply-adds |", "|--|--|--|"] + [f"| {name} | {ms:.0f} ms | {n / 1e6:,.0f} M |" for name, ms, n in rows]
    lines.append(f"| saved | {1 - rows[4][1] / rows[3][1]:.0%} | {1 - rows[4][2] / rows[3][2]:.0%} |")
    whole, rest = min(commands["all"]), min(commands["rest"])
    lines.append(f"| as commands that open the asset anew: all three, the second prompt, saved | {whole * 1e3:.0f} ms, {rest * 1e3:.0f} ms, {1 - rest / whole:.0%} | |")
    return "\n".join(lines)


def split(folder):
    """Stores the image and the second prompt as files of one tensor, for --input."""
    with open(os.path.join(folder, "calls.safetensors"), "rb") as f:
        raw = f.read()
    start = 8 + int.from_bytes(raw[:8], "little")
    for name, t in json.loads(raw[8:start]).items():
        begin, end = t["data_offsets"]
        file = {"image": "image.safetensors", "s3.ids": "second.safetensors"}.get(name)
        if file:
            head = json.dumps({name: t | {"data_offsets": [0, end - begin]}}).encode()
            with open(os.path.join(folder, file), "wb") as f:
                f.write(len(head).to_bytes(8, "little") + head + raw[start + begin:start + end])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("folder")
    ap.add_argument("--aiopt", help="the command; built from this project where it is not given")
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--write", action="store_true", help="put what is measured into docs/asset.md")
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.abspath(args.aiopt) if args.aiopt else os.path.join(tmp, "aiopt")
        if not args.aiopt:
            subprocess.run(["go", "build", "-o", path, "./tools/aiopt"], cwd=ROOT, check=True)
        for name in [f + ".pt2" for f in FUNCTIONS] + ["calls.safetensors", "expected.safetensors"]:
            os.symlink(os.path.abspath(os.path.join(args.folder, name)), os.path.join(tmp, name))
        shutil.copy(RECIPE, tmp)
        split(tmp)
        aiopt = Aiopt(path, tmp)
        aiopt.run(*build("plain.airpkg"))
        aiopt.show(*build("segmenter.airpkg", "--config=encoders.yaml"))
        aiopt.show("inspect", "--depth=1", "segmenter.airpkg")
        aiopt.show(*ALL_CALLS, "segmenter.airpkg")
        with open(RECIPE, encoding="utf-8") as f:
            recipe = f.read()
        text = "\n\n".join([
            f"`encoders.yaml`:\n\n```yaml\n{recipe}```", "The sizes of the weights:", sizes(aiopt),
            "How near the outputs of the five calls are to PyTorch's in f32, for random weights:",
            likeness(call_all(aiopt, "plain.airpkg")[1], call_all(aiopt, "segmenter.airpkg")[1]),
            f"The second prompt on {os.cpu_count()} cores, the best of {args.runs} runs:", second_prompt(aiopt, args.runs)])
    print(text)
    if args.write:
        document.write(os.path.join(ROOT, "docs", "asset.md"), "segmenter", text)


if __name__ == "__main__":
    main()
