"""Make swiglu.pt2, a model that calls a custom operator, with an input and PyTorch's output. Needs torch >= 2.9.

    python swiglu.py
"""

import torch
from safetensors.torch import save_file


@torch.library.custom_op("mylib::swiglu", mutates_args=())
def swiglu(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.silu(gate) * up


@swiglu.register_fake
def _(gate, up):
    return torch.empty_like(gate)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = torch.nn.Linear(8, 16, bias=False)
        self.up = torch.nn.Linear(8, 16, bias=False)

    def forward(self, x):
        return swiglu(self.gate(x), self.up(x))


torch.manual_seed(0)
model = Model().eval()
x = torch.randn(3, 8)
torch.export.save(torch.export.export(model, (x,)), "swiglu.pt2")
with torch.no_grad():
    save_file({"x": x}, "swiglu.in.safetensors")
    save_file({"output": model(x)}, "swiglu.out.safetensors")
