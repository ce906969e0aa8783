"""The models that peers.py measures, with random weights, and the files that it needs of them.

    python peers_models.py NAME DIR        writes NAME.pt2, NAME.in.safetensors and NAME.out.safetensors, and NAME.onnx if it can

What is in DIR already and of this VERSION stays. Needs torch, torchvision and safetensors; onnx and onnxscript for the .onnx
file.
"""
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

VERSION = "2"  # of the files; another one has them made again


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x):
        b, s, d = x.shape
        q, k, v = (f(x).view(b, s, self.heads, d // self.heads).transpose(1, 2) for f in (self.q, self.k, self.v))
        return self.o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, s, d))


class Layer(nn.Module):
    """A transformer layer with the norms before (ViT, Whisper) or after (BERT)."""

    def __init__(self, dim, heads, ff, before):
        super().__init__()
        self.before = before
        self.attention, self.up, self.down = Attention(dim, heads), nn.Linear(dim, ff), nn.Linear(ff, dim)
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x):
        if self.before:
            x = x + self.attention(self.n1(x))
            return x + self.down(F.gelu(self.up(self.n2(x))))
        x = self.n1(x + self.attention(x))
        return self.n2(x + self.down(F.gelu(self.up(x))))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(30522, 768), nn.Embedding(512, 768)
        self.norm = nn.LayerNorm(768)
        self.layers = nn.Sequential(*[Layer(768, 12, 3072, False) for _ in range(12)])

    def forward(self, ids):
        return self.layers(self.norm(self.words(ids) + self.places(torch.arange(ids.shape[1]))))


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.cls, self.places = nn.Parameter(torch.randn(1, 1, 768)), nn.Parameter(torch.randn(1, 197, 768))
        self.layers = nn.Sequential(*[Layer(768, 12, 3072, True) for _ in range(12)])
        self.norm, self.head = nn.LayerNorm(768), nn.Linear(768, 1000)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.layers(x))[:, 0])


class Whisper(nn.Module):
    """The encoder of Whisper-tiny."""

    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv1d(80, 384, 3, padding=1), nn.Conv1d(384, 384, 3, stride=2, padding=1)
        self.places = nn.Parameter(torch.randn(1500, 384))
        self.layers = nn.Sequential(*[Layer(384, 6, 1536, True) for _ in range(4)])
        self.norm = nn.LayerNorm(384)

    def forward(self, x):
        x = F.gelu(self.c2(F.gelu(self.c1(x)))).transpose(1, 2) + self.places
        return self.norm(self.layers(x))


class Rms(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(dim) + 0.5)

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-6)


class DecoderLayer(nn.Module):
    def __init__(self, dim, heads, shared, width, ff):
        super().__init__()
        self.heads, self.shared, self.width = heads, shared, width
        self.q, self.k, self.v, self.o = (nn.Linear(a, b, bias=False) for a, b in (
            (dim, heads * width), (dim, shared * width), (dim, shared * width), (heads * width, dim)))
        self.gate, self.up, self.down = nn.Linear(dim, ff, bias=False), nn.Linear(dim, ff, bias=False), nn.Linear(ff, dim, bias=False)
        self.n1, self.n2, self.nq, self.nk = Rms(dim), Rms(dim), Rms(width), Rms(width)

    def project(self, x, cos, sin):
        def turn(t):
            a, b = t.chunk(2, -1)
            return t * cos + torch.cat([-b, a], -1) * sin

        b, s, _ = x.shape
        h = self.n1(x)
        q = turn(self.nq(self.q(h).view(b, s, self.heads, self.width)).transpose(1, 2))
        k = turn(self.nk(self.k(h).view(b, s, self.shared, self.width)).transpose(1, 2))
        return q, k, self.v(h).view(b, s, self.shared, self.width).transpose(1, 2)

    def finish(self, x, a):
        x = x + self.o(a.transpose(1, 2).reshape(*x.shape[:2], -1))
        h = self.n2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))

    def forward(self, x, cos, sin, pos, mask, keys, values):
        q, k, v = self.project(x, cos, sin)
        keys.index_copy_(2, pos, k)
        values.index_copy_(2, pos, v)
        return self.finish(x, F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, enable_gqa=True))


class Decoder(nn.Module):
    """The geometry of Qwen3-0.6B, with caches of a fixed length."""

    def __init__(self, cache, vocabulary=151936, dim=1024, heads=16, shared=8, width=128, ff=3072, layers=28):
        super().__init__()
        self.words, self.norm = nn.Embedding(vocabulary, dim), Rms(dim)
        self.layers = nn.ModuleList(DecoderLayer(dim, heads, shared, width, ff) for _ in range(layers))
        angles = torch.outer(torch.arange(cache).float(), 1e6 ** -(torch.arange(0, width, 2).float() / width))
        angles = torch.cat([angles, angles], -1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.register_buffer("keys", torch.randn(layers, 1, shared, cache, width))
        self.register_buffer("values", torch.randn(layers, 1, shared, cache, width))
        self.head = None  # the words' weights

    def forward(self, ids, pos):
        x = self.words(ids)
        mask = torch.arange(self.keys.shape[3])[None, :] <= pos[:, None]
        for i, layer in enumerate(self.layers):
            x = layer(x, self.cos[pos], self.sin[pos], pos, mask, self.keys[i], self.values[i])
        x = self.norm(x[:, -1:])
        return self.head(x) if self.head else x @ self.words.weight.t()


class OnnxDecoder(nn.Module):
    """The same computation for runtimes without states: what is in the cache comes in, and what is new goes out, so that none of
    them copies a cache. It starts at the position that the cache has room for."""

    def __init__(self, decoder, start):
        super().__init__()
        self.words, self.norm, self.layers = decoder.words, decoder.norm, decoder.layers
        self.register_buffer("cos", decoder.cos, persistent=False)
        self.register_buffer("sin", decoder.sin, persistent=False)
        self.start = start

    def attend(self, layer, x, cos, sin, past):
        q, k, v = layer.project(x, cos, sin)
        b, _, s, d = q.shape
        q = q.reshape(b, layer.shared, -1, d) * d**-0.5  # heads that share keys follow each other
        scores = q @ k.transpose(2, 3)
        if s > 1:
            scores = scores + torch.full((s, s), -1e30).triu(1).repeat(layer.heads // layer.shared, 1)
        if past is None:
            a = scores.softmax(-1) @ v
        else:
            p = torch.cat([q @ past[0].transpose(2, 3), scores], -1).softmax(-1)
            a = p[..., :-s] @ past[1] + p[..., -s:] @ v
        return layer.finish(x, a.view(b, layer.heads, s, d)), k, v

    def forward(self, ids, pos, *past):
        x, new = self.words(ids), []
        for i, layer in enumerate(self.layers):
            x, k, v = self.attend(layer, x, self.cos[pos], self.sin[pos], past[2 * i:2 * i + 2] if past else None)
            new += [k, v]
        return self.norm(x[:, -1:]) @ self.words.weight.t(), *new


class Function(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, *xs):
        return self.f(*xs)


def resnet50():
    from torchvision.models import resnet50
    return resnet50(weights=None), (torch.randn(1, 3, 224, 224),)


def decode(cache):
    return Decoder(cache), (torch.tensor([[5]]), torch.tensor([cache - 1]))


BIG = 16 << 20
MODELS = {  # name: how to make the model and its inputs
    "mlp": lambda: (nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 10)), (torch.randn(1, 256),)),
    "resnet50": resnet50,
    "bert_base": lambda: (Bert(), (torch.randint(0, 30000, (1, 128)),)),
    "vit_b16": lambda: (Vit(), (torch.randn(1, 3, 224, 224),)),
    "whisper_tiny": lambda: (Whisper(), (torch.randn(1, 80, 3000),)),
    "qwen_prefill128": lambda: (Decoder(128), (torch.randint(0, 151936, (1, 128)), torch.arange(128))),
    "qwen_decode128": lambda: decode(128),
    "qwen_decode1024": lambda: decode(1024),
    "softmax4096": lambda: (Function(lambda x: F.softmax(x, -1)), (torch.randn(4096, 4096),)),
    "layernorm4096": lambda: (nn.LayerNorm(4096), (torch.randn(4096, 4096),)),
    "eltwise16m": lambda: (Function(lambda a, b, c: F.gelu(a + b) * c), (torch.randn(BIG), torch.randn(BIG), torch.randn(BIG))),
}


def make(name):
    torch.manual_seed(0)
    model, inputs = MODELS[name]()
    return model.eval(), inputs


def make_onnx(name):
    """The model and inputs that the .onnx file is made of."""
    model, inputs = make(name)
    if not isinstance(model, Decoder):
        return model, inputs
    start = int(inputs[1][0])
    past = [c[:, :, :start].contiguous() for pair in zip(model.keys, model.values) for c in pair] if start else []
    return OnnxDecoder(model, start).eval(), (*inputs, *past)


def save(name, path):
    from safetensors.torch import save_file
    model, inputs = make(name)
    program = torch.export.export(model, inputs)
    torch.export.save(program, path + ".pt2")
    save_file({f"in{i}": x.contiguous() for i, x in enumerate(inputs)}, path + ".in.safetensors")
    save_file({"out0": model(*inputs).contiguous()}, path + ".out.safetensors")
    model, inputs = make_onnx(name)
    save_file({f"in{i}": x.contiguous() for i, x in enumerate(inputs)}, path + ".onnx.safetensors")
    try:
        torch.onnx.export(model, inputs, path + ".onnx", dynamo=True, external_data=True, verbose=False)
    except Exception as e:  # the peers that need it are left out, and the table says so
        print(f"{name}.onnx: {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}", file=sys.stderr)


def once(path, version, write):
    """Calls write unless path.version says that it was called for this version."""
    stamp = path + ".version"
    if os.path.exists(stamp) and open(stamp).read() == version:
        return
    write()
    with open(stamp, "w") as f:
        f.write(version)


def main():
    name, folder = sys.argv[1:]
    path = os.path.join(folder, name)
    with torch.no_grad():
        once(path, VERSION, lambda: save(name, path))


if __name__ == "__main__":
    main()
