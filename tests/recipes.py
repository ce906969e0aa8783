#!/usr/bin/env python3
"""Store what coreai-opt decides for each recipe in passes/recipe/testdata, which the tests of that package compare with.

    python tests/recipes.py passes/recipe/testdata

Needs torch 2.11 and coreai-opt 0.3.0. Each recipe that coreai-opt reads is applied, in its eager mode, to one small
model; decisions.json then holds the model's operations, and for each recipe the spec of every weight and of every input
and output. A recipe that coreai-opt refuses is stored with its error's first line. Files named own_* have keys of aiopt's
own and are left out.
"""
import json
import logging
import pathlib
import sys
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
import yaml

from coreai_opt.config.spec import CompressionTargetTensor
from coreai_opt.palettization import KMeansPalettizer, KMeansPalettizerConfig
from coreai_opt.pruning import MagnitudePruner, MagnitudePrunerConfig
from coreai_opt.quantization import Quantizer, QuantizerConfig
from coreai_opt.quantization.spec.fake_quantize import FakeQuantizeImplBase

COMPRESSORS = {
    "quantization_config": (Quantizer, QuantizerConfig),
    "kmeans_palettization_config": (KMeansPalettizer, KMeansPalettizerConfig),
    "magnitude_pruning_config": (MagnitudePruner, MagnitudePrunerConfig),
}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = nn.Linear(32, 32)
        self.k_proj = nn.Linear(32, 32, bias=False)

    def forward(self, x):
        return torch.matmul(torch.matmul(self.q_proj(x), self.k_proj(x).transpose(1, 2)), x)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.up_proj = nn.Linear(32, 64)
        self.down_proj = nn.Linear(64, 32)

    def forward(self, x):
        return self.down_proj(F.relu(self.up_proj(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = Attention()
        self.mlp = MLP()
        self.scale = nn.Parameter(torch.ones(32))

    def forward(self, x):
        x = torch.add(x, self.attn(x))
        return torch.mul(torch.add(x, self.mlp(x)), self.scale)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Block(), Block()])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(32, 32)
        self.encoder = Encoder()
        self.norm = nn.LayerNorm(32)
        self.mha = nn.MultiheadAttention(32, 2)
        self.conv = nn.Conv2d(32, 64, 3, padding=1)
        self.deconv = nn.ConvTranspose2d(64, 32, 3, padding=1)
        self.head = nn.Linear(32, 32, bias=False)
        self.head.weight = self.emb.weight

    def forward(self, ids):
        x = self.norm(self.encoder(self.emb(ids)))
        x = self.mha(x, x, x, need_weights=False)[0]
        y = self.deconv(self.conv(x.transpose(1, 2).unsqueeze(2)))
        return self.head(y.squeeze(2).transpose(1, 2))


def fresh():
    torch.manual_seed(0)
    return Net().eval()


INPUTS = (torch.arange(32).reshape(2, 16),)

# Where each function has its tensors: operands first, then the state.
FUNCTIONS = {
    F.linear: ("linear", ["input", "weight", "bias"]),
    F.embedding: ("embedding", ["input", "weight"]),
    F.conv2d: ("conv2d", ["input", "weight", "bias"]),
    F.conv_transpose2d: ("conv_transpose2d", ["input", "weight", "bias"]),
    F.multi_head_attention_forward: ("multi_head_attention_forward", []),
    F.layer_norm: ("layer_norm", ["input", "normalized_shape", "weight", "bias"]),
    torch.matmul: ("matmul", ["input", "other"]),
    torch.add: ("add", ["input", "other"]),
    torch.mul: ("mul", ["input", "other"]),
}


class Recorder(torch.overrides.TorchFunctionMode):
    """Lists the operations of a model with their modules, names and tensors."""

    def __init__(self, model):
        super().__init__()
        self.ops, self.stack, self.counts = [], [], {}
        self.state = {}
        for path, module in model.named_modules():
            for name, t in module.named_parameters(recurse=False):
                self.state.setdefault(id(t), []).append((path, name))
            module.register_forward_pre_hook(lambda m, _, p=path: self.stack.append((p, m)))
            module.register_forward_hook(lambda *_: self.stack.pop() and None)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in FUNCTIONS:
            name, names = FUNCTIONS[func]
            path = self.stack[-1][0]
            n = self.counts.get((path, name), 0)
            self.counts[path, name] = n + 1
            tensors = list(args) + list(kwargs.values())
            own = [(t, self.state[id(t)]) for t in tensors if isinstance(t, torch.Tensor) and id(t) in self.state]
            # The owner whose path is that of the operation, where the tensor has several.
            op = {
                "type": name,
                "name": (path + "." if path else "") + name + (f"_{n}" if n else ""),
                "modules": [{"path": p, "class": type(m).__module__ + "." + type(m).__qualname__} for p, m in self.stack],
                "state": [],
                "operands": [i for i, t in enumerate(args) if isinstance(t, torch.Tensor) and id(t) not in self.state
                             and t.is_floating_point()] if names else [],
                "rank": args[0].dim(),
            }
            for t, owners in own:
                owner = next((o for o in owners if o[0] == path), owners[0])
                op["state"].append({"tensor": ".".join(filter(None, owner)), "state": owner[1], "shape": list(t.shape)})
            self.ops.append(op)
        return func(*args, **kwargs)


def plain(value):
    """A spec's value as JSON."""
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if hasattr(value, "model_dump"):
        return {k: plain(v) for k, v in value.model_dump().items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def quant(f):
    calc = f.qparams_calculator
    out = {"dtype": plain(f.dtype), "qscheme": str(f.qscheme), "qformulation": str(f.qformulation), "granularity": plain(f.granularity),
           "scale_dtype": plain(getattr(calc, "scale_dtype", None))}
    if f.quantization_target == CompressionTargetTensor.ACTIVATION:
        out["calculator"] = type(calc).__name__
        out["float_range"] = plain(getattr(calc, "float_range", [None, None]))
    return out


def describe(f):
    if isinstance(f, FakeQuantizeImplBase):
        return quant(f)
    if hasattr(f, "n_bits"):
        lut = f.lut_qspec
        return {"n_bits": f.n_bits, "granularity": plain(f.granularity), "cluster_dim": f.cluster_dim,
                "enable_per_channel_scale": f.enable_per_channel_scale, "fast": f.enable_fast_kmeans_mode,
                "lut": lut and {"dtype": plain(lut.dtype), "qscheme": str(lut.qscheme)}}
    return {"target_sparsity": f._target_sparsity, "scheme": type(f._pruning_scheme).__name__, "axis": f._pruning_scheme.axis}


def place(path, name):
    """What a simulator named linear_1_quantize_input or linear_1_quantize_output_0 stands for: path.linear_1 input 0."""
    op, which = name.split("_quantize_")
    if which.startswith("output_"):
        side, index = which.split("_")
    else:
        names = next((names for kind, names in FUNCTIONS.values() if op.rstrip("_0123456789") == kind.rstrip("_0123456789")), [])
        side, index = "input", names.index(which) if which in names else which
    return f"{path}.{op} {side} {index}"


def decide(data):
    compressor, config = COMPRESSORS[next(k for k in data if k in COMPRESSORS)]
    cfg = config.from_dict(data)
    if compressor is Quantizer:
        cfg.set_execution_mode("eager")
    model = compressor(fresh(), cfg).prepare(INPUTS)
    weights, acts = {}, {}
    for path, module in model.named_modules():
        for name, fakes in getattr(module, "parametrizations", {}).items():
            weights[".".join(filter(None, (path, name)))] = describe(fakes[0])
        for name, child in module.named_children():
            if isinstance(child, FakeQuantizeImplBase) and "parametrizations" not in path:
                acts[place(path, name)] = describe(child)
    out = {"weights": weights, "activations": acts}
    if compressor is Quantizer:
        try:
            out["graph"] = graph_weights(config.from_dict(data))
        except Exception as e:  # its graph mode fails on some
            print("graph mode:", type(e).__name__, str(e)[:200], file=sys.stderr)
    return out


def graph_weights(cfg):
    """The weights that coreai-opt's graph mode quantizes."""
    cfg.set_execution_mode("graph")
    model = Quantizer(fresh(), cfg).prepare(INPUTS)
    modules, weights = dict(model.named_modules(remove_duplicate=False)), {}
    for node in model.graph.nodes:
        fake = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(fake, FakeQuantizeImplBase) and node.args[0].op == "get_attr":
            weights[node.args[0].target] = describe(fake)
    return weights


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    model = fresh()
    with Recorder(model) as record:
        model(*INPUTS)
    files = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name.startswith("own_"):
            continue
        try:
            files[path.name] = decide(yaml.safe_load(path.read_bytes()))
        except Exception as e:
            files[path.name] = {"refused": str(e).strip().split("\n")[0]}
            print(path.name, type(e).__name__, str(e)[:300], file=sys.stderr)
    # Each spec is written once, each operation and each recipe in a line of its own.
    specs = []
    for one in files.values():
        for part in ("weights", "activations", "graph"):
            for name, spec in one.get(part, {}).items():
                if spec not in specs:
                    specs.append(spec)
                one[part][name] = specs.index(spec)
    lines = lambda items: "[\n" + ",\n".join(json.dumps(i, sort_keys=True) for i in items) + "\n]"
    recipes = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in files.items())
    text = f'{{"operations": {lines(record.ops)},\n"specs": {lines(specs)},\n"recipes": {{\n{recipes}\n}}}}\n'
    (folder / "decisions.json").write_text(text)


if __name__ == "__main__":
    main()
