"""ONNX models as layers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from accelax.errors import Location, Problem, SpecError, UnsupportedError, did_you_mean
from accelax.spec.text.files import missing_file_message
from accelax.workloads.extras import optional_module
from accelax.workloads.gathering import Gathering
from accelax.workloads.onnx_operators import (
    CONTROL_FLOW,
    CONVOLUTION_INPUTS,
    IGNORED,
    PRODUCT_INPUTS,
    RANDOM,
    STANDARD_DOMAINS,
    UNSUPPORTED,
)
from accelax.workloads.shapes import LayerShape, attention, contraction, convolution, matrix_product
from accelax.workloads.workload import Workload


def read_onnx(model: str | Path | Any, dimensions: Mapping[str, int] | None = None) -> Workload:
    """The layers of an ONNX model: a file or an ``onnx.ModelProto``. Weights stored outside the file are not read.

    Shapes come from ONNX's own shape inference. ``dimensions`` gives the sizes that the model leaves open by name, such
    as ``{"batch": 1}``. A product whose operands are both constant is made once, ahead of time, and ignored. Of a
    product with weights on the left the transposed one is taken, so that Weights means weights. A product that the
    model writes as an elementwise multiplication and a sum is not seen as one.

    Raises:
        AccelaxError: the package onnx is not installed.
        SpecError: no such file, not an ONNX model, one that contradicts itself, or a wrong name in ``dimensions``.
    """
    onnx = optional_module("onnx", "onnx", "reading ONNX models")
    if isinstance(model, (str, os.PathLike)):
        place = Location(os.fspath(model))
        proto, name = _load(onnx, Path(model)), Path(model).stem
    else:
        place = None
        proto, name = onnx.ModelProto(), model.graph.name or "model"
        proto.CopyFrom(model)
    _set_dimensions(proto.graph, dict(dimensions or {}), place)
    try:
        if proto.functions:
            proto = optional_module("onnx.inliner", "onnx", "reading ONNX models").inline_local_functions(proto)
        proto = optional_module("onnx.shape_inference", "onnx", "reading ONNX models").infer_shapes(
            proto, data_prop=True
        )
    except Exception as error:
        message = f"not a consistent ONNX model: {_first_line(error)}"
        raise SpecError([Problem(message, place)]) from error
    gathering = Gathering()
    _Reader(onnx, proto.graph, gathering).read()
    return gathering.workload(name)


def _load(onnx: Any, path: Path) -> Any:
    """The model of a file. Raises SpecError."""
    place = Location(str(path))
    if not path.exists():
        raise SpecError([Problem(missing_file_message(str(path)))])
    try:
        proto = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise SpecError([Problem(f"cannot read the file: {error.strerror or error}", place)]) from error
    except Exception as error:
        raise SpecError([Problem(f"not an ONNX model: {_first_line(error)}", place)]) from error
    if not proto.opset_import or not proto.graph.node:
        raise SpecError([Problem("not an ONNX model: it holds no graph", place)])
    return proto


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _set_dimensions(graph: Any, dimensions: dict[str, int], place: Location | None) -> None:
    """Put the given sizes where the graph has names for them. Raises SpecError for unknown names and bad sizes."""
    sizes = [
        size
        for value in (*graph.input, *graph.value_info, *graph.output)
        for size in value.type.tensor_type.shape.dim
        if size.HasField("dim_param")
    ]
    names = dict.fromkeys(size.dim_param for size in sizes)
    mistakes: list[Problem] = []
    for name, size in dimensions.items():
        if name not in names:
            hint = did_you_mean(name, names) if names else "; the model leaves none open"
            mistakes.append(Problem(f"the model has no open dimension {name!r}{hint}", place, "dimensions"))
        elif isinstance(size, bool) or not isinstance(size, int) or size < 1:
            mistakes.append(Problem(f"expected a positive whole number, got {size!r}", place, f"dimensions.{name}"))
    if mistakes:
        raise SpecError(mistakes)
    for size in sizes:
        if size.dim_param in dimensions:
            size.dim_value = dimensions[size.dim_param]


class _Reader:
    """Goes through one graph in order, knowing the shapes of its values and which of them are constant."""

    def __init__(self, onnx: Any, graph: Any, gathering: Gathering):
        self.onnx = onnx
        self.graph = graph
        self.gathering = gathering
        self.shapes: dict[str, list[int | str]] = {}
        for value in (*graph.input, *graph.value_info, *graph.output):
            if value.type.tensor_type.HasField("shape"):
                self.shapes[value.name] = [_size(size) for size in value.type.tensor_type.shape.dim]
        for tensor in graph.initializer:
            self.shapes[tensor.name] = list(tensor.dims)
        for tensor in graph.sparse_initializer:
            self.shapes[tensor.values.name] = list(tensor.dims)
        self.constants = {tensor.name for tensor in graph.initializer}
        self.constants |= {tensor.values.name for tensor in graph.sparse_initializer}

    def read(self) -> None:
        """Gather every node."""
        for number, node in enumerate(self.graph.node):
            name = node.name or (node.output[0] if node.output else f"node{number}")
            operator = node.op_type if node.domain in STANDARD_DOMAINS else f"{node.domain}.{node.op_type}"
            constant = all(value in self.constants for value in node.input if value)
            if constant and operator not in RANDOM and operator in (*IGNORED, *PRODUCT_INPUTS, "Gemm", "Einsum"):
                self.constants |= set(node.output)
                known = operator in IGNORED
                self.gathering.ignore(name, operator if known else f"{operator} of constants")
                continue
            self.gathering.read(name, operator, partial(self._shapes, node, operator))

    def _shapes(self, node: Any, operator: str) -> Iterable[LayerShape]:
        """What one node adds; nothing when it sums no products. Raises UnsupportedError."""
        if operator in IGNORED:
            return ()
        if operator in CONVOLUTION_INPUTS:
            return (self._convolution(node, *_inputs(node, *CONVOLUTION_INPUTS[operator])),)
        if operator in PRODUCT_INPUTS:
            left, right = _inputs(node, *PRODUCT_INPUTS[operator])
            swap = self._weights_left(left, right)
            return (matrix_product(self._shape(left), self._shape(right), weights_left=swap),)
        if operator == "Gemm":
            return (self._gemm(node),)
        if operator == "Einsum":
            return self._einsum(node)
        if operator == "Attention":
            return self._attention(node)
        if operator in CONTROL_FLOW:
            return self._control_flow(node)
        raise UnsupportedError(UNSUPPORTED.get(operator, "an operator that accelax does not know"))

    def _convolution(self, node: Any, image: str, weights: str) -> LayerShape:
        pixels, filters, outputs = self._shape(image), self._shape(weights), self._shape(node.output[0])
        groups = self._attribute(node, "group", 1)
        fits = len(pixels) > 2 and len(pixels) == len(filters) == len(outputs) and filters[1] * groups == pixels[1]
        if not fits:
            raise UnsupportedError(f"a convolution of shapes {pixels} and {filters}")
        return convolution(
            batch=pixels[0],
            channels=pixels[1],
            filters=filters[0],
            window=filters[2:],
            outputs=outputs[2:],
            strides=self._attribute(node, "strides", ()),
            dilations=self._attribute(node, "dilations", ()),
            groups=groups,
        )

    def _gemm(self, node: Any) -> LayerShape:
        operands = _inputs(node, 0, 1)
        left, right = (self._shape(value) for value in operands)
        if self._attribute(node, "transA", 0):
            left = left[::-1]
        if self._attribute(node, "transB", 0):
            right = right[::-1]
        return matrix_product(left, right, weights_left=self._weights_left(*operands))

    def _einsum(self, node: Any) -> Iterable[LayerShape]:
        equation = self._attribute(node, "equation", b"").decode()
        shapes = [self._shape(value) for value in node.input]
        swap = len(shapes) == 2 and self._weights_left(*node.input)
        shape = contraction(equation, shapes, weights_left=swap)
        return () if shape is None else (shape,)

    def _attention(self, node: Any) -> Iterable[LayerShape]:
        """ONNX's own Attention: heads in their own dimension, or packed into the last; keys of the past come first."""
        queries, keys, values = (self._shape(value) for value in _inputs(node, 0, 1, 2))
        past = self._shape(node.input[4])[-2] if len(node.input) > 4 and node.input[4] else 0
        heads = self._attribute(node, "q_num_heads", 0), self._attribute(node, "kv_num_heads", 0)
        if len(queries) == 3 and all(heads):
            queries, keys, values = (
                [shape[0], count, shape[1], shape[2] // count]
                for shape, count in zip((queries, keys, values), (heads[0], heads[1], heads[1]), strict=True)
            )
        if not len(queries) == len(keys) == len(values) == 4:
            raise UnsupportedError(f"attention of shapes {queries}, {keys} and {values}")
        return attention(
            batch=queries[0],
            heads=queries[1],
            key_heads=keys[1],
            queries=queries[2],
            keys=past + keys[2],
            features=queries[3],
            value_features=values[3],
        )

    def _control_flow(self, node: Any) -> Iterable[LayerShape]:
        """Control flow is nothing when there is nothing in it; how often it runs is not known."""
        inside = Gathering()
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _Reader(self.onnx, attribute.g, inside).read()
        found = inside.workload("")
        names = [layer.name for layer in found.imported] + [group.names[0] for group in found.unsupported]
        if names:
            raise UnsupportedError(f"control flow around {names[0]!r}")
        return ()

    def _weights_left(self, left: str, right: str) -> bool:
        return left in self.constants and right not in self.constants

    def _attribute(self, node: Any, name: str, default: Any) -> Any:
        for attribute in node.attribute:
            if attribute.name == name:
                return self.onnx.helper.get_attribute_value(attribute)
        return default

    def _shape(self, value: str) -> list[int]:
        """The sizes of one value. Raises UnsupportedError when any is open."""
        shape = self.shapes.get(value)
        if shape is None:
            raise UnsupportedError(f"the unknown shape of {value!r}")
        sizes = [size for size in shape if isinstance(size, int)]
        if len(sizes) < len(shape):
            names = dict.fromkeys(repr(size) for size in shape if isinstance(size, str))
            raise UnsupportedError(f"the open dimension {', '.join(names)}")
        return sizes


def _inputs(node: Any, *positions: int) -> list[str]:
    """The names of inputs that the operator can not do without. Raises UnsupportedError when one is missing."""
    if max(positions) >= len(node.input):
        raise UnsupportedError(f"{node.op_type} of {len(node.input)} inputs")
    return [node.input[position] for position in positions]


def _size(size: Any) -> int | str:
    """A number, or the name of what is open."""
    return size.dim_value if size.HasField("dim_value") else size.dim_param or "?"
