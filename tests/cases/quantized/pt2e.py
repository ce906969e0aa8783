"""Models that PT2E quantizes with torchao's XNNPACK quantizer: by calibration and by training."""

import torch
from torch import nn
from torchao.quantization.pt2e import move_exported_model_to_eval
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e
from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

from ..programs import Cases

case = Cases()
EXACT = {"atol": 1e-6}


def quantize(m, x, *, train=False, fold=True, **config):
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_qat=train, **config))
    m = torch.export.export(m.train() if train else m.eval(), (x,), strict=False).module()
    m = prepare_qat_pt2e(m, quantizer) if train else prepare_pt2e(m, quantizer)
    step = torch.optim.SGD(m.parameters(), 0.01)
    for _ in range(3):
        y = m(torch.randn_like(x) if x.is_floating_point() else x)
        if train:
            y.square().sum().backward()
            step.step()
            step.zero_grad()
    m = convert_pt2e(m, fold_quantize=fold)
    if train:
        move_exported_model_to_eval(m)
    return m


def image_net():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=4), nn.BatchNorm2d(8),
                         nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


def linears():
    return nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 8))


@case("training")
def pt2e_trained_conv_bn():  # takes minutes, as PT2E looks for its patterns of batch normalization
    return quantize(image_net(), torch.randn(2, 3, 8, 8), train=True, is_per_channel=True), [torch.randn(2, 3, 8, 8)], EXACT


@case("training")
def pt2e_trained_linear():
    return quantize(linears(), torch.randn(2, 16), train=True, is_per_channel=True), [torch.randn(2, 16)], EXACT


@case("training")
def pt2e_trained_dynamic():
    return quantize(linears(), torch.randn(2, 16), train=True, is_per_channel=True, is_dynamic=True), [torch.randn(2, 16)], EXACT


@case("training", "core")
def pt2e_not_folded():
    return quantize(image_net(), torch.randn(2, 3, 8, 8), fold=False, is_per_channel=True), [torch.randn(2, 3, 8, 8)], EXACT


@case("training")
def pt2e_int4():
    return quantize(linears(), torch.randn(2, 16), is_per_channel=True, weight_qmin=-8, weight_qmax=7), [torch.randn(2, 16)], EXACT


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.head = nn.Embedding(10, 16), nn.LSTM(16, 12, batch_first=True), nn.Linear(12, 4)

    def forward(self, ids):
        return self.head(self.lstm(self.embed(ids))[0])


@case("training")
def pt2e_tokens():
    return quantize(Tokens(), torch.tensor([[1, 2, 9]]), is_per_channel=True), [torch.tensor([[4, 0, 9]])], EXACT
