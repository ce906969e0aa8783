"""torchvision's operators."""

import torch
import torchvision  # registers its operators

from ..programs import Apply, Cases

case = Cases()


@case("training")
def vision_nms():
    boxes = torch.rand(40, 4) * 10
    boxes[:, 2:] += boxes[:, :2]
    boxes[5:8] = boxes[4]
    scores = torch.randint(0, 12, (40,)) / 4
    def fn(b, s):
        return (torch.ops.torchvision.nms(b, s, 0.5), torch.ops.torchvision.nms(b, s, 0.0), b[torch.ops.torchvision.nms(b, s, 0.2)])
    return Apply(fn), [boxes, scores]


@case("training")
def vision_nms_double():
    boxes = torch.rand(30, 4, dtype=torch.float64) * 10
    boxes[:, 2:] += boxes[:, :2]
    def fn(b, s):
        return torch.ops.torchvision.nms(b, s, 1 / 3)
    return Apply(fn), [boxes, torch.rand(30, dtype=torch.float64)]


@case("training")
def vision_nms_dynamic():
    n = torch.export.Dim("n", min=0, max=100)
    boxes = torch.rand(50, 4) * 10
    boxes[:, 2:] += boxes[:, :2]
    steps = [[boxes[:k], torch.rand(k)] for k in (6, 50, 20)]  # PyTorch demands that two boxes are kept
    return Apply(lambda *args: torch.ops.torchvision.nms(*args, 0.5)), steps, {"dynamic": (({0: n}, {0: n}),)}


@case("training")
def vision_batched_nms():
    boxes = torch.rand(30, 4) * 10
    boxes[:, 2:] += boxes[:, :2]
    def fn(b, s, i):
        return torchvision.ops.boxes._batched_nms_coordinate_trick(b, s, i, 0.5)
    return Apply(fn), [boxes, torch.rand(30), torch.randint(0, 3, (30,))]


@case("training")
def vision_roi_align():
    def fn(x, rois):
        op = torch.ops.torchvision.roi_align
        return (op(x, rois, 0.5, 3, 2, 2, False), op(x, rois[:3], 0.5, 3, 3, -1, True), op(x, rois, 1.0, 2, 4, 0, False),
                op(x, rois, 0.25, 1, 1, 3, True))
    rois = torch.tensor([[0, 1, 2, 9, 13], [1, -3, -2, 30, 5], [1, 4, 4, 4, 4], [0, 8.25, 3.5, 2.0, 9.75], [1, 100, 100, 120, 130]])
    return Apply(fn), [torch.randn(2, 3, 7, 9), rois], {"atol": 1e-6, "rtol": 1e-5}


@case("training")
def vision_deform_conv():
    def fn(x, w, offset, mask, bias, w2):
        op = torch.ops.torchvision.deform_conv2d
        zero = torch.zeros(2, 1)
        return (op(x, w, offset, mask, bias, 1, 1, 1, 1, 1, 1, 1, 2, True), op(x, w, offset, zero, bias, 1, 1, 1, 1, 1, 1, 1, 2, False),
                op(x, w2, offset[:, :18, ::2, ::2], zero, bias, 2, 2, 2, 2, 2, 2, 2, 1, False))
    return Apply(fn), [torch.randn(2, 4, 6, 5), torch.randn(6, 4, 3, 3), torch.randn(2, 36, 6, 5) * 2, torch.rand(2, 18, 6, 5),
                       torch.randn(6), torch.randn(6, 2, 3, 3)], {"atol": 1e-5, "rtol": 1e-5}
