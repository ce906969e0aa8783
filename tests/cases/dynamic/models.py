"""Small models of transformers, timm and torchvision."""

import torch
from torch import nn
from torch.export import Dim

from . import Cases

model = Cases("models")


class Only(nn.Module):
    """Calls a model of transformers by keywords and gives some of its outputs."""

    def __init__(self, net, inputs, outputs):
        super().__init__()
        self.net, self.names, self.outputs = net, inputs, outputs

    def forward(self, *args):
        out = self.net(**dict(zip(self.names, args)), return_dict=True)
        return tuple(out[name] for name in self.outputs)


def transformer(kind, config, names, outputs, **sizes):
    import transformers
    net = getattr(transformers, kind)(getattr(transformers, config)(**sizes))
    return Only(net, names.split(), outputs.split())


@model("i64[B,S]<64", "i64[B,S]<2", deferred=True, B=(1, 8), S=(2, 48), traced=dict(B=2, S=9),
       calls=[dict(B=1, S=2), dict(B=3, S=17), dict(B=8, S=48)],
       refused=[(dict(B=9, S=4), r"args_0.*dimension 0 is 9.*1\.\.8"), (dict(B=2, S=49), r"args_0.*dimension 1 is 49.*2\.\.48")],
       fill=lambda ids, mask, B, S: (ids, (torch.arange(S) >= torch.arange(B)[:, None] % S).long()),
       levels=("training", "core"))
def llama():
    return transformer("LlamaForCausalLM", "LlamaConfig", "input_ids attention_mask", "logits", vocab_size=64, hidden_size=32,
                       intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, use_cache=False)


@model("i64[B,S]<64", "i64[B,T]<64", B=(1, 8), S=(2, 32), T=(2, 32), traced=dict(B=2, S=7, T=5),
       calls=[dict(B=1, S=2, T=3), dict(B=2, S=12, T=2), dict(B=8, S=32, T=32)],
       refused=[(dict(B=2, S=4, T=33), r"args_1.*dimension 1 is 33.*2\.\.32")], levels=("training", "core"))
def t5():
    return transformer("T5ForConditionalGeneration", "T5Config", "input_ids decoder_input_ids", "logits", vocab_size=64,
                       d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, use_cache=False)


@model("f32[B,8,32]", "i64[B,T]<64", B=(1, 8), T=(2, 32), traced=dict(B=2, T=5),
       calls=[dict(B=1, T=2), dict(B=3, T=11), dict(B=8, T=32)], levels=("training", "core"),
       refused=[(dict(B=2, T=33), r"args_1.*dimension 1 is 33.*2\.\.32")])
def whisper():
    return transformer("WhisperForConditionalGeneration", "WhisperConfig", "input_features decoder_input_ids", "logits",
                       vocab_size=64, num_mel_bins=8, d_model=32, encoder_layers=2, decoder_layers=2,
                       encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48,
                       max_source_positions=16, max_target_positions=32, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                       decoder_start_token_id=1, use_cache=False)


@model("f32[B,3,16*X,16*Y]", B=(1, 3), X=(2, 5), Y=(2, 6), traced=dict(B=2, X=3, Y=4),
       calls=[dict(B=1, X=2, Y=2), dict(B=2, X=5, Y=3), dict(B=3, X=2, Y=6)], levels=("training", "core"),
       refused=[(dict(B=2, X=2, Y=7), r"args_0.*dimension 3 is 112.*2\.\.6")])
def yolos():
    return transformer("YolosForObjectDetection", "YolosConfig", "pixel_values", "logits pred_boxes", hidden_size=32,
                       num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, image_size=[64, 64], patch_size=16,
                       num_detection_tokens=5, num_labels=4)


@model("f32[B,3,H,W]", B=(1, 3), H=Dim.AUTO(min=33, max=64), W=Dim.AUTO(min=33, max=64), traced=dict(B=2, H=64, W=48),
       calls=[dict(B=1, H=35, W=64), dict(B=2, H=40, W=47), dict(B=3, H=64, W=39), dict(B=2, H=33, W=64)], levels=("training", "core"),
       refused=[(dict(B=1, H=65, W=40), r"x.*dimension 2 is 65.*33\.\.64")])
def resnet():
    from timm.models.resnet import BasicBlock, ResNet
    return ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10, channels=(8, 8, 16, 16), stem_width=8)


@model("f32[B,3,H,W]", B=(1, 3), H=Dim.AUTO(min=32, max=64), W=Dim.AUTO(min=32, max=64), traced=dict(B=2, H=64, W=48),
       calls=[dict(B=1, H=36, W=36), dict(B=2, H=40, W=47), dict(B=3, H=64, W=39), dict(B=2, H=33, W=64), dict(B=2, H=32, W=64)])
def shufflenet():
    from torchvision.models import ShuffleNetV2
    return ShuffleNetV2([2, 2, 2], [8, 16, 16, 32, 32], num_classes=10)


@model("f32[B,3,8*X,8*Y]", B=(1, 4), X=(2, 8), Y=(2, 8), traced=dict(B=2, X=4, Y=3),
       calls=[dict(B=1, X=2, Y=2), dict(B=3, X=5, Y=4), dict(B=4, X=8, Y=3)])
def vit():
    import timm
    return timm.models.vision_transformer.VisionTransformer(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=4,
                                                            num_classes=10, dynamic_img_size=True)


@model("f32[B,3,H,W]", B=(1, 3), H=(64, 72), W=(32, 63), traced=dict(B=2, H=64, W=48),
       calls=[dict(B=1, H=64, W=32), dict(B=2, H=70, W=51), dict(B=3, H=72, W=63)])
def convnext():
    import timm
    return timm.models.convnext.ConvNeXt(num_classes=10, depths=(1, 1, 1, 1), dims=(8, 8, 16, 16))


@model("f32[B,3,H,W]", B=(1, 3), H=Dim.AUTO(min=33, max=72), W=Dim.AUTO(min=33, max=48), traced=dict(B=2, H=64, W=48),
       calls=[dict(B=1, H=65, W=34), dict(B=1, H=50, W=41), dict(B=2, H=70, W=41), dict(B=3, H=72, W=48), dict(B=1, H=33, W=40)])
def segformer():
    return transformer("SegformerForSemanticSegmentation", "SegformerConfig", "pixel_values", "logits", depths=[1, 1, 1, 1],
                       hidden_sizes=[8, 16, 16, 32], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=16, num_labels=5)


def segmentation(net, head, classifier):
    from timm.models.resnet import BasicBlock, ResNet
    from torchvision.models._utils import IntermediateLayerGetter
    backbone = ResNet(BasicBlock, [1, 1, 1, 1], channels=(8, 8, 16, 16), stem_width=8)
    return net(IntermediateLayerGetter(backbone, {"layer4": "out", "layer3": "aux"}), classifier, head)


@model("f32[B,3,H,W]", B=(1, 3), H=Dim.AUTO(min=33, max=64), W=Dim.AUTO(min=33, max=64), traced=dict(B=2, H=64, W=48),
       calls=[dict(B=1, H=35, W=64), dict(B=2, H=40, W=47), dict(B=3, H=64, W=39), dict(B=2, H=33, W=64)])
def fcn():
    from torchvision.models.segmentation.fcn import FCN, FCNHead
    return segmentation(FCN, FCNHead(16, 2), FCNHead(16, 4))


@model("f32[B,3,H,W]", B=(1, 3), H=Dim.AUTO(min=33, max=64), W=Dim.AUTO(min=33, max=64), traced=dict(B=2, H=64, W=48),
       calls=[dict(B=1, H=35, W=64), dict(B=2, H=40, W=47), dict(B=3, H=64, W=39), dict(B=2, H=33, W=64)])
def deeplab():
    from torchvision.models.segmentation.deeplabv3 import ASPP, DeepLabV3
    classifier = nn.Sequential(ASPP(16, [2, 4], 8), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1))
    return segmentation(DeepLabV3, None, classifier)


@model("f32[B,S]", B=(1, 4), S=(720, 4000), traced=dict(B=2, S=1000),
       calls=[dict(B=1, S=720), dict(B=3, S=1234), dict(B=4, S=4000)])
def wav2vec2():
    return transformer("Wav2Vec2ForCTC", "Wav2Vec2Config", "input_values", "logits", vocab_size=16, hidden_size=32,
                       num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, conv_dim=[8] * 7,
                       num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, num_feat_extract_layers=7)


@model("f32[B,7,8]", B=(1, 4), traced=dict(B=2), calls=[dict(B=1), dict(B=3), dict(B=4)],
       levels=("training", "core"))
def lstm():
    class LSTM(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(8, 12, 2, batch_first=True, bidirectional=True), nn.Linear(24, 4)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    return LSTM()
