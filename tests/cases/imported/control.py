"""Bodies, loops and other operators that take functions."""

import torch
import torch.nn.functional as F
from torch._higher_order_ops.associative_scan import associative_scan
from torch._higher_order_ops.hints_wrap import hints_wrapper
from torch._higher_order_ops.out_dtype import out_dtype as with_dtype
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.strict_mode import strict_mode as strictly
from torch._higher_order_ops.while_loop import while_loop

from ..programs import Cases
from .modules import M, R, three

case = Cases()


@case("training")
def mut_in_loops():
    def f(self, x):
        def body(i, c):
            d = c.clone()
            d.index_copy_(0, i.reshape(1), c[:1] * 2)
            return i + 1, d
        _, a = while_loop(lambda i, c: i < 3, body, (torch.tensor(0), x))
        def comb(c, t):
            n = c.clone()
            n[1:] += t[:-1]
            return n, n * 2
        b, c = scan(comb, x[0], x, dim=0)
        return a, b, c

    return M(f)(), [(R(4, 3),)]


@case("training")
def hints():
    def f(self, x):
        def body(x, w):
            return torch.relu(x @ w)
        return hints_wrapper(body, (x, self.w), {}, hints={"level": 1})

    return M(f, parameters={"w": R(3, 4)})(), [(R(2, 3),)]


@case("core")
def strict_mode():
    def f(self, x):
        return strictly(lambda x: (x + 1, x * 2), (x,))

    return M(f)(), [(R(2, 3),)]


@case("training")
def out_dtype():
    def f(self, x, y):
        return with_dtype(torch.ops.aten.mm.default, torch.int32, x, y), with_dtype(torch.ops.aten.mul.Tensor, torch.int32, x, x)

    return M(f)(), [(torch.randint(-9, 9, (2, 3), dtype=torch.int8), torch.randint(-9, 9, (3, 4), dtype=torch.int8))]


@case("core")
def print_hop():
    def f(self, x):
        torch._higher_order_ops.print("x {}", x)
        return x + 1

    return M(f)(), [(R(2, 3),)]


@case("training")
def scan_buffer_const():
    def f(self, x):
        self.h.copy_(scan(lambda c, t: (torch.tanh(c @ self.w + t), c + 0), self.h, x)[0])
        return self.h + 0

    return M(f, {"h": R(3)}, {"w": R(3, 3)})(), three(4, 3)


@case("training")
def buffer_in_cond():
    def f(self, x):
        def t(x):
            return x + self.a
        def e(x):
            return x - self.a
        self.a.add_(1)
        r = torch.cond(x.sum() > 0, t, e, (x,))
        self.a.mul_(r.mean())
        return r

    return M(f, {"a": R(3)})(), three(2, 3)


@case("training")
def autocast():
    def f(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = x @ self.w
            z = F.softmax(y, -1)
        with torch.autocast("cpu", enabled=False):
            z = z.float() @ self.w.float().T
        return y.float(), z

    return M(f, parameters={"w": R(3, 4)})(), [(R(4, 3),)]


@case("core")
def assoc_scan_pair():
    def f(self, a, b):
        return associative_scan(lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (a, b), dim=1, combine_mode="generic")

    return M(f)(), [(R(2, 7), R(2, 7))]
