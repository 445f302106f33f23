"""ONNX models made node by node: weights have shapes and no values."""

from __future__ import annotations

from typing import Any

import pytest

onnx = pytest.importorskip("onnx")


class Graph:
    """A graph under construction; every method that adds a node returns the name of its output."""

    def __init__(self, opset: int = 17):
        self.opset = opset
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.initializers: list[Any] = []

    def input(self, name: str, shape: list[Any]) -> str:
        self.inputs.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        return name

    def weight(self, name: str, *shape: int) -> str:
        tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=shape)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights.bin")
        self.initializers.append(tensor)
        return name

    def integers(self, name: str, values: list[int]) -> str:
        self.initializers.append(onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [len(values)], values))
        return name

    def add(self, operator: str, *inputs: str, name: str = "", output: str = "", **attributes: Any) -> str:
        result = output or f"{name or operator}_{len(self.nodes)}_out"
        self.nodes.append(onnx.helper.make_node(operator, inputs, [result], name=name, **attributes))
        return result

    def convolution(self, image: str, name: str, channels: int, filters: int, size: int, stride: int = 1) -> str:
        weights = self.weight(f"{name}.weight", filters, channels, size, size)
        margin = size // 2
        return self.add("Conv", image, weights, name=name, strides=[stride] * 2, pads=[margin] * 4)

    def linear(self, rows: str, name: str, width: int, features: int) -> str:
        """As exporters write a fully connected layer on more than two dimensions."""
        product = self.add("MatMul", rows, self.weight(f"{name}.weight", width, features), name=name)
        return self.add("Add", product, self.weight(f"{name}.bias", features))

    def model(self, output: str, domain: str | None = None, functions: tuple[Any, ...] = ()) -> Any:
        result = onnx.ValueInfoProto(name=output)
        graph = onnx.helper.make_graph(self.nodes, "network", self.inputs, [result], self.initializers)
        imports = [onnx.helper.make_opsetid("", self.opset)]
        if domain:
            imports.append(onnx.helper.make_opsetid(domain, 1))
        return onnx.helper.make_model(graph, opset_imports=imports, functions=list(functions))


def resnet18(batch: int | str = 1) -> Any:
    """He et al., CVPR 2016, table 1; the shortcut of a stage after its first two convolutions."""
    graph = Graph()
    features = graph.convolution(graph.input("image", [batch, 3, 224, 224]), "conv1", 3, 64, 7, 2)
    features = graph.add("Relu", features)
    features = graph.add("MaxPool", features, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    width = 64
    for stage, wider in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name, stride = f"layer{stage}.{block}", 2 if wider != width else 1
            inner = graph.add("Relu", graph.convolution(features, f"{name}.conv1", width, wider, 3, stride))
            inner = graph.convolution(inner, f"{name}.conv2", wider, wider, 3)
            if stride == 2:
                features = graph.convolution(features, f"{name}.downsample", width, wider, 1, 2)
            features, width = graph.add("Relu", graph.add("Add", inner, features)), wider
    flat = graph.add("Flatten", graph.add("GlobalAveragePool", features))
    weights, bias = graph.weight("fc.weight", 1000, 512), graph.weight("fc.bias", 1000)
    return graph.model(graph.add("Gemm", flat, weights, bias, name="fc", transB=1))


def transformer(batch: int, tokens: int, width: int, heads: int, inner: int, blocks: int) -> Any:
    """Encoder blocks as exporters write them: heads are split by Reshape and Transpose, products are MatMul."""
    graph = Graph()
    rows = graph.input("tokens", [batch, tokens, width])
    split = graph.integers("split", [batch, tokens, heads, width // heads])
    joined = graph.integers("joined", [batch, tokens, width])

    def to_heads(name: str, order: list[int]) -> str:
        projected = graph.linear(rows, name, width, width)
        return graph.add("Transpose", graph.add("Reshape", projected, split), perm=order)

    for number in range(1, blocks + 1):
        block = f"block{number}"
        queries = to_heads(f"{block}.query", [0, 2, 1, 3])
        keys = to_heads(f"{block}.key", [0, 2, 3, 1])
        values = to_heads(f"{block}.value", [0, 2, 1, 3])
        scores = graph.add("Softmax", graph.add("MatMul", queries, keys, name=f"{block}.scores"))
        mixed = graph.add("MatMul", scores, values, name=f"{block}.values")
        mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
        rows = graph.add("Add", rows, graph.linear(mixed, f"{block}.output", width, width))
        hidden = graph.add("Relu", graph.linear(rows, f"{block}.expand", width, inner))
        rows = graph.add("Add", rows, graph.linear(hidden, f"{block}.contract", inner, width))
    return graph.model(rows)
