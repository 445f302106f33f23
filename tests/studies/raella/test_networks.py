"""Layers of the study's networks against shapes worked out by hand from the papers."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from accelax.studies.raella.layers import NetworkBuilder, padded
from accelax.studies.raella.networks import NETWORKS, layers_of

COUNTS = {
    "inceptionv3": 95,
    "googlenet": 58,
    "resnet18": 21,
    "resnet50": 54,
    "mobilenetv2": 53,
    "shufflenet1_0": 57,
    "qdqbert": 72,
}
BY_HAND = {
    # network, layer: name, then C M R S P Q G, strides
    ("resnet18", 0): ("conv1", 3, 64, 7, 7, 112, 112, 1, 2),
    ("resnet18", 7): ("layer2.0.downsample.0", 64, 128, 1, 1, 28, 28, 1, 2),
    ("resnet50", 4): ("layer1.0.downsample.0", 64, 256, 1, 1, 56, 56, 1, 1),
    ("resnet50", 52): ("layer4.2.conv3", 512, 2048, 1, 1, 7, 7, 1, 1),
    ("inceptionv3", 4): ("Conv2d_4a_3x3.conv", 80, 192, 3, 3, 56, 56, 1, 1),
    ("inceptionv3", 26): ("Mixed_6a.branch3x3.conv", 288, 384, 3, 3, 12, 12, 1, 2),
    ("inceptionv3", 32): ("Mixed_6b.branch7x7_2.conv", 128, 128, 1, 7, 12, 12, 1, 1),
    ("inceptionv3", 93): ("Mixed_7c.branch_pool.conv", 2048, 192, 1, 1, 5, 5, 1, 1),
    ("googlenet", 17): ("inception4a.branch2.1.conv", 96, 224, 3, 3, 14, 14, 1, 1),
    ("googlenet", 39): ("inception4e.branch1.conv", 576, 256, 1, 1, 14, 14, 1, 1),
    ("mobilenetv2", 4): ("features.2.conv.1.0", 1, 1, 3, 3, 56, 56, 96, 2),
    ("mobilenetv2", 52): ("classifier.1", 1280, 1024, 1, 1, 1, 1, 1, 1),
    ("shufflenet1_0", 4): ("stage2.0.branch2.3", 1, 1, 3, 3, 28, 28, 60, 2),
    ("shufflenet1_0", 55): ("conv5.0", 480, 1024, 1, 1, 7, 7, 1, 1),
    ("qdqbert", 71): ("bert.encoder.layer.11.output.dense", 3072, 768, 1, 1, 1, 1, 1, 1),
}


def test_the_study_has_410_layers_of_169_shapes() -> None:
    assert {network: len(layers_of(network)) for network in NETWORKS} == COUNTS
    assert len({layer.shape for network in NETWORKS for layer in layers_of(network)}) == 169


@pytest.mark.parametrize(("network", "index"), BY_HAND)
def test_shapes_by_hand(network: str, index: int) -> None:
    layer = layers_of(network)[index]
    assert (layer.name, *layer.bounds.values(), layer.Wstride) == BY_HAND[network, index]
    assert layer.index == index
    assert layer.Hstride == layer.Wstride


def test_multiplications_are_those_of_the_papers() -> None:
    # The papers count 1.8 and 4.1 (ResNets), 1.5 (GoogLeNet), 0.30 (MobileNet) and 0.146 (ShuffleNet, before padding).
    billions = {network: sum(layer.macs for layer in layers_of(network)) / 1e9 for network in NETWORKS}
    assert billions["resnet18"] == pytest.approx(1.8, rel=0.01)
    assert billions["resnet50"] == pytest.approx(4.1, rel=0.01)
    assert billions["googlenet"] == pytest.approx(1.5, rel=0.01)
    assert billions["mobilenetv2"] == pytest.approx(0.30, rel=0.01)
    assert billions["shufflenet1_0"] == pytest.approx(0.146, rel=0.06)
    # Twelve encoders of 4 x 768 x 768 + 2 x 768 x 3072.
    assert billions["qdqbert"] * 1e9 == 12 * (4 * 768**2 + 2 * 768 * 3072)


def test_padding_keeps_four_significant_bits() -> None:
    assert [padded(extent) for extent in (1, 7, 15, 16, 17, 25, 54, 232, 464, 528)] == [
        1, 7, 15, 16, 18, 26, 56, 240, 480, 576,
    ]  # fmt: skip
    assert all(extent <= padded(extent) < extent * 1.125 for extent in range(1, 3000))


def test_sizes_between_layers_are_not_padded() -> None:
    net = NetworkBuilder("net", channels=3, side=224)
    net.convolve("first", 32, 3, stride=2, padding=0)
    assert net.side == 111
    assert net.layers[0].P == 112
    net.pool()
    assert net.side == 55


def test_branches_start_from_the_same_feature_map() -> None:
    net = NetworkBuilder("net", channels=8, side=14)
    for outputs in (16, 24):
        with net.branch():
            net.convolve("branch", outputs, 3, stride=2)
    net.join((16, 24), side=7)
    net.convolve("next", 8)
    assert [layer.C for layer in net.layers] == [8, 8, 40]
    assert net.layers[-1].P == 7


def test_an_unknown_network_names_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'resnet18'"):
        layers_of("resnet-18")
