"""Layers as the study maps them, and how a network is written down layer by layer.

Extents that do not factor well would leave lanes of every fan-out idle, since mappings are perfect. The study rounds
the channels and the sides of feature maps up to four significant bits: 1000 classes become 1024, 58 channels 60.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

SIGNIFICANT_BITS = 4
RANKS = ("C", "M", "R", "S", "P", "Q", "G")
"""Input channels and outputs of a group, filter, output feature map, groups."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One convolution or fully connected layer for one sample.

    ``C`` and ``M`` count the channels of one of the ``G`` groups, ``R x S`` is the filter, ``P x Q`` the output and
    ``W x H`` the input feature map.
    """

    network: str
    index: int
    name: str
    C: int
    M: int
    R: int = 1
    S: int = 1
    P: int = 1
    Q: int = 1
    G: int = 1
    W: int = 1
    H: int = 1
    Wstride: int = 1
    Hstride: int = 1

    @property
    def bounds(self) -> dict[str, int]:
        """The extents of the ranks of one sample."""
        return {rank: getattr(self, rank) for rank in RANKS}

    @property
    def shape(self) -> Shape:
        """All that a mapping depends on: the extents, then the strides along P and Q."""
        return (*self.bounds.values(), self.Wstride, self.Hstride)

    @property
    def macs(self) -> int:
        """Multiplications for one sample."""
        return math.prod(self.bounds.values())


def padded(extent: int) -> int:
    """The least number not below ``extent`` that four significant bits can write.

    >>> padded(1000), padded(58), padded(111), padded(12)
    (1024, 60, 112, 12)
    """
    step = 1 << max(extent.bit_length() - SIGNIFICANT_BITS, 0)
    return -(-extent // step) * step


class NetworkBuilder:
    """Writes the layers of a network one after the other and keeps track of the sizes between them.

    ``channels`` and ``side`` are those of the current feature map, which is square, before any padding. ``widened``
    maps channels to what the study made of them where that is not :func:`padded`.
    """

    def __init__(self, network: str, channels: int, side: int = 1, widened: Mapping[int, int] | None = None):
        self.network, self.channels, self.side = network, channels, side
        self.widened = dict(widened or {})
        self.layers: list[Layer] = []

    def _width(self, channels: int) -> int:
        return self.widened.get(channels, padded(channels))

    def convolve(
        self,
        name: str,
        outputs: int,
        kernel: int | tuple[int, int] = 1,
        stride: int = 1,
        padding: int | None = None,
        depthwise: bool = False,
    ) -> None:
        """Add a convolution.

        ``kernel`` is its side, or its two sides. ``padding`` is what is added around the input, by default as much as
        keeps the size at stride 1 (along both sides). A depthwise convolution has one channel in each group.
        """
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        given = padded(self.side)
        border = max(sides) // 2 if padding is None else padding

        def output(side: int) -> int:
            return side if padding is None and stride == 1 else (side + 2 * border - max(sides)) // stride + 1

        size = padded(output(given))
        self.layers.append(
            Layer(
                network=self.network,
                index=len(self.layers),
                name=name,
                C=1 if depthwise else self._width(self.channels),
                M=1 if depthwise else self._width(outputs),
                R=sides[0],
                S=sides[1],
                P=size,
                Q=size,
                G=self._width(self.channels) if depthwise else 1,
                W=given,
                H=given,
                Wstride=stride,
                Hstride=stride,
            )
        )
        self.channels, self.side = outputs, output(self.side)

    def pool(self, kernel: int = 3, stride: int = 2, padding: int = 0, round_up: bool = False) -> None:
        """Shrink the feature map as a pooling layer does."""
        span = self.side + 2 * padding - kernel
        self.side = (-(-span // stride) if round_up else span // stride) + 1

    def connect(self, name: str, outputs: int) -> None:
        """Add a fully connected layer; of a feature map it sees the averages."""
        self.side = 1
        self.convolve(name, outputs)

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Layers added inside start from the feature map before, which is the current one again afterwards."""
        channels, side = self.channels, self.side
        yield
        self.channels, self.side = channels, side

    def join(self, branches: Sequence[int], side: int | None = None) -> None:
        """Go on from branches with these channels, put side by side."""
        self.channels = sum(branches)
        self.side = self.side if side is None else side
