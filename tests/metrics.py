"""Writes tools/metric/testdata/torch.json: pairs of tensors, and their metrics as PyTorch and NumPy compute them.

    python tests/metrics.py

The Go tests read the file only. Tensors are stored as the bytes of their elements, in hex and little-endian.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

NAMES = {torch.float32: "f32", torch.float64: "f64", torch.float16: "f16", torch.bfloat16: "bf16", torch.int8: "i8",
         torch.uint8: "u8", torch.int32: "i32", torch.int64: "i64", torch.bool: "bool", torch.complex64: "c64",
         torch.complex128: "c128", torch.float8_e4m3fn: "f8e4m3"}


def stored(t):
    if t.numel() == 0:
        data = b""
    else:
        data = t.contiguous().flatten().view(torch.uint8).numpy().tobytes()
    return {"elem": NAMES[t.dtype], "shape": list(t.shape), "data": data.hex()}


def number(x):
    x = float(x)
    if math.isnan(x):
        return None
    return x if math.isfinite(x) else ("inf" if x > 0 else "-inf")


def db(signal, noise):
    if noise == 0:
        return math.inf
    return -math.inf if signal == 0 else 10 * np.log10(signal / noise)


def metrics(t, r, rows):
    discrete = not (t.is_floating_point() or t.is_complex() or r.is_floating_point() or r.is_complex())
    wide = torch.complex128 if t.is_complex() or r.is_complex() else torch.float64
    a, b = t.to(wide).numpy(), r.to(wide).numpy()
    differ = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if discrete:
        differ = (t != r).numpy()
    out = {"mismatches": differ.mean() if a.size else 0.0}
    parts = [(a.real, b.real), (a.imag, b.imag)]
    kinds = [(np.isnan(x) != np.isnan(y)) | (np.isposinf(x) != np.isposinf(y)) | (np.isneginf(x) != np.isneginf(y)) for x, y in parts]
    out["nonfinite"] = int(np.count_nonzero(kinds[0] | kinds[1]))
    ok = np.isfinite(a) & np.isfinite(b)
    # Squares of float64 are beyond float64; NumPy has longer numbers, where the machine does.
    long = np.clongdouble if wide == torch.complex128 else np.longdouble
    x, y = a[ok].astype(long), b[ok].astype(long)
    n = x.size
    e = np.abs(x - y)
    if discrete and t.dtype != torch.bool:  # not every integer is a float64
        e = (t.to(torch.int64) - r.to(torch.int64)).abs().double().numpy().astype(np.longdouble)
    mse = np.mean(e**2) if n else 0.0
    peak = np.max(np.abs(y)) if n else 0.0
    out["psnr"] = db(peak**2, mse)
    out["psnr-apple"] = 10 * np.log10((np.longdouble(peak) ** 2 + 1e-5) / (np.longdouble(mse) + 0.99e-10))
    signal, noise, own = np.sum(np.abs(y) ** 2), np.sum(e**2), np.sum(np.abs(x) ** 2)
    out["snr"] = db(signal, noise)
    out["rel-l2"] = 0.0 if noise == 0 else (math.inf if signal == 0 else np.sqrt(noise / signal))
    if np.any(x) and np.any(y):
        out["cosine"] = np.sum((x.conj() * y).real) / (np.sqrt(own) * np.sqrt(signal))
    else:
        out["cosine"] = 0.0 if np.any(x) or np.any(y) else 1.0
    out["max-abs"] = np.max(e) if n else 0.0
    if wide == torch.float64:
        p, q = (x > 0.5), (y > 0.5)
        out["iou"] = (p & q).sum() / (p | q).sum() if (p | q).any() else 1.0
    if rows and not discrete:
        p, q = r.to(torch.float64), t.to(torch.float64)
        fine = (torch.isfinite(p) & torch.isfinite(q)).all(-1)
        p, q = p[fine], q[fine]
        logs = (p.log(), q.log()) if rows == "probabilities" else (F.log_softmax(p, -1), F.log_softmax(q, -1))
        out["kl"] = F.kl_div(logs[1], logs[0], reduction="none", log_target=True).nan_to_num(0.0, posinf=math.inf).sum(-1).mean()
        out["top1"] = (p.argmax(-1) == q.argmax(-1)).double().mean()
    return {k: number(v) for k, v in out.items()}


def main():
    g = torch.Generator().manual_seed(5)
    rand = lambda *s: torch.randn(*s, generator=g)
    cases = []

    def case(name, t, r, rows="", perm=None):
        entry = {"name": name, "tested": stored(t), "reference": stored(r), "rows": rows}
        if perm:
            entry["perm"] = perm
            t, r = t.permute(perm), r.permute(perm)
        entry["want"] = metrics(t, r, rows)
        cases.append(entry)

    r = rand(7, 33)
    case("normal", r + 0.01 * rand(7, 33), r, "logits")
    case("equal", r.clone(), r, "logits")
    case("reference is zero", rand(5), torch.zeros(5))
    case("both are zero", torch.zeros(5), torch.zeros(5))
    case("tested is zero", torch.zeros(5), rand(5))
    case("empty", torch.zeros(0, 3), torch.zeros(0, 3), "logits")
    case("one number", torch.tensor(2.5), torch.tensor(2.0))
    outlier = rand(2000)
    outlier[77] = 1000
    case("outlier", outlier + 0.3 * rand(2000), outlier)
    inf, nan = math.inf, math.nan
    case("NaN in both", torch.tensor([1.0, nan, 3.25]), torch.tensor([1.0, nan, 3.0]))
    case("NaN in the tested one", torch.tensor([1.0, nan, 3.25, 4]), torch.tensor([1.0, 2, 3.0, 4]))
    case("infinities", torch.tensor([inf, -inf, inf, 2, nan, 1]), torch.tensor([inf, inf, 3, -inf, inf, 1.5]))
    case("nothing finite", torch.tensor([nan, inf]), torch.tensor([nan, inf]))
    case("rows with NaN", torch.tensor([[1.0, 2, nan], [1, 2, 3]]), torch.tensor([[1.0, 2, 3], [1, 2.5, 3]]), "logits")
    case("bf16", (r + 0.1 * rand(7, 33)).bfloat16(), r.bfloat16(), "logits")
    case("bf16 against f32", r.bfloat16(), r)
    case("f16 against f32", r.half(), r, "logits")
    case("f8", r.to(torch.float8_e4m3fn), r)
    case("f64", r.double() + 1e-9 * rand(7, 33).double(), r.double())
    case("large logits", 50 * rand(4, 300), 50 * rand(4, 300), "logits")
    case("probabilities", rand(2, 1100).softmax(-1), rand(2, 1100).softmax(-1), "probabilities")
    case("chance of zero", torch.tensor([[0.5, 0.5, 0.0]]), torch.tensor([[0.5, 0.25, 0.25]]), "probabilities")
    case("chance of zero in the reference", torch.tensor([[0.5, 0.25, 0.25]]), torch.tensor([[0.5, 0.5, 0.0]]), "probabilities")
    case("i64", torch.tensor([1, 2, 3, 2**53 + 3]), torch.tensor([1, 5, 3, 2**53 + 4]))
    case("u8", torch.tensor([1, 200, 3], dtype=torch.uint8), torch.tensor([1, 2, 3], dtype=torch.uint8))
    case("i32 against i64", torch.tensor([1, -2], dtype=torch.int32), torch.tensor([1, 2]))
    case("bool", torch.tensor([True, False, True, True]), torch.tensor([True, True, False, True]))
    case("mask of no element", torch.zeros(4, dtype=torch.bool), torch.zeros(4, dtype=torch.bool))
    case("complex", torch.complex(rand(9), rand(9)), torch.complex(rand(9), rand(9)))
    case("permuted", rand(3, 40, 5), rand(3, 40, 5), "logits", [2, 0, 1])
    case("longer than a block", rand(2500), rand(2500), "logits")
    most, least = torch.finfo(torch.float64).max, 1e-200
    huge, tiny = rand(40).double() * 1e307, rand(40).double() * least
    mask = torch.where(torch.arange(33) > 20, -most * torch.ones(33).double(), 0.0)
    case("f64 mask", r.double() + 0.01 * rand(7, 33).double() + mask, r.double() + mask, "logits")
    case("f64 mask that differs", r.double() + mask.flip(0), r.double() + mask, "logits")
    case("f32 mask", r + 0.01 * rand(7, 33) + mask.clamp_min(torch.finfo(torch.float32).min).float(), r + mask.clamp_min(torch.finfo(torch.float32).min).float(), "logits")
    case("as large as can be", torch.tensor([-most, most], dtype=torch.float64), torch.tensor([most, most / 2], dtype=torch.float64))
    case("huge", huge * 1.001, huge)
    case("huge against ordinary", huge, rand(40).double())
    case("ordinary against huge", rand(40).double(), huge)
    case("huge with a tiny error", torch.cat([huge, 2 * tiny]), torch.cat([huge, tiny]))
    case("tiny error", torch.cat([rand(5).double(), tiny]), torch.cat([torch.zeros(5).double(), 2 * tiny]))
    case("tiny", tiny * 1.01, tiny)
    case("tiny with a tinier error", torch.tensor([3e-308, 1e-308], dtype=torch.float64), torch.tensor([3e-308, 1e-308 + 5e-324], dtype=torch.float64))
    case("tiny against zero", tiny, torch.zeros(40).double())
    case("tested is zero, reference tiny", torch.zeros(40).double(), tiny)
    case("huge complex", torch.complex(huge, -huge), torch.complex(huge * 0.99, -huge))
    case("tiny complex", torch.complex(tiny, -tiny), torch.complex(tiny * 0.99, -tiny))
    path = pathlib.Path(__file__).parent.parent / "tools/metric/testdata/torch.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"torch": torch.__version__, "numpy": np.__version__, "cases": cases}, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
