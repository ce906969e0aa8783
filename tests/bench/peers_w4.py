"""The decoders of peers_models.py with weights of 4 bits, 32 of which share a scale.

    python peers_w4.py NAME DIR        writes NAME.w4.onnx, of MatMulNBits, and decoder.gguf, of Q4_0, beside NAME.onnx

What is in DIR already and of this VERSION stays. Needs what peers_models.py does, onnxruntime and gguf.
"""
import os
import sys

import torch
import torch.nn as nn

import peers_bars
import peers_models

VERSION = peers_models.VERSION + ".1"  # of the files; another one has them made again
GROUP = 32


def fold_transposes(model):
    """Gives products of transposed weights a transposed copy, as the quantizer looks for weights that are factors themselves."""
    from onnx import numpy_helper
    weights = {w.name: w for w in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "Transpose" and n.input[0] in weights]:
        data = numpy_helper.to_array(weights[node.input[0]]).transpose(node.attribute[0].ints).copy()
        model.graph.initializer.append(numpy_helper.from_array(data, node.output[0]))
        model.graph.node.remove(node)


def onnx_file(name, folder):
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    path = os.path.join(folder, name)
    model = onnx.load(path + ".onnx")
    fold_transposes(model)
    quantizer = MatMulNBitsQuantizer(model, bits=4, block_size=GROUP, is_symmetric=True, accuracy_level=4)
    quantizer.process()
    quantizer.model.save_model_to_file(path + ".w4.onnx", use_external_data_format=True)


NAMES = {  # of llama.cpp, by ours
    "words": "token_embd", "norm": "output_norm", "n1": "attn_norm", "n2": "ffn_norm", "nq": "attn_q_norm", "nk": "attn_k_norm", "q": "attn_q",
    "k": "attn_k", "v": "attn_v", "o": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}


def gguf_file(path):
    import gguf
    model = peers_models.Decoder(1)
    first = model.layers[0]
    out = gguf.GGUFWriter(path, "qwen3")
    out.add_block_count(len(model.layers))
    out.add_context_length(4096)
    out.add_embedding_length(model.words.weight.shape[1])
    out.add_feed_forward_length(first.up.out_features)
    out.add_head_count(first.heads)
    out.add_head_count_kv(first.shared)
    out.add_key_length(first.width)
    out.add_value_length(first.width)
    out.add_rope_freq_base(1e6)
    out.add_layer_norm_rms_eps(1e-6)
    out.add_vocab_size(model.words.weight.shape[0])
    out.add_tokenizer_model("no_vocab")
    out.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    q4 = gguf.GGMLQuantizationType.Q4_0
    for name, p in model.named_parameters():
        *block, part, _ = name.split(".")
        name = f"{'blk.' + block[1] + '.' if block else ''}{NAMES[part]}.weight"
        data = p.detach().float().numpy()
        if data.ndim == 1:
            out.add_tensor(name, data)
        else:
            out.add_tensor(name, gguf.quantize(data, q4), raw_dtype=q4)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


class Int4(nn.Module):
    """A linear layer by PyTorch's own kernel for weights of 4 bits, whose activations are bf16."""

    def __init__(self, weight):
        super().__init__()
        n, k = weight.shape
        groups = weight.detach().view(n, k // GROUP, GROUP)
        scale = groups.abs().amax(-1, keepdim=True) / 7
        codes = (groups / scale).round().clamp(-8, 7).add(8).to(torch.int32).view(n, k)
        self.codes = torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1)
        scale = scale[..., 0].t()
        self.scales = torch.stack([scale, torch.zeros_like(scale)], -1).to(torch.bfloat16).contiguous()

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1]).to(torch.bfloat16)
        y = torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self.codes, GROUP, self.scales)
        return y.to(x.dtype).view(*x.shape[:-1], -1)


def make(name):
    """The model with every product of weights by Int4, and its inputs."""
    model, inputs = peers_models.make(name)
    for layer in model.layers:
        for part, linear in list(layer.named_children()):
            if isinstance(linear, nn.Linear):
                setattr(layer, part, Int4(linear.weight))
    model.head = Int4(model.words.weight)
    return model, inputs


def main():
    name, folder = sys.argv[1:]
    path = os.path.join(folder, name)
    with torch.no_grad():
        peers_models.once(path + ".w4.onnx", VERSION, lambda: onnx_file(name, folder))
        torch.manual_seed(0)
        gguf_path = os.path.join(folder, peers_bars.GGUF)
        peers_models.once(gguf_path, VERSION, lambda: gguf_file(gguf_path))


if __name__ == "__main__":
    main()
