"""Programs that return odd things, under odd names."""

from torch import nn

from ..programs import Cases
from .modules import M, R

case = Cases()


@case("training")
def out_nested():
    def f(self, x):
        return {"b": [x, {"k": x + 1}], "a": (x * 2, None, x * 3), "n": None, "2": x - 1}

    return M(f)(), [(R(2, 3),)]


@case("training")
def out_none_int():
    def f(self, x):
        return x + 1, None, 3, 2.5, True, x.shape[0], x * 2

    return M(f)(), [(R(2, 3),)]


@case("training")
def out_str():
    def f(self, x):
        return x + 1, "text", x

    return M(f)(), [(R(2, 3),)]


@case("training")
def names_clash():
    class D(nn.Module):
        def __init__(self):
            super().__init__()
            self.main = nn.Linear(3, 3)
            self.register_buffer("x", R(3))
            self.register_buffer("output", R(3))
            self.main.register_buffer("main", R(3))
            self.register_buffer("main_weight", R(3))
            self.a_b = nn.ParameterList([nn.Parameter(R(3))])
            self.a = nn.Module()
            self.a.register_buffer("b_0", R(3))
        def forward(self, x, output, main):
            self.x.add_(x[0])
            self.output.mul_(2)
            return {"x": self.main(x) + self.x, "output": output * self.output + self.main.main,
                    "main": main + self.main_weight + self.a_b[0] + self.a.b_0}

    return D(), [(R(2, 3), R(3), R(3)) for _ in range(3)]
