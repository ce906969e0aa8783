"""Programs that keep state, and share it between buffers."""

import torch
from torch import nn

from ..programs import Cases
from .modules import M, R, three

case = Cases()


@case("training")
def state_shared_view():
    big = R(4, 3)
    class D(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("big", big.clone())
            self.register_buffer("row", self.big[1])
        def forward(self, x):
            self.row.add_(x)
            return self.big * 2

    return D(), three(3)


@case("training")
def state_shared_halves():
    class D(nn.Module):
        def __init__(self):
            super().__init__()
            b = R(4, 3)
            self.register_buffer("lo", b[:2])
            self.register_buffer("hi", b[2:])
        def forward(self, x):
            self.lo.add_(x)
            return self.hi * 2 + self.lo

    return D(), three(3)


@case("training")
def state_alias_param():
    class D(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(3, 3)
            self.register_buffer("w", self.lin.weight.detach())
        def forward(self, x):
            with torch.no_grad():
                self.w.mul_(0.5)
            return self.lin(x)

    return D(), three(3)


@case("training")
def state_swap():
    def f(self, x):
        t = self.a.clone()
        self.a.copy_(self.b)
        self.b.copy_(t)
        self.ring.copy_(torch.roll(self.ring, 1, 0))
        self.ring[0] = x
        return self.a - self.b + self.ring.sum(0)

    return M(f, {"a": R(3), "b": R(3), "ring": torch.zeros(4, 3)})(), three(3)


@case("core")
def state_bool_int():
    def f(self, x):
        self.seen |= x > 0
        self.count.index_add_(0, self.pos.reshape(1), torch.ones(1, dtype=torch.int32))
        self.pos.add_(1).remainder_(3)
        return self.seen, self.count, self.pos

    return M(f, {"seen": torch.zeros(3, dtype=torch.bool), "count": torch.zeros(3, dtype=torch.int32), "pos": torch.tensor(0)})(), three(3)
