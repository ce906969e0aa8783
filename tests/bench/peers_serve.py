"""Runs one model by one peer, for peers.py: `python peers_serve.py PEER NAME DIR THREADS`.

Writes `ready SECONDS` when the model is loaded and has run once. For each line `SECONDS` that it reads it runs the model for about
as long, at least three times, and writes the milliseconds of each run as a JSON list.
"""
import json
import os
import sys
import time

import peers_models


def eager(name, folder, threads):
    import torch
    torch.set_num_threads(threads)
    model, inputs = peers_models.make(name)
    return lambda: model(*inputs)


def inductor(name, folder, threads):
    import torch
    torch.set_num_threads(threads)
    model, inputs = peers_models.make(name)
    compiled = torch.compile(model)
    return lambda: compiled(*inputs)


def arrays(name, folder):
    from safetensors.numpy import load_file
    found = load_file(os.path.join(folder, name + ".in.safetensors"))
    return [found[f"in{i}"] for i in range(len(found))]


def onnxruntime(name, folder, threads):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(os.path.join(folder, name + ".onnx"), options, providers=["CPUExecutionProvider"])
    feeds = dict(zip([i.name for i in session.get_inputs()], arrays(name, folder)))
    return lambda: session.run(None, feeds)


def openvino(name, folder, threads, precision="f32"):
    import openvino as ov
    core = ov.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(core.read_model(os.path.join(folder, name + ".onnx")), "CPU", config)
    request = compiled.create_infer_request()
    inputs = dict(enumerate(arrays(name, folder)))
    return lambda: request.infer(inputs, share_inputs=True, share_outputs=True)


def openvino_bf16(name, folder, threads):
    return openvino(name, folder, threads, "bf16")


PEERS = {f.__name__: f for f in (eager, inductor, onnxruntime, openvino, openvino_bf16)}


def main():
    peer, name, folder, threads = sys.argv[1:]
    import torch
    torch.set_grad_enabled(False)
    begin = time.perf_counter()
    run = PEERS[peer](name, folder, int(threads))
    run()
    print("ready", time.perf_counter() - begin, flush=True)
    for _ in range(2):
        run()
    for line in sys.stdin:
        took, end = [], time.perf_counter() + float(line)
        while len(took) < 3 or time.perf_counter() < end:
            begin = time.perf_counter()
            run()
            took.append((time.perf_counter() - begin) * 1e3)
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main()
