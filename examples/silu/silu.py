"""Make silu.pt2, a model with a kernel in Metal's language, an input and PyTorch's output for it. Needs torch >= 2.9,
safetensors, and the package aiopt (pip install ../../frontend/python).

    python silu.py
    aiopt silu.pt2 -passes=@cpu -o silu.airpkg                                    # holds the kernel
    aiopt run silu.airpkg --inputs=input.safetensors --ref=expected.safetensors --atol=1e-6
    aiopt metal silu.airpkg -o kernels --check --trust-kernels                    # runs its text against silu_definition
"""

import aiopt
import torch
from safetensors.torch import save_file


def silu_definition(x: torch.Tensor) -> torch.Tensor:
    """What the kernel computes."""
    return torch.nn.functional.silu(x)


silu = aiopt.TorchMetalKernel(
    name="silu",
    input_names=["x"],
    result_names=["y"],
    metal_params=[aiopt.MetalParameter("at", "uint2", "thread_position_in_grid")],
    template_dtypes={"x": "TYPE"},
    torch_defn=silu_definition,
    src="""
        float value = float(x[at.x, at.y]);
        y[at.x, at.y] = TYPE(value / (1.0f + exp(-value)));
    """,
)


class Model(torch.nn.Module):
    """A linear layer, SiLU by a kernel of its own, and another layer."""

    def __init__(self):
        super().__init__()
        self.up = torch.nn.Linear(8, 24)
        self.down = torch.nn.Linear(24, 8)

    def forward(self, features):
        h = self.up(features)
        rows, columns = h.shape
        h = silu(h, threads_per_grid=(columns, rows, 1), threads_per_thread_group=(8, 4, 1), result_shapes=[[rows, columns]])
        return {"logits": self.down(h)}


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Model().eval()
    features = torch.randn(5, 8)
    batch = torch.export.Dim("B", min=1, max=64)
    program = torch.export.export(model, (features,), dynamic_shapes={"features": {0: batch}})
    aiopt.save(program, "silu.pt2")
    with torch.no_grad():
        save_file({"features": features}, "input.safetensors")
        save_file(model(features), "expected.safetensors")
