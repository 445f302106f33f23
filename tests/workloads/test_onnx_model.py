"""ONNX models: the two networks against the files written by hand, and operators one at a time."""

from __future__ import annotations

import contextlib
import sys

import numpy as np
import pytest

from accelax.errors import AccelaxError, SpecError
from accelax.spec.layers import read_layers
from accelax.workloads import read_onnx, read_transformer
from accelax.workloads.shapes import convolution, gemm
from tests.workloads.comparing import problems
from tests.workloads.onnx_graphs import Graph, onnx, resnet18, transformer

MACHINE = "configs/arch/two_level.yaml"


def test_resnet18_is_the_network_written_by_hand(root):
    workload = read_onnx(resnet18())
    machine = root / MACHINE
    assert problems(workload.layers(machine)) == problems(read_layers(machine, root / "configs/workload/resnet18"))
    assert not workload.unsupported
    assert [(layer.name, layer.count) for layer in workload.imported][:4] == [
        ("conv1", 1),
        ("layer1.0.conv1", 4),
        ("layer2.0.conv1", 1),
        ("layer2.0.conv2", 3),
    ]
    assert workload.imported[1].names == tuple(f"layer1.{block}.conv{n}" for block in (0, 1) for n in (1, 2))
    assert {group.operator: group.count for group in workload.ignored} == {
        "Relu": 17,
        "MaxPool": 1,
        "Add": 8,
        "GlobalAveragePool": 1,
        "Flatten": 1,
    }


def test_bert_base_is_the_network_written_by_hand(root):
    """But for the pooler, which is no part of the blocks."""
    workload = read_onnx(transformer(batch=1, tokens=512, width=768, heads=12, inner=3072, blocks=12))
    machine, network = root / MACHINE, root / "configs/workload/bert_base"
    by_hand = [layer for layer in read_layers(machine, network) if layer.name != "pooler"]
    assert problems(workload.layers(machine)) == problems(by_hand)
    assert not workload.unsupported


def test_a_small_transformer_is_what_its_sizes_say():
    workload = read_onnx(transformer(batch=3, tokens=10, width=32, heads=4, inner=128, blocks=2))
    sizes = {
        "hidden_size": 32,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "intermediate_size": 128,
        "sequence": 10,
        "batch": 3,
    }
    described = read_transformer(sizes)
    assert [(layer.shape, layer.count) for layer in workload.imported] == [
        (layer.shape, layer.count) for layer in described.imported
    ]
    assert [layer.name for layer in workload.imported] == [
        "block1.query",
        "block1.scores",
        "block1.values",
        "block1.expand",
        "block1.contract",
    ]


def one(graph, output):
    """The only layer of a graph."""
    workload = read_onnx(graph.model(output))
    assert not workload.unsupported
    (layer,) = workload.imported
    return layer.shape


def test_padding_stride_and_dilation():
    """Rows: (20 + 1 + 2 - 3) // 2 + 1 = 11; columns: 30 + 2 + 2 - ((5 - 1) * 3 + 1) + 1 = 22."""
    graph = Graph()
    image, weights = graph.input("x", [2, 4, 20, 30]), graph.weight("w", 6, 4, 3, 5)
    output = graph.add("Conv", image, weights, pads=[1, 2, 2, 2], strides=[2, 1], dilations=[1, 3])
    expected = convolution(
        batch=2, channels=4, filters=6, window=[3, 5], outputs=[11, 22], strides=[2, 1], dilations=[1, 3]
    )
    assert one(graph, output) == expected


def test_automatic_padding_and_groups():
    """SAME keeps 15 / 2 rounded up: 8 outputs."""
    graph = Graph()
    image, weights = graph.input("x", [1, 8, 15, 15]), graph.weight("w", 16, 2, 3, 3)
    output = graph.add("Conv", image, weights, auto_pad="SAME_UPPER", strides=[2, 2], group=4)
    shape = one(graph, output)
    assert (shape.kind, shape.groups) == ("grouped convolution", 4)
    assert dict(shape.extents) == {"C": 2, "M": 4, "R": 3, "S": 3, "N": 1, "P": 8, "Q": 8}


def test_depthwise_and_one_dimension():
    graph = Graph()
    output = graph.add("Conv", graph.input("x", [2, 8, 100]), graph.weight("w", 8, 1, 5), group=8)
    shape = one(graph, output)
    assert shape.kind == "depthwise"
    assert dict(shape.extents) == {"C": 8, "M": 1, "R": 5, "S": 1, "N": 2, "P": 96, "Q": 1}


@pytest.mark.parametrize(
    ("left", "right", "flags"),
    [((5, 3), (3, 4), {}), ((3, 5), (3, 4), {"transA": 1}), ((5, 3), (4, 3), {"transB": 1})],
)
def test_transposes_of_gemm(left, right, flags):
    graph = Graph()
    output = graph.add("Gemm", graph.input("x", list(left)), graph.weight("w", *right), **flags)
    assert one(graph, output) == gemm(5, 4, 3)


def test_weights_on_the_left_are_still_the_weights():
    """W (7 x 3) times x (3 x 5): five rows of Inputs, seven columns of Weights. The same through a transpose of W."""
    graph = Graph()
    assert one(graph, graph.add("MatMul", graph.weight("w", 7, 3), graph.input("x", [3, 5]))) == gemm(5, 7, 3)
    graph = Graph()
    turned = graph.add("Transpose", graph.weight("w", 3, 7), perm=[1, 0])
    assert one(graph, graph.add("MatMul", turned, graph.input("x", [3, 5]))) == gemm(5, 7, 3)


def test_a_product_of_constants_is_no_work():
    graph = Graph()
    folded = graph.add("MatMul", graph.weight("a", 3, 4), graph.weight("b", 4, 5), name="fold")
    workload = read_onnx(graph.model(graph.add("MatMul", graph.input("x", [2, 3]), folded, name="real")))
    assert [layer.names for layer in workload.imported] == [("real",)]
    assert [(group.operator, group.names) for group in workload.ignored] == [("MatMul of constants", ("fold",))]


def test_an_einsum_and_a_quantized_product():
    graph = Graph()
    queries, keys = graph.input("q", [2, 5, 4, 8]), graph.input("k", [2, 6, 4, 8])
    assert one(graph, graph.add("Einsum", queries, keys, equation="bqhd,bkhd->bhqk")) == gemm(5, 6, 8, groups=8)
    graph = Graph()
    for name, kind in (("x", onnx.TensorProto.UINT8), ("w", onnx.TensorProto.UINT8)):
        graph.inputs.append(onnx.helper.make_tensor_value_info(name, kind, [4, 4] if name == "w" else [3, 4]))
    assert one(graph, graph.add("MatMulInteger", "x", "w")) == gemm(3, 4, 4)


def test_attention_as_one_operator():
    graph = Graph(opset=23)
    queries, keys = graph.input("q", [2, 8, 5, 16]), graph.input("k", [2, 2, 7, 16])
    workload = read_onnx(graph.model(graph.add("Attention", queries, keys, keys, name="attention")))
    assert [layer.shape for layer in workload.imported] == [gemm(20, 7, 16, groups=4), gemm(20, 16, 7, groups=4)]
    graph = Graph(opset=23)
    queries, keys = graph.input("q", [2, 5, 128]), graph.input("k", [2, 7, 32])
    output = graph.add("Attention", queries, keys, keys, q_num_heads=8, kv_num_heads=2)
    assert read_onnx(graph.model(output)).imported[0].shape == gemm(20, 7, 16, groups=4)


def test_functions_of_the_model_are_opened():
    node = onnx.helper.make_node("MatMul", ["a", "b"], ["c"], name="inner")
    imports = [onnx.helper.make_opsetid("", 17)]
    function = onnx.helper.make_function("mine", "Product", ["a", "b"], ["c"], [node], imports)
    graph = Graph()
    output = graph.add("Product", graph.input("x", [2, 3]), graph.weight("w", 3, 4), domain="mine")
    workload = read_onnx(graph.model(output, domain="mine", functions=(function,)))
    assert workload.imported[0].shape == gemm(2, 4, 3)


def refusals(model, **dimensions):
    return [(g.operator, g.names, g.reason) for g in read_onnx(model, dimensions).unsupported]


def test_unsupported_operators_are_named_and_the_rest_is_read():
    graph = Graph()
    image = graph.input("x", [1, 4, 8, 8])
    for number in (1, 2):
        weights = graph.weight(f"w{number}", 4, 4, 2, 2)
        image = graph.add("ConvTranspose", image, weights, name=f"up{number}", strides=[2, 2])
    image = graph.convolution(image, "last", 4, 4, 3)
    strange = graph.add("Attention", image, domain="com.microsoft")
    assert refusals(graph.model(strange, domain="com.microsoft")) == [
        ("ConvTranspose", ("up1", "up2"), "a transposed convolution"),
        ("com.microsoft.Attention", (strange,), "an operator that accelax does not know"),
    ]
    assert [layer.name for layer in read_onnx(graph.model(strange, domain="com.microsoft")).imported] == ["last"]


def test_three_dimensions_and_unusual_einsums_are_refused():
    graph = Graph()
    volume = graph.add("Conv", graph.input("x", [1, 4, 8, 8, 8]), graph.weight("w", 4, 4, 3, 3, 3), name="volume")
    x = graph.input("y", [3, 3])
    graph.add("Einsum", x, x, x, name="three", equation="ij,jk,kl->il")
    assert refusals(graph.model(volume)) == [
        ("Conv", ("volume",), "a convolution over 3 dimensions"),
        ("Einsum", ("three",), "the Einsum 'ij,jk,kl->il'"),
    ]


def test_open_dimensions_are_located_and_can_be_given():
    graph = Graph()
    output = graph.add("MatMul", graph.input("x", ["batch", 8, 3]), graph.weight("w", 3, 4), name="head")
    assert refusals(graph.model(output)) == [("MatMul", ("head",), "the open dimension 'batch'")]
    assert read_onnx(graph.model(output), {"batch": 5}).imported[0].shape == gemm(40, 4, 3)
    with pytest.raises(SpecError, match=r"no open dimension 'bach'; did you mean 'batch'\?"):
        read_onnx(graph.model(output), {"bach": 5})
    with pytest.raises(SpecError, match=r"dimensions\.batch: expected a positive whole number, got 0"):
        read_onnx(graph.model(output), {"batch": 0})


def test_resnet18_of_an_open_batch_is_complete_once_it_is_given():
    model = resnet18(batch="n")
    refused = read_onnx(model).unsupported
    assert [(group.operator, group.count) for group in refused] == [("Conv", 20), ("Gemm", 1)]
    workload = read_onnx(model, {"n": 8})
    assert not workload.unsupported
    assert {dict(layer.shape.extents).get("N") for layer in workload.imported if layer.shape.is_convolution} == {8}
    assert workload.imported[-1].shape == gemm(8, 1000, 512)


def test_the_callers_model_stays_as_it_is():
    model = resnet18(batch="n")
    before = model.SerializeToString()
    read_onnx(model, {"n": 8})
    assert model.SerializeToString() == before


def branch(operator, *shape):
    inner = onnx.helper.make_node(operator, ["x", "x"], ["y"], name=f"inner{operator}")
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)
    return onnx.helper.make_graph([inner], "branch", [], [result])


def test_control_flow_is_refused_when_it_multiplies():
    graph = Graph()
    graph.input("x", [3, 3])
    graph.inputs.append(onnx.helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, []))
    graph.add("If", "c", name="plain", then_branch=branch("Add", 3, 3), else_branch=branch("Mul", 3, 3))
    product = branch("MatMul", 3, 3)
    output = graph.add("If", "c", name="deep", then_branch=branch("Add", 3, 3), else_branch=product)
    assert refusals(graph.model(output)) == [("If", ("deep",), "control flow around 'innerMatMul'")]


@pytest.mark.parametrize("content", [b"", b"hello, not a model", b"\x08\x07", bytes(range(256))])
def test_a_corrupt_file(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=r"model\.onnx: not an ONNX model"):
        read_onnx(path)


def test_files_missing_and_cut(tmp_path):
    path = tmp_path / "resnet.onnx"
    whole = resnet18().SerializeToString()
    path.write_bytes(whole)
    assert read_onnx(path).name == "resnet"
    with pytest.raises(SpecError, match=r"no such file .*did you mean 'resnet\.onnx'"):
        read_onnx(tmp_path / "resne.onnx")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SpecError, match="not an ONNX model"):
        read_onnx(path)
    with pytest.raises(SpecError, match="cannot read the file"):
        read_onnx(tmp_path)


@pytest.mark.parametrize(
    ("operator", "shapes", "attributes", "reason"),
    [
        ("MatMul", [(2, 3), (4, 5)], {}, "a product of shapes [2, 3] and [4, 5]"),
        ("MatMul", [(2, 3)], {}, "MatMul of 1 inputs"),
        ("Conv", [(1, 3, 8, 8), (4, 5, 3, 3)], {}, "a convolution of shapes [1, 3, 8, 8] and [4, 5, 3, 3]"),
        ("Conv", [(1, 3, 8, 8), (4, 3, 3, 3)], {"strides": [1, 1, 1]}, "the unknown shape of 'y'"),
        ("Gemm", [(0, 3), (3, 4)], {}, "an empty tensor (M = 0)"),
        ("LSTM", [(5, 1, 8), (1, 16, 8), (1, 16, 4)], {"hidden_size": 4}, "a recurrent layer"),
    ],
)
def test_operators_that_make_no_sense_are_refused_one_by_one(operator, shapes, attributes, reason):
    graph = Graph()
    inputs = [graph.input("x", list(shapes[0])), *(graph.weight(f"w{i}", *shape) for i, shape in enumerate(shapes[1:]))]
    output = graph.add(operator, *inputs, name="odd", output="y", **attributes)
    assert refusals(graph.model(output)) == [(operator, ("odd",), reason)]


def test_a_damaged_file_is_bad_input_or_still_a_model(tmp_path):
    """Bytes of a model changed at random: no other exception than those that accelax foresees."""
    whole = transformer(batch=1, tokens=4, width=8, heads=2, inner=16, blocks=1).SerializeToString()
    random, path, read = np.random.default_rng(7), tmp_path / "model.onnx", 0
    for _ in range(100):
        content = bytearray(whole)
        for place in random.integers(len(content), size=3):
            content[place] = random.integers(256)
        path.write_bytes(bytes(content))
        with contextlib.suppress(AccelaxError):
            read_onnx(path)
            read += 1
    assert 0 < read < 100


def test_without_onnx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(AccelaxError, match=r"pip install 'accelax\[onnx\]'"):
        read_onnx("model.onnx")
