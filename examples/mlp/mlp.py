"""Make mlp.pt2, an input and PyTorch's output for it. Needs torch >= 2.9 and safetensors.

    python mlp.py
"""

import torch
from safetensors.torch import save_file


class MLP(torch.nn.Module):
    """Two linear layers, 256 -> 512 -> 10."""

    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(256, 512)
        self.fc2 = torch.nn.Linear(512, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


torch.manual_seed(0)
model = MLP().eval()
x = torch.randn(2, 256)
batch = torch.export.Dim("B", min=1, max=64)
program = torch.export.export(model, (x,), dynamic_shapes={"x": {0: batch}})
torch.export.save(program, "mlp.pt2")
with torch.no_grad():
    save_file({"features": x}, "input.safetensors")
    save_file({"logits": model(x)}, "expected.safetensors")
