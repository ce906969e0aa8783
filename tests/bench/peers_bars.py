"""The lines that peers.py measures, and what must be reached in each."""
import math
import statistics
from dataclasses import dataclass

PEERS = ["eager", "inductor", "onnxruntime", "openvino", "openvino_bf16", "llama_cpp"]
BF16, BF16_PEER = "aiopt_bf16", "openvino_bf16"  # beside the f32 lines: no bars, one aim
INT8 = "aiopt_int8"  # beside the w4 lines, whose peers round activations to 8 bits too: what the bars are held against there
F32_PEERS = ["eager", "inductor", "onnxruntime", "openvino", "openvino_bf16"]
W4_PEERS = ["eager", "onnxruntime", "openvino", "llama_cpp"]

GGUF = "decoder.gguf"  # llama.cpp's weights, which are the same for all decoders

# Peer's time over aiopt's: what must be reached, and what is aimed at.
EAGER, FASTEST, MEAN = 1.0, 0.7, 0.85
AIM_FASTEST, AIM_BF16 = 1.0, 0.8
# Of the bandwidth that was measured in the same rounds.
BANDWIDTH, AIM_BANDWIDTH = 0.75, 0.85

# Seconds to the first result, cold and warm, where a line has these bars.
LOADS = (1.0, 0.1)
# Memory: times the constants as they are stored, times the largest live set, and MB for the process itself.
PACKED, LIVE, PROCESS = 1.1, 1.2, 32

MB = 1 << 20
WEIGHTS = 596e6 * 4  # bytes of the decoder's


@dataclass(frozen=True)
class Line:
    name: str
    model: str = ""  # of peers_models.py, where the line is not called as it
    w4: bool = False
    eager: float = EAGER
    loads: bool = False  # there are bars for the time to the first result
    moved: float = 0  # bytes that a run must move, where memory is the limit

    def __post_init__(self):
        object.__setattr__(self, "model", self.model or self.name)

    @property
    def peers(self):
        return W4_PEERS if self.w4 else F32_PEERS


LINES = [
    Line("mlp", eager=3),
    Line("resnet50", loads=True),
    Line("bert_base"),
    Line("vit_b16"),
    Line("whisper_tiny"),
    Line("qwen_prefill128"),
    Line("qwen_decode128", moved=WEIGHTS + 29e6),
    Line("qwen_decode1024", moved=WEIGHTS + 235e6),
    Line("qwen_prefill128_w4", "qwen_prefill128", w4=True),
    Line("qwen_decode128_w4", "qwen_decode128", w4=True),
    Line("qwen_decode1024_w4", "qwen_decode1024", w4=True),
    Line("softmax4096", moved=128 * MB),
    Line("layernorm4096", moved=128 * MB),
    Line("eltwise16m", moved=256 * MB),
]


def geometric(ratios):
    return math.exp(statistics.mean(map(math.log, ratios)))


def mean(results):
    """Says what the geometric mean of the ratios to the fastest peer is, and whether that is too little."""
    best = [r.ratios[r.fastest] for r in results if r.fastest]
    if not best:
        return "No peer was measured.", False
    found = geometric(best)
    missed = found < MEAN
    return f"Geometric mean of the ratios to the fastest peer: {found:.2f}, at least {MEAN}: {'FAIL' if missed else 'PASS'}", missed
