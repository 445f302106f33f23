"""The layers of the seven networks of the study, from their published definitions, for 224 x 224 inputs.

Names are those of the modules of torchvision and, for BERT, of its quantization-aware variant. Layers stand in the
order in which these define them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from accelax.errors import SpecError, did_you_mean
from accelax.studies.raella.layers import Layer, NetworkBuilder

SIDE = 224
CLASSES = 1000
_WIDENED = {"googlenet": {480: 512, 208: 224}}
"""Module 4a of GoogLeNet, which the study made wider than four significant bits ask for."""


def layers_of(network: str) -> tuple[Layer, ...]:
    """The layers of one network, in order.

    Raises SpecError for a network that is not one of ``NETWORKS``.

    >>> len(layers_of("resnet18")), layers_of("resnet18")[0].macs
    (21, 118013952)
    """
    if network not in _BUILDERS:
        raise SpecError(f"unknown network {network!r}{did_you_mean(network, _BUILDERS)}")
    return _layers(network)


@cache
def _layers(network: str) -> tuple[Layer, ...]:
    channels, side, build = _BUILDERS[network]
    net = NetworkBuilder(network, channels, side, _WIDENED.get(network))
    build(net)
    return tuple(net.layers)


def _resnet(blocks: Sequence[int], bottleneck: bool) -> Callable[[NetworkBuilder], None]:
    """He et al., CVPR 2016: four stages of residual blocks, each after the first halving the feature map."""

    def build(net: NetworkBuilder) -> None:
        net.convolve("conv1", 64, 7, stride=2)
        net.pool(padding=1)
        for stage, count in enumerate(blocks):
            for block in range(count):
                _residual(net, f"layer{stage + 1}.{block}", 64 << stage, 2 if stage and not block else 1, bottleneck)
        net.connect("fc", CLASSES)

    return build


def _residual(net: NetworkBuilder, name: str, width: int, stride: int, bottleneck: bool) -> None:
    """Two 3x3 convolutions, or three of which the outer are 1x1; the input is projected where its shape differs."""
    outputs = 4 * width if bottleneck else width
    projected = stride > 1 or net.channels != outputs
    channels, side = net.channels, net.side
    if bottleneck:
        net.convolve(f"{name}.conv1", width)
        net.convolve(f"{name}.conv2", width, 3, stride)
        net.convolve(f"{name}.conv3", outputs)
    else:
        net.convolve(f"{name}.conv1", width, 3, stride)
        net.convolve(f"{name}.conv2", width, 3)
    if projected:
        net.channels, net.side = channels, side
        net.convolve(f"{name}.downsample.0", outputs, stride=stride)


_GOOGLENET = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Per module: 1x1; 3x3 reduced, 3x3; second 3x3 reduced, second 3x3; after pooling."""


def _googlenet(net: NetworkBuilder) -> None:
    """Szegedy et al., CVPR 2015, with 3x3 filters in place of 5x5 as torchvision has them."""
    net.convolve("conv1.conv", 64, 7, stride=2)
    net.pool(round_up=True)
    net.convolve("conv2.conv", 64)
    net.convolve("conv3.conv", 192, 3)
    previous = ""
    for module, (one, three_reduced, three, five_reduced, five, pooled) in _GOOGLENET.items():
        if module[0] != previous:
            net.pool(2 if module[0] == "5" else 3, round_up=True)
        previous = module[0]
        name = f"inception{module}"
        with net.branch():
            net.convolve(f"{name}.branch1.conv", one)
        for branch, reduced, outputs in ((2, three_reduced, three), (3, five_reduced, five)):
            with net.branch():
                net.convolve(f"{name}.branch{branch}.0.conv", reduced)
                net.convolve(f"{name}.branch{branch}.1.conv", outputs, 3)
        with net.branch():
            net.convolve(f"{name}.branch4.1.conv", pooled)
        net.join((one, three, five, pooled))
    net.connect("fc", CLASSES)


Step = tuple[str, int, int | tuple[int, int], int]
"""The name of a convolution in its branch, its outputs, filter and stride."""


def _inception(net: NetworkBuilder) -> None:
    """Szegedy et al., CVPR 2016 (Inception v3)."""
    net.convolve("Conv2d_1a_3x3.conv", 32, 3, stride=2, padding=0)
    net.convolve("Conv2d_2a_3x3.conv", 32, 3, padding=0)
    net.convolve("Conv2d_2b_3x3.conv", 64, 3)
    net.pool()
    net.convolve("Conv2d_3b_1x1.conv", 80, padding=0)
    net.convolve("Conv2d_4a_3x3.conv", 192, 3, padding=0)
    net.pool()
    for letter, pooled in (("b", 32), ("c", 64), ("d", 64)):
        double: list[Step] = [("3x3dbl_1", 64, 1, 1), ("3x3dbl_2", 96, 3, 1), ("3x3dbl_3", 96, 3, 1)]
        five: list[Step] = [("5x5_1", 48, 1, 1), ("5x5_2", 64, 5, 1)]
        _mixed(net, f"Mixed_5{letter}", [[("1x1", 64, 1, 1)], five, double, [("_pool", pooled, 1, 1)]])
    shrinking: list[Step] = [("3x3dbl_1", 64, 1, 1), ("3x3dbl_2", 96, 3, 1), ("3x3dbl_3", 96, 3, 2)]
    _mixed(net, "Mixed_6a", [[("3x3", 384, 3, 2)], shrinking], passed=True)
    for letter, width in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        _mixed(net, f"Mixed_6{letter}", _seven_by_seven(width))
    seven: list[Step] = [
        ("7x7x3_1", 192, 1, 1),
        ("7x7x3_2", 192, (1, 7), 1),
        ("7x7x3_3", 192, (7, 1), 1),
        ("7x7x3_4", 192, 3, 2),
    ]
    _mixed(net, "Mixed_7a", [[("3x3_1", 192, 1, 1), ("3x3_2", 320, 3, 2)], seven], passed=True)
    for letter in "bc":
        _widest(net, f"Mixed_7{letter}")
    net.connect("fc", CLASSES)


def _seven_by_seven(width: int) -> list[list[Step]]:
    """The branches of a module whose 7x7 filters are split into 1x7 and 7x1."""
    wide, tall = (1, 7), (7, 1)
    once: list[Step] = [("7x7_1", width, 1, 1), ("7x7_2", width, wide, 1), ("7x7_3", 192, tall, 1)]
    twice: list[Step] = [
        ("7x7dbl_1", width, 1, 1),
        *((f"7x7dbl_{i}", 192 if i == 5 else width, wide if i % 2 else tall, 1) for i in (2, 3, 4, 5)),
    ]
    return [[("1x1", 192, 1, 1)], once, twice, [("_pool", 192, 1, 1)]]


def _mixed(net: NetworkBuilder, name: str, branches: Sequence[Sequence[Step]], passed: bool = False) -> None:
    """Branches side by side; ``passed``: and one that only pools the input, with all its channels."""
    channels = [net.channels] if passed else []
    side = net.side
    for branch in branches:
        with net.branch():
            for step, outputs, kernel, stride in branch:
                net.convolve(f"{name}.branch{step}.conv", outputs, kernel, stride, padding=0 if stride > 1 else None)
            channels.append(net.channels)
            side = net.side
    net.join(channels, side)


def _widest(net: NetworkBuilder, name: str) -> None:
    """The last modules: branches end in a 1x3 and a 3x1 filter side by side."""
    with net.branch():
        net.convolve(f"{name}.branch1x1.conv", 320)
    double: list[Step] = [("3x3dbl_1", 448, 1, 1), ("3x3dbl_2", 384, 3, 1)]
    for steps, last in (([("3x3_1", 384, 1, 1)], "3x3_2"), (double, "3x3dbl_3")):
        with net.branch():
            for step, outputs, kernel, _ in steps:
                net.convolve(f"{name}.branch{step}.conv", outputs, kernel)
            for letter, kernel in (("a", (1, 3)), ("b", (3, 1))):
                with net.branch():
                    net.convolve(f"{name}.branch{last}{letter}.conv", 384, kernel)
    with net.branch():
        net.convolve(f"{name}.branch_pool.conv", 192)
    net.join((320, 2 * 384, 2 * 384, 192))


_MOBILENET = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, outputs, repetitions, first stride."""


def _mobilenet(net: NetworkBuilder) -> None:
    """Sandler et al., CVPR 2018 (MobileNet v2): inverted residuals around a depthwise convolution."""
    net.convolve("features.0.0", 32, 3, stride=2)
    number = 1
    for expansion, outputs, count, first_stride in _MOBILENET:
        for block in range(count):
            name, place = f"features.{number}.conv", 0
            if expansion > 1:
                net.convolve(f"{name}.0.0", expansion * net.channels)
                place = 1
            net.convolve(f"{name}.{place}.0", net.channels, 3, 1 if block else first_stride, depthwise=True)
            net.convolve(f"{name}.{place + 1}", outputs)
            number += 1
    net.convolve(f"features.{number}.0", 1280)
    net.connect("classifier.1", CLASSES)


_SHUFFLENET = ((116, 4), (232, 8), (464, 4))
"""Channels and blocks of the stages of ShuffleNet v2, width 1.0."""


def _shufflenet(net: NetworkBuilder) -> None:
    """Ma et al., ECCV 2018 (ShuffleNet v2): half of the channels passes each block, the other half is convolved."""
    net.convolve("conv1.0", 24, 3, stride=2)
    net.pool(padding=1)
    for stage, (channels, count) in enumerate(_SHUFFLENET, start=2):
        for block in range(count):
            name = f"stage{stage}.{block}"
            stride = 1 if block else 2
            if block:
                net.channels = channels // 2
            else:
                with net.branch():
                    net.convolve(f"{name}.branch1.0", net.channels, 3, stride, depthwise=True)
                    net.convolve(f"{name}.branch1.2", channels // 2)
            net.convolve(f"{name}.branch2.0", channels // 2)
            net.convolve(f"{name}.branch2.3", net.channels, 3, stride, depthwise=True)
            net.convolve(f"{name}.branch2.5", channels // 2)
            net.join((channels // 2, channels // 2))
    net.convolve("conv5.0", 1024)
    net.connect("fc", CLASSES)


def _bert(net: NetworkBuilder) -> None:
    """Devlin et al., NAACL 2019 (BERT base), quantized: the matrices of twelve encoders, for one token."""
    width, inner = net.channels, 4 * net.channels
    for number in range(12):
        name = f"bert.encoder.layer.{number}"
        for matrix in ("self.query", "self.key", "self.value", "output.dense"):
            net.connect(f"{name}.attention.{matrix}", width)
        net.connect(f"{name}.intermediate.dense", inner)
        net.connect(f"{name}.output.dense", width)


_BUILDERS: dict[str, tuple[int, int, Callable[[NetworkBuilder], None]]] = {
    "inceptionv3": (3, SIDE, _inception),
    "googlenet": (3, SIDE, _googlenet),
    "resnet18": (3, SIDE, _resnet((2, 2, 2, 2), bottleneck=False)),
    "resnet50": (3, SIDE, _resnet((3, 4, 6, 3), bottleneck=True)),
    "mobilenetv2": (3, SIDE, _mobilenet),
    "shufflenet1_0": (3, SIDE, _shufflenet),
    "qdqbert": (768, 1, _bert),
}
NETWORKS = tuple(_BUILDERS)
"""The networks of the study."""
