"""Problem files and layers: what is written reads back as what was meant, in both dialects, whatever the names."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from accelax.ir import LoweredTree
from accelax.spec.layers import read_layers
from accelax.workloads.gathering import Gathering
from accelax.workloads.shapes import convolution, gemm
from tests.workloads.comparing import problems

TIMELOOP = "configs/arch/two_level.yaml"
ACCELFORGE = "configs/arch/accelforge_array.yaml"
WINDOW = convolution(
    batch=2, channels=8, filters=6, window=[3, 5], outputs=[9, 18], strides=[2, 1], dilations=[1, 3], groups=2
)
DEPTHWISE = convolution(batch=1, channels=8, filters=16, window=[3], outputs=[10], strides=[2], groups=8)


def workload(**shapes):
    gathering = Gathering()
    for name, shape in shapes.items():
        gathering.add(name, shape)
    return gathering.workload("small")


def test_equal_shapes_are_one_layer_in_order_of_first_appearance():
    found = workload(a=gemm(2, 3, 4), b=gemm(5, 6, 7, groups=2), c=gemm(2, 3, 4), d=gemm(5, 6, 7, groups=3))
    assert [(layer.names, layer.occurrences) for layer in found.imported] == [(("a", "c"), 2), (("b",), 2), (("d",), 3)]


def test_written_files_read_back_as_the_layers(root, tmp_path):
    found = workload(window=WINDOW, thin=DEPTHWISE, product=gemm(5, 6, 7, groups=3))
    paths = found.to_problems(tmp_path / "new" / "layers")
    assert [path.name for path in paths] == ["layer_01.yaml", "layer_02.yaml", "layer_03.yaml"]
    layers = read_layers(root / TIMELOOP, tmp_path / "new" / "layers")
    assert [(layer.name, layer.count) for layer in layers] == [("window", 2), ("thin", 1), ("product", 3)]
    assert problems(layers) == problems(found.layers(root / TIMELOOP))


def test_a_window_has_its_strides_in_the_right_places(root):
    """Inputs[n, c, w, h] with w = p + 3 r (width) and h = 2 q + s (height); half of the channels and filters."""
    (layer,) = workload(window=WINDOW).layers(root / TIMELOOP)
    einsum = layer.specification.lowered().einsum
    assert dict(einsum.bounds) == {"C": 4, "M": 3, "R": 5, "S": 3, "N": 2, "P": 18, "Q": 9}
    (inputs,) = (tensor for tensor in einsum.tensors if tensor.name == "Inputs")
    assert [set(terms) for terms in inputs.projection] == [
        {("N", 1)},
        {("C", 1)},
        {("P", 1), ("R", 3)},
        {("Q", 2), ("S", 1)},
    ]


def test_products_beside_convolutions_are_convolutions(root):
    found = workload(window=WINDOW, product=gemm(5, 6, 7))
    for products, expected in (
        ("auto", {"C": 7, "M": 6, "R": 1, "S": 1, "N": 5, "P": 1, "Q": 1}),
        ("convolution", {"C": 7, "M": 6, "R": 1, "S": 1, "N": 5, "P": 1, "Q": 1}),
        ("gemm", {"M": 5, "N": 6, "K": 7}),
    ):
        layer = found.layers(root / TIMELOOP, products=products)[1]
        assert dict(layer.specification.lowered().einsum.bounds) == expected
    (alone,) = workload(product=gemm(5, 6, 7)).layers(root / TIMELOOP)
    assert dict(alone.specification.lowered().einsum.bounds) == {"M": 5, "N": 6, "K": 7}
    with pytest.raises(SpecError, match="products: expected auto, gemm or convolution, got 'conv'"):
        found.layers(root / TIMELOOP, products="conv")


def tree(layer):
    lowered = layer.specification.lowered()
    assert isinstance(lowered, LoweredTree)
    (einsum,) = lowered.einsums
    return einsum


def test_the_other_dialect(root, tmp_path):
    found = workload(window=WINDOW, thin=DEPTHWISE, product=gemm(5, 6, 7, groups=3))
    found.to_problems(tmp_path, dialect="accelforge", products="gemm", bits_per_value=16)
    written = read_layers(root / ACCELFORGE, tmp_path)
    direct = found.layers(root / ACCELFORGE, products="gemm", bits_per_value=16)
    assert [tree(layer) for layer in written] == [tree(layer) for layer in direct]
    assert [(layer.name, layer.count) for layer in written] == [("window", 2), ("thin", 1), ("product", 3)]
    window, _, product = map(tree, written)
    assert {rank.lower(): extent for rank, extent in window.bounds} == {
        "c": 4,
        "m": 3,
        "r": 5,
        "s": 3,
        "n": 2,
        "p": 18,
        "q": 9,
    }
    assert {rank.lower(): extent for rank, extent in product.bounds} == {"m": 5, "n": 6, "k": 7}
    (inputs,) = (tensor for tensor in window.tensors if tensor.name == "Inputs")
    assert [set(terms) for terms in inputs.projection][2:] == [{("p", 1), ("r", 3)}, {("q", 2), ("s", 1)}]
    assert {tensor.bits_per_value for tensor in window.tensors} == {16}
    with pytest.raises(SpecError, match="dialect: expected timeloop or accelforge, got 'maestro'"):
        found.to_problems(tmp_path, dialect="maestro")


@pytest.mark.parametrize(
    "name", ["/layer1/{{conv}}", "{% raw %}", "{# x", 'a "b" \\n', "a: b, c]", "日本", "\U0001f600 \t\x07", "null", "3"]
)
def test_any_name_survives(root, tmp_path, name):
    workload(**{name: gemm(2, 3, 4)}).to_problems(tmp_path)
    (layer,) = read_layers(root / TIMELOOP, tmp_path)
    assert layer.name == name


def test_writing_twice_and_over_others(tmp_path):
    large, small = workload(a=gemm(2, 3, 4), b=gemm(2, 3, 5)), workload(a=gemm(2, 3, 6))
    large.to_problems(tmp_path)
    large.to_problems(tmp_path)
    before = (tmp_path / "layer_01.yaml").read_text()
    with pytest.raises(SpecError, match=r"layer_02\.yaml: would be read as a layer of 'small' too"):
        small.to_problems(tmp_path)
    assert (tmp_path / "layer_01.yaml").read_text() == before


def test_nothing_to_write(tmp_path):
    gathering = Gathering()
    gathering.refuse("up", "ConvTranspose", "a transposed convolution")
    with pytest.raises(SpecError, match=r"small: no layer to write \(ConvTranspose 'up': a transposed convolution\)"):
        gathering.workload("small").to_problems(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OSError, match="taken"):
        workload(a=gemm(2, 3, 4)).to_problems(tmp_path / "taken")


def test_mistakes_of_the_machine_are_told_once(tmp_path):
    path = tmp_path / "arch.yaml"
    path.write_text("architecture: 3\n")
    with pytest.raises(SpecError, match=r"arch\.yaml:1:15") as caught:
        workload(a=gemm(2, 3, 4), b=gemm(2, 3, 5)).layers(path)
    assert len({str(problem) for problem in caught.value.problems}) == len(caught.value.problems)
    with pytest.raises(SpecError, match="no such file"):
        workload(a=gemm(2, 3, 4)).layers(tmp_path / "none.yaml")


def test_everything_as_dictionaries():
    gathering = Gathering()
    gathering.add("window", WINDOW)
    gathering.ignore("r", "Relu")
    gathering.refuse("up", "ConvTranspose", "a transposed convolution")
    figures = gathering.workload("small").to_dict()
    assert figures["layers"][0] == {
        "name": "window",
        "kind": "grouped convolution",
        "extents": {"C": 4, "M": 3, "R": 5, "S": 3, "N": 2, "P": 18, "Q": 9},
        "strides": [1, 2],
        "dilations": [3, 1],
        "groups": 2,
        "count": 1,
        "occurrences": 2,
        "products": 2 * 4 * 3 * 5 * 3 * 2 * 18 * 9,
        "names": ["window"],
    }
    assert figures["ignored"] == [{"operator": "Relu", "count": 1, "names": ["r"]}]
    assert figures["unsupported"][0]["reason"] == "a transposed convolution"
