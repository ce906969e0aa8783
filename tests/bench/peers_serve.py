"""Runs one model by one peer, for peers.py: `python peers_serve.py PEER NAME DIR THREADS`, where NAME may end in _w4.

Writes the line `ready SECONDS ERROR` when the model is loaded and has run once; ERROR is the relative RMS difference from PyTorch's
output. For each line `SECONDS` that it reads it runs the model for about as long, at least
once, and writes the milliseconds of each run as a JSON list.
"""
import ctypes
import json
import os
import sys
import time

import peers_bars

W4 = "_w4"


def split(name):
    """The model's name, and whether its weights are of 4 bits."""
    return name.removesuffix(W4), name.endswith(W4)


def eager(name, folder, threads):
    import torch
    torch.set_grad_enabled(False)
    torch.set_num_threads(threads)
    name, w4 = split(name)
    if w4:
        import peers_w4 as models
    else:
        import peers_models as models
    model, inputs = models.make(name)
    return lambda: model(*inputs)


def inductor(name, folder, threads):
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(folder, "inductor"))
    import torch
    import peers_models
    torch.set_grad_enabled(False)
    torch.set_num_threads(threads)
    model, inputs = peers_models.make(name)
    compiled = torch.compile(model)
    return lambda: compiled(*inputs)


def arrays(name, folder):
    from safetensors.numpy import load_file
    found = load_file(os.path.join(folder, split(name)[0] + ".onnx.safetensors"))
    return [found[f"in{i}"] for i in range(len(found))]


def onnx_path(name, folder):
    name, w4 = split(name)
    return os.path.join(folder, name + (".w4.onnx" if w4 else ".onnx"))


def onnxruntime(name, folder, threads):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(onnx_path(name, folder), options, providers=["CPUExecutionProvider"])
    feeds = dict(zip([i.name for i in session.get_inputs()], arrays(name, folder)))
    return lambda: session.run(None, feeds)[0]


def openvino(name, folder, threads, precision="f32"):
    import openvino as ov
    core = ov.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(core.read_model(onnx_path(name, folder)), "CPU", config)
    request = compiled.create_infer_request()
    inputs = dict(enumerate(arrays(name, folder)))
    return lambda: request.infer(inputs, share_inputs=True, share_outputs=True)[0]


def openvino_bf16(name, folder, threads):
    return openvino(name, folder, threads, "bf16")


def llama_cpp(name, folder, threads):
    """The cache is filled before the first run; each run starts at the same position."""
    import llama_cpp as llama
    import numpy as np
    ids, positions = arrays(name, folder)[:2]
    start, count = int(positions[0]), len(positions)
    quiet = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(quiet, ctypes.c_void_p(0))
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(os.path.join(folder, peers_bars.GGUF).encode(), llama.llama_model_default_params())
    options = llama.llama_context_default_params()
    options.n_ctx = options.n_batch = options.n_ubatch = start + count
    options.n_threads = options.n_threads_batch = threads
    context = llama.llama_init_from_model(model, options)
    memory = llama.llama_get_memory(context)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))

    def decode(tokens, first):
        batch = llama.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = int(token), first + i, 1, 0
            batch.logits[i] = i == len(tokens) - 1
        if llama.llama_decode(context, batch):
            raise RuntimeError("llama_decode failed")
        llama.llama_batch_free(batch)
        llama.llama_synchronize(context)

    if start:
        decode(np.random.default_rng(0).integers(0, 150000, start), 0)

    def run(_quiet=quiet):  # which has to live as long
        llama.llama_memory_seq_rm(memory, 0, start, -1)
        decode(ids[0], start)
        if not start:
            return np.ctypeslib.as_array(llama.llama_get_logits_ith(context, -1), (vocabulary,))
        return None
    return run


PEERS = {f.__name__: f for f in (eager, inductor, onnxruntime, openvino, openvino_bf16, llama_cpp)}


def error(out, name, folder):
    """How far the output is from PyTorch's; NaN for peers that keep another cache."""
    import numpy as np
    from safetensors.numpy import load_file
    if out is None:
        return float("nan")
    want = load_file(os.path.join(folder, split(name)[0] + ".out.safetensors"))["out0"]
    return float(np.linalg.norm(np.asarray(out).reshape(want.shape) - want) / np.linalg.norm(want))


def main():
    peer, name, folder, threads = sys.argv[1:]
    begin = time.perf_counter()
    run = PEERS[peer](name, folder, int(threads))
    out = run()
    took = time.perf_counter() - begin
    print("ready", took, error(out, name, folder), flush=True)
    for line in sys.stdin:
        took, end = [], time.perf_counter() + float(line)
        while not took or time.perf_counter() < end:
            begin = time.perf_counter()
            run()
            took.append((time.perf_counter() - begin) * 1e3)
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main()
