"""Makes the .pt2 files of this folder: python make.py (torch 2.11). `go test ./frontend/torch -update` renews the goldens."""

import os

import torch
from functorch.experimental.control_flow import map as map_over
from torch import nn
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.export import Dim
from torch.export.pt2_archive._package import package_pt2

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
SITE = os.path.dirname(os.path.dirname(torch.__file__)) + os.sep


class MLP(nn.Module):
    """A dynamic batch and a dict."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 2)

    def forward(self, features):
        return {"logits": self.fc2(torch.relu(self.fc1(features)))}


class State(nn.Module):
    """Buffers that change through views, a counter, an input that changes, and a buffer that does not."""

    def __init__(self):
        super().__init__()
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("cache", torch.zeros(2, 4, 3))
        self.register_buffer("scale", torch.ones(3))

    def forward(self, x, seen):
        self.steps.add_(1)
        self.cache[1].narrow(0, 1, 2).copy_(x)
        seen.mul_(2)
        return self.cache.sum(1) * self.scale + self.steps


class Control(nn.Module):
    """Bodies in bodies, loops, and weights that only bodies use."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(3, 3)
        self.register_buffer("bias", torch.ones(3))

    def forward(self, x):
        y = torch.cond(
            x.sum() > 0,
            lambda x: self.proj(x),
            lambda x: torch.cond(x[0, 0] > 0, lambda x: x + self.bias, lambda x: -x, (x,)),
            (x,),
        )
        h, ys = scan(lambda h, x: (h * 0.5 + x, h.sin()), self.bias.clone(), y, dim=0)
        z = map_over(lambda a, b: a * b, ys, h)
        n, w = while_loop(lambda i, w: i < 3, lambda i, w: (i + 1, w * 2), (torch.tensor(0), h))
        return n, w, z


class Symbols(nn.Module):
    """Sizes that inputs and data bind, numbers made of sizes, and a Python constant."""

    def forward(self, x, n, mode, mask):
        top = mask.max().item()
        torch._check(top >= 0)
        torch._check(top < 50)
        picked = x[:n] * (x.shape[0] / 2)
        halves = x.view(x.shape[0] // 2, 2, -1)
        return picked, halves, mask.nonzero(), torch.zeros(top), None, x.shape[0] * 2, 3


class Tied(nn.Module):
    """Tied, strided and offset weights, a constant, nested outputs, and a region that changes what is outside of it."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embed.weight
        self.wide = nn.Parameter(torch.randn(4, 6).t())
        self.register_buffer("part", torch.randn(10)[3:7])
        self.table = torch.tensor([1.0, 2.0, 3.0, 4.0])

    def forward(self, ids):
        x = self.embed(ids) + self.table
        with torch.no_grad():
            row = x[0]
            row.mul_(2)
        return {"logits": self.head(x), "extra": (x @ self.wide.t(), [x * self.part])}


class Cache(nn.Module):
    """One of two functions over the same weights and the same cache."""

    def __init__(self, at, length, weights):
        super().__init__()
        self.at, self.length = at, length
        self.proj = nn.Linear(3, 3)
        self.proj.load_state_dict(weights)
        self.register_buffer("cache", torch.zeros(4, 3))

    def forward(self, x):
        if self.at is None:
            return self.cache @ self.proj(x)
        self.cache[self.at : self.at + self.length] = self.proj(x)
        return self.cache.sum(0)


class Shared(nn.Module):
    """What cannot be imported: buffers that overlap, of which one changes and neither holds the other."""

    def __init__(self):
        super().__init__()
        whole = torch.zeros(4)
        self.register_buffer("head", whole[:3])
        self.register_buffer("tail", whole[1:])

    def forward(self, x):
        self.head.add_(x)
        return self.tail.sum() + x


def clean(program):
    """Takes this machine's folders out of the stack traces."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                trace = node.meta.get("stack_trace")
                if trace:
                    node.meta["stack_trace"] = trace.replace(SITE, "site-packages/").replace(HERE, "")
    return program


def export(model, args, **options):
    return clean(torch.export.export(model.eval(), args, **options))


def main():
    torch.manual_seed(0)
    os.chdir(HERE)
    batch = Dim("batch", min=1, max=64)
    torch.export.save(export(MLP(), (torch.randn(2, 4),), dynamic_shapes=({0: batch},)), "mlp.pt2")
    state = export(State(), (torch.randn(2, 3), torch.randn(2)))
    torch.export.save(state, "state.pt2")
    torch.export.save(clean(state.run_decompositions()), "state_core.pt2")
    torch.export.save(export(Control(), (torch.randn(2, 3),)), "control.pt2")
    args = (torch.randn(6, 4), 3, "fast", torch.tensor([0, 3, 1]))
    shapes = ({0: Dim.DYNAMIC, 1: Dim.DYNAMIC}, Dim.DYNAMIC, None, None)
    torch.export.save(export(Symbols(), args, dynamic_shapes=shapes), "symbols.pt2")
    torch.export.save(export(Tied(), (torch.tensor([[1, 2], [3, 6]]),)), "tied.pt2")
    torch.export.save(export(Shared(), (torch.ones(3),)), "errors/shared.pt2")
    weights = nn.Linear(3, 3).state_dict()
    programs = {
        "prefill": export(Cache(0, 3, weights), (torch.randn(3, 3),)),
        "decode": export(Cache(3, 1, weights), (torch.randn(1, 3),)),
        "read": export(Cache(None, 0, weights), (torch.randn(3, 3),)),
    }
    package_pt2("functions.pt2", exported_programs=programs)


if __name__ == "__main__":
    main()
