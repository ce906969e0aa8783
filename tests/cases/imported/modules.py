"""Modules and arguments of the cases."""

import torch
from torch import nn

R = torch.randn


def M(forward, buffers=None, parameters=None):
    """The class of modules with this forward."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            for name, value in (buffers or {}).items():
                self.register_buffer(name, value.clone())
            for name, value in (parameters or {}).items():
                setattr(self, name, nn.Parameter(value.clone()))

        def forward(self, *args):
            return forward(self, *args)

    return Model


def three(*shape):
    return [(R(*shape),) for _ in range(3)]
