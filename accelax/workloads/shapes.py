"""The shape of one operator that multiplies tensors: its loop extents, as the problem files know them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accelax.errors import UnsupportedError

Kind = Literal["convolution", "grouped convolution", "depthwise", "gemm", "batched gemm"]


@dataclass(frozen=True)
class LayerShape:
    """Loop extents of one group of a convolution, or of one matrix product.

    A convolution computes ``Outputs[n, m, p, q] += Inputs[n, c, p*Wstride + r*Wdilation, q*Hstride + s*Hdilation] *
    Weights[m, c, r, s]``, a depthwise one likewise for each of its C channels with M outputs each, a product
    ``Outputs[m, n] += Inputs[m, k] * Weights[k, n]``. ``strides`` and ``dilations`` are (width, height). ``groups`` is
    how often one operator repeats this: the groups of a grouped convolution, the products of a batched one.
    """

    kind: Kind
    extents: tuple[tuple[str, int], ...]
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        for rank, extent in (*self.extents, ("groups", self.groups)):
            if extent < 1:
                raise UnsupportedError(f"an empty tensor ({rank} = {extent})")

    @property
    def is_convolution(self) -> bool:
        """Whether this is a convolution of any kind."""
        return self.kind not in ("gemm", "batched gemm")

    def as_convolution(self, rows: str = "N") -> dict[str, int]:
        """The extents of a convolution; those of a product are a 1x1 one's, whose rank ``rows`` has its rows.

        >>> gemm(4, 3, 2).as_convolution()
        {'C': 2, 'M': 3, 'R': 1, 'S': 1, 'N': 4, 'P': 1, 'Q': 1}
        """
        extents = dict(self.extents)
        if self.is_convolution:
            return extents
        ones = {"R": 1, "S": 1, "N": 1, "P": 1, "Q": 1}
        return {"C": extents["K"], "M": extents["N"], **ones, rows: extents["M"]}

    @property
    def products(self) -> int:
        """Multiplications of one operator, all groups together.

        >>> gemm(4, 3, 2, groups=5).products
        120
        """
        return math.prod(extent for _, extent in self.extents) * self.groups


def gemm(rows: int, columns: int, reduction: int, groups: int = 1) -> LayerShape:
    """``groups`` products of a ``rows`` x ``reduction`` with a ``reduction`` x ``columns`` matrix.

    Raises UnsupportedError for an extent of 0.
    """
    extents = (("M", rows), ("N", columns), ("K", reduction))
    return LayerShape("batched gemm" if groups > 1 else "gemm", extents, groups=groups)


def convolution(
    *,
    batch: int,
    channels: int,
    filters: int,
    window: Sequence[int],
    outputs: Sequence[int],
    strides: Sequence[int] = (),
    dilations: Sequence[int] = (),
    groups: int = 1,
) -> LayerShape:
    """A convolution over one dimension (width) or two (height, width) from its sizes in the order of the frameworks.

    ``channels`` and ``filters`` count all groups. Of groups with one input channel each the shape is a depthwise one
    over ``groups`` channels. Padding is in ``outputs``: the windows are taken to read as far as they reach.

    >>> convolution(batch=1, channels=8, filters=16, window=[3, 5], outputs=[7, 9], groups=2).extents
    (('C', 4), ('M', 8), ('R', 5), ('S', 3), ('N', 1), ('P', 9), ('Q', 7))

    Raises:
        UnsupportedError: it runs over other than one or two dimensions, or a size is 0.
    """
    dimensions = len(window)
    if dimensions not in (1, 2) or len(outputs) != dimensions:
        raise UnsupportedError(f"a convolution over {dimensions} dimensions")
    if groups < 1 or channels % groups or filters % groups:
        raise UnsupportedError(f"a convolution of {channels} channels to {filters} in {groups} groups")
    (width, height), (columns, rows) = _width_first(window), _width_first(outputs)
    depthwise = groups > 1 and channels == groups
    extents = (
        ("C", channels if depthwise else channels // groups),
        ("M", filters // groups),
        ("R", width),
        ("S", height),
        ("N", batch),
        ("P", columns),
        ("Q", rows),
    )
    steps, spread = _width_first(strides or [1] * dimensions), _width_first(dilations or [1] * dimensions)
    if depthwise:
        return LayerShape("depthwise", extents, steps, spread)
    return LayerShape("grouped convolution" if groups > 1 else "convolution", extents, steps, spread, groups)


def _width_first(sizes: Sequence[int]) -> tuple[int, int]:
    """(width, height) from (height, width) or (width,); the height of the latter is 1."""
    return (sizes[-1], sizes[0] if len(sizes) == 2 else 1)


def matrix_product(left: Sequence[int], right: Sequence[int], *, weights_left: bool = False) -> LayerShape:
    """The product of two arrays by the rules of numpy.matmul.

    A leading dimension of the left array alone (the right one is broadcast over it) adds rows, one of the right array
    alone adds columns, and one of both repeats the product. With ``weights_left`` the product is transposed, so that
    the weights, which were the left array, become the right one: ``W x = (x' W')'``.

    >>> matrix_product([2, 5, 3], [3, 4]).extents
    (('M', 10), ('N', 4), ('K', 3))
    >>> matrix_product([2, 1, 5, 3], [2, 6, 3, 4])
    LayerShape(kind='batched gemm', extents=(('M', 5), ('N', 24), ('K', 3)), strides=(1, 1), dilations=(1, 1), groups=2)

    Raises:
        UnsupportedError: no such product exists, or an extent is 0.
    """
    if not left or not right:
        raise UnsupportedError(f"a product of shapes {list(left)} and {list(right)}")
    one = [1, *left] if len(left) == 1 else list(left)
    other = [*right, 1] if len(right) == 1 else list(right)
    *first, rows, reduction = one
    *second, depth, columns = other
    length = max(len(first), len(second))
    pairs = zip([1] * (length - len(first)) + first, [1] * (length - len(second)) + second, strict=True)
    groups = 1
    for a, b in pairs:
        if a != b and 1 not in (a, b):
            raise UnsupportedError(f"a product of shapes {list(left)} and {list(right)}")
        groups, rows, columns = (groups * a, rows, columns) if a == b else (groups, rows * a, columns * b)
    if reduction != depth:
        raise UnsupportedError(f"a product of shapes {list(left)} and {list(right)}")
    return gemm(columns, rows, reduction, groups) if weights_left else gemm(rows, columns, reduction, groups)


def attention(
    *, batch: int, heads: int, key_heads: int, queries: int, keys: int, features: int, value_features: int
) -> tuple[LayerShape, LayerShape]:
    """The two products of attention: queries with keys, and the probabilities with the values.

    ``key_heads`` divides ``heads``: the query heads of a group meet the same keys, so they add rows to one product.

    >>> [shape.extents for shape in attention(batch=1, heads=8, key_heads=2, queries=5, keys=7, features=4,
    ...                                       value_features=3)]
    [(('M', 20), ('N', 7), ('K', 4)), (('M', 20), ('N', 3), ('K', 7))]

    Raises:
        UnsupportedError: the heads do not divide, or an extent is 0.
    """
    if key_heads < 1 or heads % key_heads:
        raise UnsupportedError(f"attention of {heads} query heads to {key_heads} key heads")
    rows, groups = heads // key_heads * queries, batch * key_heads
    return gemm(rows, keys, features, groups), gemm(rows, value_features, keys, groups)


def contraction(equation: str, shapes: Sequence[Sequence[int]], *, weights_left: bool = False) -> LayerShape | None:
    """An Einsum of two operands as a matrix product, or None when it sums no product.

    >>> contraction("bhid,bhjd->bhij", [(1, 2, 5, 4), (1, 2, 7, 4)]).extents
    (('M', 5), ('N', 7), ('K', 4))
    >>> contraction("ij->ji", [(2, 3)])

    Raises:
        UnsupportedError: three or more operands, an ellipsis, an index that repeats in one operand, or one that is
            summed over in a single operand.
    """
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    operands = inputs.split(",")
    if not arrow:
        indices = inputs.replace(",", "")
        output = "".join(sorted(index for index in set(indices) if indices.count(index) == 1))
    if len(operands) == 1:
        return None
    unusual = len(operands) != 2 or "." in equation or any(len(set(term)) != len(term) for term in (*operands, output))
    if unusual or [len(term) for term in operands] != [len(shape) for shape in shapes]:
        raise UnsupportedError(f"the Einsum {equation!r}")
    left, right = operands
    if (set(left) ^ set(right)) - set(output):
        raise UnsupportedError(f"the Einsum {equation!r}")
    extent = {
        index: size
        for term, shape in zip(operands, shapes, strict=True)
        for index, size in zip(term, shape, strict=False)
    }
    summed = [index for index in left if index not in output]
    if not summed:
        return None
    rows = math.prod(extent[index] for index in left if index not in right)
    columns = math.prod(extent[index] for index in right if index not in left)
    groups = math.prod(extent[index] for index in left if index in right and index in output)
    if weights_left:
        rows, columns = columns, rows
    return gemm(rows, columns, math.prod(extent[index] for index in summed), groups)
