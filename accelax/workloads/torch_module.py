"""PyTorch modules as layers, through torch.export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from accelax.errors import SpecError, UnsupportedError
from accelax.workloads.extras import optional_module
from accelax.workloads.gathering import Gathering
from accelax.workloads.shapes import LayerShape, attention, convolution, matrix_product
from accelax.workloads.torch_operators import IGNORED, KEPT, PRODUCT_INPUTS
from accelax.workloads.workload import Workload


def read_torch(
    module: Any,
    example_inputs: Sequence[Any] = (),
    *,
    keyword_inputs: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Workload:
    """The layers of a ``torch.nn.Module``, or of an ``ExportedProgram``, which needs no inputs.

    The module is exported in the mode it is in (call ``module.eval()`` for inference) without gradients, and decomposed
    to aten's core operators; layers carry the names of the modules they are in. Sizes are those of
    ``example_inputs``. Tensors on the device ``meta`` do, so that a large model needs no memory. A product that the
    module writes as an elementwise multiplication and a sum is not seen as one.

    Raises:
        AccelaxError: the package torch is not installed.
        SpecError: neither a module nor an exported program.
        UnsupportedError: torch can not export the module, such as for control flow that depends on values.
    """
    torch = optional_module("torch", "torch", "reading PyTorch modules")
    export = optional_module("torch.export", "torch", "reading PyTorch modules")
    if isinstance(module, torch.nn.Module):
        name = name or type(module).__name__
        try:
            with torch.no_grad():
                program = export.export(module, tuple(example_inputs), dict(keyword_inputs or {}))
        except Exception as error:
            raise UnsupportedError(f"the module {name}, which torch can not export ({_reason(error)}),") from error
    elif isinstance(module, export.ExportedProgram):
        program = module
    else:
        raise SpecError(f"expected a torch.nn.Module or an ExportedProgram, got {type(module).__name__}")
    decompositions = export.default_decompositions()
    for operator in KEPT:
        decompositions.pop(getattr(torch.ops.aten, operator).default, None)
    gathering = Gathering()
    _Reader(torch, program.run_decompositions(decompositions), gathering).read()
    return gathering.workload(name or "model")


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


class _Reader:
    """Goes through the graph of an exported program, knowing which values never change."""

    def __init__(self, torch: Any, program: Any, gathering: Gathering):
        self.torch = torch
        self.program = program
        self.gathering = gathering
        signature = program.graph_signature
        written = set(signature.buffers_to_mutate.values())
        buffers = {name for name, target in signature.inputs_to_buffers.items() if target not in written}
        fixed = {*signature.inputs_to_parameters, *signature.inputs_to_lifted_tensor_constants}
        self.constants: set[str] = fixed | buffers

    def read(self) -> None:
        """Gather every call."""
        for node in self.program.graph.nodes:
            if node.op != "call_function":
                continue
            operator = _operator(node)
            inputs = node.all_input_nodes
            constant = bool(inputs) and all(value.name in self.constants for value in inputs)
            if constant and (self._is_ignored(node, operator) or operator in PRODUCT_INPUTS):
                self.constants.add(node.name)
                known = operator not in PRODUCT_INPUTS
                self.gathering.ignore(_name(node), operator if known else f"{operator} of constants")
                continue
            self.gathering.read(_name(node), operator, partial(self._shapes, node, operator))

    def _shapes(self, node: Any, operator: str) -> Iterable[LayerShape]:
        """What one call adds; nothing when it sums no products. Raises UnsupportedError."""
        if operator in PRODUCT_INPUTS:
            left, right = (node.args[position] for position in PRODUCT_INPUTS[operator])
            swap = left.name in self.constants and right.name not in self.constants
            return (matrix_product(_shape(left), _shape(right), weights_left=swap),)
        if operator == "convolution":
            return (_convolution(node),)
        if operator.startswith("_scaled_dot_product"):
            return _attention(node)
        if self._is_ignored(node, operator):
            return ()
        raise UnsupportedError("an operator that accelax does not know")

    def _is_ignored(self, node: Any, operator: str) -> bool:
        """Whether the call is known to sum no products: torch says that it is pointwise, or it is listed."""
        tags = getattr(node.target, "tags", ())
        if operator == "getitem" or getattr(node.target, "__module__", "") in ("_operator", "math"):
            return True
        aten = getattr(node.target, "namespace", "") == "aten"
        return aten and (self.torch.Tag.pointwise in tags or operator in IGNORED)


def _operator(node: Any) -> str:
    """The name of what a node calls: that of aten's operators without their overloads, others with their namespace."""
    target = node.target
    if not hasattr(target, "namespace"):
        return getattr(target, "__name__", str(target))
    packet = getattr(target, "overloadpacket", target)
    name = getattr(packet, "__name__", str(target))
    return name if target.namespace == "aten" else f"{target.namespace}.{name}"


def _name(node: Any) -> str:
    """The path of the innermost module that makes the call, or the node's own name outside of any."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = stack[-1][0] if stack else ""
    return path or node.name


def _shape(node: Any) -> list[int]:
    """The sizes of one value. Raises UnsupportedError when any is open."""
    shape = list(node.meta["val"].shape)
    if not all(isinstance(size, int) for size in shape):
        raise UnsupportedError(f"the open shape [{', '.join(map(str, shape))}] of {node.name!r}")
    return shape


def _convolution(node: Any) -> LayerShape:
    pixels, weights, _, strides, _, dilations, transposed, _, groups = node.args
    if transposed:
        raise UnsupportedError("a transposed convolution")
    image, filters, outputs = _shape(pixels), _shape(weights), _shape(node)
    dimensions = len(filters) - 2
    if len(image) != dimensions + 2:
        image, outputs = [1, *image], [1, *outputs]
    return convolution(
        batch=image[0],
        channels=image[1],
        filters=filters[0],
        window=filters[2:],
        outputs=outputs[2:],
        strides=_each(strides, dimensions),
        dilations=_each(dilations, dimensions),
        groups=groups,
    )


def _each(values: Sequence[int], dimensions: int) -> list[int]:
    """One value per dimension; torch lets one stand for all."""
    return list(values) if len(values) == dimensions else list(values) * dimensions


def _attention(node: Any) -> Iterable[LayerShape]:
    """The kernels of scaled_dot_product_attention that torch does not decompose."""
    queries, keys, values = (_shape(value) for value in node.args[:3])
    if not len(queries) == len(keys) == len(values) == 4:
        raise UnsupportedError(f"attention of shapes {queries}, {keys} and {values}")
    return attention(
        batch=queries[0],
        heads=queries[1],
        key_heads=keys[1],
        queries=queries[2],
        keys=keys[2],
        features=queries[3],
        value_features=values[3],
    )
