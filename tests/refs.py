#!/usr/bin/env python3
"""Compare aiopt with PyTorch on fresh cases drawn from PyTorch's own operator samples (OpInfo).

    python tests/refs.py --seed 1 --cases 2000 [--aiopt ./aiopt] [--jobs 2] [--only REGEXP]
                         [--level training|core|both] [--keep DIR] [--keep-all] [--json F]

Each case calls one operator with one sample, exported by torch.export, saved, run by `aiopt run` and compared with what
PyTorch computes. Needs torch 2.11 and expecttest (torch's test samples import it); LAPACK and scipy samples are used
where they are installed.

* A case is OP.DTYPE.ROUND. Rounds go over all operators in an order that the seed gives; an operator takes another of
  its dtypes each round. The seed and this name decide the sample, its numbers and its level, so
  `--seed 1 --only '^abs.int8.3$' --cases 1` repeats one case of seed 1.
* A tensor argument is an input, all others are constants of the module. Inputs are contiguous and share no memory.
* Where an operator has samples with empty or rank-0 tensors, each of these kinds gets a fifth of its rounds.
* A quarter of the rounds with real floats put nan, inf, -inf and -0.0 into the inputs: elementwise operators,
  reductions, scans, sorts and poolings only, named `special` in the output. Complex inputs are finite: elsewhere the
  parts of a complex result are unspecified.
* A value matches within atol + rtol*|want| + min(4*eager_err, s*|want| + 20*atol), s = 2^-6 for f16 and bf16, 2^-12
  otherwise; eager_err is what PyTorch's result is off by from its float64 one. Integers and bools are equal. atol and
  rtol are the largest that torch.testing has for the dtypes of the outputs. "float64 agrees with aiopt" marks failures
  where PyTorch's rounding of intermediate results, not aiopt, is what the tolerance does not cover.
* Not counted: cases that PyTorch cannot compute, export or save, and failing ones whose exported program, run by
  PyTorch itself, differs from the eager result too.

Prints each failing case, tables of reasons and of targets, and 'N passed, N failed' last; exits 1 where one failed.
"""
import argparse, concurrent.futures as cf, contextlib, io, itertools, json, logging, math, multiprocessing, operator, os
import random, re, signal, struct, subprocess, sys, tempfile, warnings, zlib
from collections import Counter, defaultdict

warnings.simplefilter("ignore")
import numpy
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, ReductionOpInfo, UnaryUfuncInfo
from torch.utils import _pytree as pytree

DTYPES = {  # dtype: name in safetensors, atol, rtol
    torch.float32: ("F32", 1e-5, 1.3e-6), torch.float16: ("F16", 1e-5, 1e-3), torch.bfloat16: ("BF16", 1e-5, 1.6e-2),
    torch.int64: ("I64", 0, 0), torch.bool: ("BOOL", 0, 0), torch.int32: ("I32", 0, 0), torch.uint8: ("U8", 0, 0),
    torch.float64: ("F64", 1e-7, 1e-7), torch.int8: ("I8", 0, 0), torch.int16: ("I16", 0, 0),
    torch.complex64: ("C64", 1e-5, 1.3e-6), torch.complex128: ("C128", 1e-7, 1e-7)}
BY_NAME = {name: dtype for dtype, (name, _, _) in DTYPES.items()}
WIDE = {torch.float16: torch.float64, torch.bfloat16: torch.float64, torch.float32: torch.float64,
        torch.complex64: torch.complex128}
MAX_ELEMENTS = 1 << 16  # of all inputs of a case

# Operators that make no cases, by reason. Names are as OpInfo gives them, F. for nn.functional.
EXCLUDED = {
    "the result is random": """bernoulli cauchy exponential geometric log_normal multinomial normal normal_in_place
        normal_number_mean rand_like randint randint_like randn randn_like uniform F.feature_alpha_dropout_with_train
        F.fractional_max_pool2d F.fractional_max_pool3d pca_lowrank svd_lowrank""",
    "the result is uninitialised memory": """empty empty_like empty_permuted empty_strided new_empty new_empty_strided
        resize_ resize_as_""",
    "the result is unique up to sign, phase or order only": "svd linalg_svd linalg_eig linalg_eigh linalg_eigvals",
    "reads memory beyond its input": "as_strided_partial_views",
    "the result is no tensor": "allclose broadcast_shapes equal item",
    "only autograd calls it": """_softmax_backward_data max_pool2d_with_indices_backward native_dropout_backward
        F.max_unpool1d_grad F.max_unpool2d_grad F.max_unpool3d_grad linalg_lstsq_grad_oriented""",
    "sparse tensors": "sparse_mm_reduce sparse_sampled_addmm to_sparse",
    "complex32, float8 or uint64 tensors": "chalf torch__scaled_mm torch__scaled_mm_v2 hash_tensor",
    "CUDA only": """jiterator_2inputs_2outputs jiterator_4inputs_with_extra_args jiterator_binary
        jiterator_binary_return_by_ref jiterator_unary""",
}
SKIPPED = {name: reason for reason, names in EXCLUDED.items() for name in names.split()}

# Arguments that make an operator deterministic, as in inference.
EVAL = {name: {"training": False} for name in "F.dropout F.dropout2d F.dropout3d F.alpha_dropout F.rrelu".split()}
EVAL["F.multi_head_attention_forward"] = {"training": False}
EVAL["F.scaled_dot_product_attention"] = {"dropout_p": 0.0}

# Operators beside those OpInfo calls elementwise or reductions that are defined for nan and infinities: the former in all
# their inputs, the others in the first one. F.gelu is absent: its vector loop turns inf into nan, its scalar loop does not.
ELEMENTWISE = set("addcdiv addcmul clamp F.hardswish isin lerp where".split())
SPECIAL = set("""aminmax argsort bucketize cat clone cummax cummin cumprod cumsum diff flip
    F.adaptive_max_pool1d F.adaptive_max_pool2d F.avg_pool1d F.avg_pool2d F.glu F.max_pool1d
    F.max_pool2d F.max_pool3d F.softmin F.pad_constant gather index_select kthvalue log_softmax
    log_softmax_with_dtype logcumsumexp logsumexp masked_fill max_reduction_no_dim max_reduction_with_dim median
    min_reduction_no_dim min_reduction_with_dim msort nanmedian nanquantile nonzero permute quantile scatter softmax
    softmax_with_dtype sort stack topk tril triu""".split())
# Elementwise operators that are not: casts to integers are undefined there, frexp's exponent is unspecified.
NOT_SPECIAL = re.compile(r"(byte|char|short|int|long|frexp|special_.*_polynomial_.*)$")


class CannotMake(Exception):
    """PyTorch cannot make this case; the text says at which step."""


class Calls(torch.nn.Module):
    """Calls an operator: tensors among its arguments are inputs, the others are constants."""

    def __init__(self, op, leaves, spec, slots):
        super().__init__()
        self.op, self.leaves, self.spec, self.slots = op, leaves, spec, slots

    def forward(self, *tensors):
        leaves = list(self.leaves)
        for slot, tensor in zip(self.slots, tensors):
            leaves[slot] = tensor
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return tuple(t for t in pytree.tree_leaves(self.op(*args, **kwargs)) if isinstance(t, torch.Tensor))


def short_name(op):
    return op.formatted_name.replace("nn_functional_", "F.")


def plan(seed, level):
    """Yields (name, op, dtype, level) without end: each round holds every operator once."""
    choice = random.Random(seed)
    ops = []
    for op in op_db:
        dtypes = [d for d in DTYPES if d in op.supported_dtypes("cpu")]
        if dtypes and short_name(op) not in SKIPPED:
            # The first round takes the widest used dtypes first, so that few cases cover what matters most.
            first = dtypes[:1] if dtypes[0] == torch.float32 else []
            rest = dtypes[len(first):]
            choice.shuffle(rest)
            ops.append((op, first + rest))
    choice.shuffle(ops)
    for round in itertools.count():
        for i, (op, dtypes) in enumerate(ops):
            dtype = dtypes[round % len(dtypes)]
            chosen = ("training", "core")[(i + round + round // len(dtypes)) % 2] if level == "both" else level
            yield f"{short_name(op)}.{str(dtype)[6:]}.{round}", op, dtype, chosen


def sort_samples(kinds, label, samples):
    """Adds the samples that fit to the lists empty, scalar (rank 0) and plain."""
    for i, sample in enumerate(samples):
        tensors = [t for t in pytree.tree_leaves((sample.input, sample.args, sample.kwargs)) if isinstance(t, torch.Tensor)]
        if any(t.layout != torch.strided or t.dtype not in DTYPES for t in tensors):
            continue
        if sum(t.numel() for t in tensors) > MAX_ELEMENTS or any(t.is_complex() and not t.isfinite().all() for t in tensors):
            continue
        empty = any(t.numel() == 0 for t in tensors)
        kinds["empty" if empty else "scalar" if tensors and tensors[0].ndim == 0 else "plain"].append((f"{label}{i}", sample))


def draw_sample(op, dtype, choice):
    """Gives (label, sample); label is s<index> of sample_inputs or r<index> of reference_inputs."""
    kinds = defaultdict(list)
    if op.reference_inputs_func and choice.random() < 0.5:
        sort_samples(kinds, "r", op.reference_inputs("cpu", dtype, set_seed=False))
    if not kinds:
        sort_samples(kinds, "s", op.sample_inputs("cpu", dtype, set_seed=False))
    if not kinds:
        raise CannotMake("no sample fits")
    at = choice.random()
    kind = "empty" if at < 0.2 else "scalar" if at < 0.4 else "plain"
    return choice.choice(kinds.get(kind) or kinds.get("plain") or next(iter(kinds.values())))


def put_specials(tensors, choice):
    """Puts one each of nan, inf, -inf and -0.0 into real float tensors, as far as they have room; says if it did."""
    done = False
    for i, t in enumerate(tensors):
        if not t.dtype.is_floating_point or t.numel() == 0 or (done and choice.random() < 0.5):
            continue
        values = [math.nan, math.inf, -math.inf, -0.0]
        choice.shuffle(values)
        for at, value in zip(choice.sample(range(t.numel()), min(4, t.numel())), values):
            t.view(-1)[at] = value
        done = True
    return done


def clones(tensors):
    return [t.clone() for t in tensors]


def plain(t):
    """The tensor with its own contiguous memory and no pending conjugation or negation."""
    return t.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)


def eager(module, inputs):
    """Gives outputs by name: out<i>, and mut<i> for inputs that were changed."""
    inputs = clones(inputs)
    versions = [t._version for t in inputs]
    outputs = {f"out{i}": plain(t) for i, t in enumerate(module(*inputs))}
    for i, (t, version) in enumerate(zip(inputs, versions)):
        if t._version != version:
            outputs[f"mut{i}"] = plain(t)
    return outputs


def wide_outputs(module, inputs):
    """What eager gives with floats widened to float64; empty where PyTorch refuses that."""
    leaves = [WIDE.get(x, x) if isinstance(x, torch.dtype) else x for x in module.leaves]
    torch.set_default_dtype(torch.float64)  # so that integers are promoted to it
    try:
        return eager(Calls(module.op, leaves, module.spec, module.slots), [t.to(WIDE.get(t.dtype, t.dtype)) for t in inputs])
    except Exception:
        return {}
    finally:
        torch.set_default_dtype(torch.float32)


def eager_error(want, wide):
    """How far eager outputs are off their wide ones, where both are finite; None where there is nothing to compare."""
    distances = [(t.to(WIDE[t.dtype]) - wide[name].to(WIDE[t.dtype])).abs().reshape(-1) for name, t in want.items()
                 if t.dtype in WIDE and name in wide and wide[name].shape == t.shape]
    finite = [d[d.isfinite()] for d in distances]
    return max((float(d.max()) for d in finite if d.numel()), default=0.0) if distances else None


def make(name, op, dtype, level, seed):
    """Builds a case: its manifest entry, inputs, expected outputs, those in float64, and the exported program."""
    key = zlib.crc32(f"{seed}/{name}".encode())
    choice = random.Random(key)
    random.seed(key), numpy.random.seed(key), torch.manual_seed(key)
    short = short_name(op)
    try:
        label, sample = draw_sample(op, dtype, choice)
    except CannotMake:
        raise
    except Exception as e:
        raise CannotMake(f"sample: {first_line(e)}")
    kwargs = dict(sample.kwargs)
    for k, v in EVAL.get(short, {}).items():
        if k in kwargs or k == "training":
            kwargs[k] = v
    leaves, spec = pytree.tree_flatten(((sample.input, *sample.args), kwargs))
    slots = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    inputs = [plain(leaves[i]) for i in slots]
    elementwise = isinstance(op, (UnaryUfuncInfo, BinaryUfuncInfo)) or short in ELEMENTWISE
    allowed = (elementwise or isinstance(op, ReductionOpInfo) or short in SPECIAL) and not NOT_SPECIAL.match(short)
    special = allowed and choice.random() < 0.25 and put_specials(inputs if elementwise else inputs[:1], choice)
    module = Calls(op.op, [None if i in slots else leaf for i, leaf in enumerate(leaves)], spec, slots)
    try:
        want = eager(module, inputs)
    except Exception as e:
        raise CannotMake(f"eager: {first_line(e)}")
    if not want or any(t.dtype not in DTYPES for t in want.values()):
        raise CannotMake("no output, or of a dtype that is not compared")
    try:
        program = torch.export.export(module, tuple(clones(inputs)), strict=False)
        if level == "core":
            program = program.run_decompositions()
    except Exception as e:
        raise CannotMake(f"export: {first_line(e)}")
    targets = Counter(node.target for node in program.graph.nodes
                      if node.op == "call_function" and node.target is not operator.getitem)
    wide = wide_outputs(module, inputs) if any(t.dtype in WIDE for t in want.values()) else {}
    tolerances = [DTYPES[t.dtype] for t in want.values()]
    case = {"name": name, "kind": "op", "op": op.name, "dtype": str(dtype)[6:], "level": level, "strict": False,
            "atol": max(t[1] for t in tolerances), "rtol": max(t[2] for t in tolerances),
            "eager_err": eager_error(want, wide), "sample": label, "special": special,
            "inputs": [{"tensor": f"in{i}"} for i in range(len(inputs))],
            "outputs": [{"tensor": k} for k in want if k.startswith("out")], "state": [],
            "mutated_inputs": [int(k[3:]) for k in want if k.startswith("mut")], "dynamic": False,
            "targets": {target_name(t): n for t, n in targets.items()}}
    return case, inputs, want, wide, program


def target_name(target):
    return f"torch.ops.{target}" if isinstance(target, torch._ops.OpOverload) else str(target)


def first_line(e):
    return f"{type(e).__name__}: " + (str(e).strip().splitlines() or [""])[0][:100]


def write_tensors(path, tensors):
    """Writes a safetensors file; unlike the safetensors package this knows complex128."""
    head, parts, at = {}, [], 0
    for name, t in tensors.items():
        data = t.reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""
        head[name] = {"dtype": DTYPES[t.dtype][0], "shape": list(t.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def read_tensors(path):
    with open(path, "rb") as f:
        raw = f.read()
    (n,) = struct.unpack("<Q", raw[:8])
    out = {}
    for name, t in json.loads(raw[8:8 + n]).items():
        if name != "__metadata__":
            begin, end = (8 + n + at for at in t["data_offsets"])
            flat = torch.frombuffer(bytearray(raw[begin:end]), dtype=BY_NAME[t["dtype"]]) if end > begin else \
                torch.empty(0, dtype=BY_NAME[t["dtype"]])
            out[name] = flat.reshape(t["shape"])
    return out


def differs(case, got, want):
    """None where got matches want by the rule above, else the reason in a few words."""
    if got is None:
        return "missing output"
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"got {DTYPES[got.dtype][0]}{list(got.shape)}, want {DTYPES[want.dtype][0]}{list(want.shape)}"
    if want.dtype.is_complex:
        got, want = torch.view_as_real(got), torch.view_as_real(want)
    if not want.dtype.is_floating_point:
        bad = got != want
        if not bad.any():
            return None
        at = int(bad.reshape(-1).nonzero()[0])
        return f"{int(bad.sum())} of {want.numel()} differ; [{at}] is {got.reshape(-1)[at].item()}, want {want.reshape(-1)[at].item()}"
    share = 2.0 ** -6 if want.dtype in (torch.float16, torch.bfloat16) else 2.0 ** -12
    g, w = got.double().reshape(-1), want.double().reshape(-1)
    slack = torch.clamp(share * w.abs() + 20 * case["atol"], max=4 * (case["eager_err"] or 0))
    near = ((g - w).abs() <= case["atol"] + case["rtol"] * w.abs() + slack) & w.isfinite()
    bad = ~(near | (g == w) | (g.isnan() & w.isnan()))
    if not bad.any():
        return None
    distance = torch.where(bad, (g - w).abs().nan_to_num(math.inf), -1)
    at = int(distance.argmax())
    return f"{int(bad.sum())} of {w.numel()} differ; [{at}] is {g[at].item():.9g}, want {w[at].item():.9g}"


def run_aiopt(args, folder, case, want, wide):
    """Runs aiopt on a saved case; None where all outputs match, else the reason."""
    base, out = os.path.join(folder, case["name"]), os.path.join(folder, case["name"] + ".got")
    command = [args.aiopt, "run", base + ".pt2", "--io=position", f"--inputs={base}.in.safetensors", f"--outputs={out}"]
    try:
        p = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return "timeout"
    if p.returncode:
        lines = [line for line in p.stderr.splitlines() if line.strip()] or ["no message"]
        missing = re.findall(r"^  (\S+), \d+ calls?", p.stderr, re.M)
        if "goroutine " in p.stderr or p.returncode < 0:
            return f"crash: {lines[0][:300]}"
        return f"no lowering: {', '.join(missing)}" if missing else f"error: {' | '.join(lines)[:600]}"
    try:
        got = read_tensors(out)
        os.remove(out)
    except Exception as e:
        return f"bad output file: {first_line(e)}"
    for key, tensor in want.items():
        if why := differs(case, got.get(key), tensor):
            rounded = wide[key].to(tensor.dtype) if key in wide else tensor
            return f"{key}: {why}" + ("" if differs(case, got.get(key), rounded) else "; float64 agrees with aiopt")
    return None


def torch_disagrees(case, inputs, want, program):
    """Whether the exported program, run by PyTorch, differs from the eager result as well."""
    try:
        got = {f"out{i}": plain(t) for i, t in enumerate(program.module()(*clones(inputs)))}
    except Exception:
        return True
    return any(differs(case, got.get(k), t) for k, t in want.items() if k.startswith("out"))


def check(args, name, op, dtype, level):
    """Makes and runs a case: (case or None, reason or None); without a case the reason is why there is none."""
    signal.alarm(120)
    with torch.no_grad(), tempfile.TemporaryDirectory() as tmp, contextlib.redirect_stderr(io.StringIO()):
        try:
            case, inputs, want, wide, program = make(name, op, dtype, level, args.seed)
            base = os.path.join(tmp, name)
            try:
                torch.export.save(program, base + ".pt2")
            except Exception as e:
                raise CannotMake(f"save: {first_line(e)}")
            write_tensors(base + ".in.safetensors", {f"in{i}": t for i, t in enumerate(inputs)})
            write_tensors(base + ".out.safetensors", want)
            reason = run_aiopt(args, tmp, case, want, wide)
            if reason and torch_disagrees(case, inputs, want, program):
                raise CannotMake("PyTorch's exported program differs from its eager result")
            if args.keep and (reason or args.keep_all):
                for ending in (".pt2", ".in.safetensors", ".out.safetensors"):
                    with open(base + ending, "rb") as src, open(os.path.join(args.keep, name + ending), "wb") as dst:
                        dst.write(src.read())
            return case, reason
        except CannotMake as e:
            return None, f"{name} {level}: {e}"
        except TimeoutError:
            return None, f"{name} {level}: took too long"
        finally:
            signal.alarm(0)


def on_alarm(*_):
    raise TimeoutError


def check_planned(job):
    """Runs in a worker, which has args and the plan's operators from the process it was forked from."""
    name, index, dtype, level = job
    return check(ARGS, name, op_db[index], dtype, level)


def start_worker():
    torch.set_num_threads(1)
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, on_alarm)


def draw(args, count):
    """Yields count results (case, reason), and those without a case between them, in the order of the plan."""
    index = {id(op): i for i, op in enumerate(op_db)}
    jobs = ((name, index[id(op)], dtype, level) for name, op, dtype, level in itertools.islice(plan(args.seed, args.level), 500000)
            if re.search(args.only, name))
    with cf.ProcessPoolExecutor(args.jobs, multiprocessing.get_context("fork"), start_worker) as pool:
        while count:
            batch = list(itertools.islice(jobs, count + (count > 20) * count // 8))
            if not batch:
                return
            for case, reason in pool.map(check_planned, batch):
                if case is None:
                    yield case, reason
                elif count:
                    count -= 1
                    yield case, reason


def kind_of(reason):
    """A reason without its numbers and names, so that equal ones can be counted."""
    if reason.startswith("no lowering"):
        return reason
    if re.match(r"\w+: \d+ of \d+ differ", reason):
        return "values differ" + "; float64 agrees with aiopt" * reason.endswith("with aiopt")
    reason = re.sub(r"tensor<\S+>", "tensor<>", reason)
    reason = re.sub(r"\"?/\S+\.py:\d+\S*|'[^']*'|\"[^\"]*\"|%\w+", "*", reason)
    return re.sub(r"-?\d[\d.e+-]*|\binf\b|-?\bnan\b|True|False", "#", reason)[:150]


def print_tables(failed, totals):
    print("\ncases  reason (operators)")
    groups = defaultdict(Counter)
    for case, reason in failed:
        groups[kind_of(reason)][case["op"]] += 1
    for reason, ops in sorted(groups.items(), key=lambda g: (-g[1].total(), g[0]))[:60]:
        print(f"{ops.total():5d}  {reason}  ({', '.join(o for o, _ in ops.most_common(24))})")
    print("\nfailed of  target")
    targets = Counter(t for case, _ in failed for t in case["targets"])
    for target, n in sorted(targets.items(), key=lambda t: (-t[1] / totals[t[0]], -t[1], t[0]))[:80]:
        print(f"{n:5d} {totals[target]:5d}  {target}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--cases", type=int, default=2000)
    ap.add_argument("--aiopt", default="./aiopt")
    ap.add_argument("--jobs", type=int, default=os.cpu_count())
    ap.add_argument("--only", default="", help="cases whose OP.DTYPE.ROUND matches")
    ap.add_argument("--level", choices=["training", "core", "both"], default="both")
    ap.add_argument("--keep", help="write failing cases here, with a manifest.jsonl")
    ap.add_argument("--keep-all", action="store_true", help="with --keep: write all cases")
    ap.add_argument("--json", help="write {case: reason or null} here")
    ap.add_argument("--skipped", action="store_true", help="print each case that PyTorch could not make, and why")
    args = ap.parse_args()
    args.aiopt = os.path.abspath(args.aiopt) if os.path.exists(args.aiopt) else args.aiopt
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
    global ARGS
    ARGS = args
    results, skipped = [], []
    for case, reason in draw(args, args.cases):
        if case is None:
            skipped.append(reason)
            if args.skipped:
                print(f"SKIP {reason}", flush=True)
            continue
        results.append((case, reason))
        if reason:
            special = " special" if case["special"] else ""
            print(f"FAIL {case['name']} sample {case['sample']}{special} {case['level']}: {reason}", flush=True)
    failed = [(case, reason) for case, reason in results if reason]
    if failed:
        print_tables(failed, Counter(t for case, _ in results for t in case["targets"]))
    if args.keep:
        with open(os.path.join(args.keep, "manifest.jsonl"), "w") as f:
            f.writelines(json.dumps(case) + "\n" for case, reason in results if reason or args.keep_all)
    if args.json:
        with open(args.json, "w") as f:
            json.dump({case["name"]: reason for case, reason in results}, f, indent=0, sort_keys=True)
    print(f"\n{len({case['op'] for case, _ in results})} operators; {len(skipped)} cases not counted, "
          f"which PyTorch cannot compute, export or save alike:")
    for why, n in Counter(re.sub(r"^\S+ \w+: ", "", s)[:60] for s in skipped).most_common(8):
        print(f"{n:5d}  {why}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
