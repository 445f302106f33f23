"""How often bits are one and how large slices are: what the energy of compute-in-memory hardware takes of its data.

Operands are described by a histogram over the integers -h ... h with h = 2^(n-1) - 1, zero in the middle: values of n
bits, sign included. An encoding turns each value into bits; hardware holds or sends them in slices of a few bits. For
any statistic of bits and slices there is a table with one row per value, so that all statistics of all layers are one
matrix product, histograms [..., bins] @ table [bins, statistics], differentiable in the histograms.

Where per-bit densities are all that is known, means of slices follow from them alone, and squares if bits are
independent of one another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from accelax.components.numbers import Number, namespace, sqrt
from accelax.errors import did_you_mean

Slices = tuple[int, ...]
"""Bits of each slice, the most significant first."""


def _binary(values: np.ndarray, bits: int) -> np.ndarray:
    """The bits of whole numbers, the most significant first."""
    return (values[:, None] >> np.arange(bits - 1, -1, -1) & 1).astype(float)


def _offset(values: np.ndarray, bits: int) -> np.ndarray:
    """The distance from the least value, which is never negative."""
    return _binary(values - values[0], bits)[None]


def _twos_complement(values: np.ndarray, bits: int) -> np.ndarray:
    """The value modulo 2^bits."""
    return _binary(values % 2**bits, bits)[None]


def _magnitude(values: np.ndarray, bits: int) -> np.ndarray:
    """The value without its sign, which is handled elsewhere: one bit less."""
    return _binary(abs(values), bits - 1)[None]


def _differential(values: np.ndarray, bits: int) -> np.ndarray:
    """Two parts: one holds what is positive, the other what is negative; of each value, one part is zero."""
    return np.stack([_binary(np.maximum(sign * values, 0), bits - 1) for sign in (1, -1)])


def _xnor(values: np.ndarray, bits: int) -> np.ndarray:
    """Bits that stand for +1 and -1, of weights 2^(bits-1) ... 1, 1/2 and 1/2; the largest weight is settled first."""
    rest = values.astype(float)
    digits = []
    for weight in [2.0**power for power in range(bits - 1, -1, -1)] + [0.5, 0.5]:
        digits.append((rest > 0).astype(float))
        rest = rest - weight * (2 * digits[-1] - 1)
    return np.stack(digits, axis=-1)[None]


def _zero_gated_xnor(values: np.ndarray, bits: int) -> np.ndarray:
    """As :func:`_xnor`, with all bits of a zero off."""
    return _xnor(values, bits) * (values != 0)[:, None]


ENCODINGS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "offset": _offset,
    "twos_complement": _twos_complement,
    "magnitude": _magnitude,
    "differential": _differential,
    "two_part": _differential,
    "xnor": _xnor,
    "zero_gated_xnor": _zero_gated_xnor,
}
"""From values and their bits to an array [parts, values, bits] of zeros and ones, the most significant bit first."""
IF_SIGNED = "_if_signed"
"""At the end of the name of an encoding: ``magnitude`` where no value is negative."""


def histogram_bits(histogram: Number) -> int:
    """The bits n of the values of a histogram of 2^n - 1 bins, sign included.

    Raises:
        ValueError: it has another number of bins.

    >>> histogram_bits(np.ones(7))
    3
    """
    bins = histogram.shape[-1]
    bits = int(bins).bit_length()
    if bins < 3 or bins != 2**bits - 1:
        raise ValueError(f"a histogram has 2^bits - 1 bins around zero, at least 3, not {bins}")
    return bits


def histogram_of(values: Any, bits: int, largest: float | None = None) -> np.ndarray:
    """The histogram of real values, rounded to the integers of ``bits`` bits; ``largest`` maps to the largest of them.

    Without ``largest`` it is the largest magnitude that occurs. Values beyond it are clipped. Sums to 1.

    Raises:
        ValueError: there are fewer than two bits, or no values.

    >>> histogram_of([0.0, 1.0, -1.0, 0.4], 2).tolist()
    [0.25, 0.5, 0.25]
    """
    given = np.asarray(values, dtype=float).ravel()
    if bits < 2 or given.size == 0:
        raise ValueError(f"a histogram needs values and at least 2 bits, not {given.size} values of {bits} bits")
    half = 2 ** (bits - 1) - 1
    reach = float(abs(given).max()) if largest is None else largest
    whole = np.clip(np.rint(given / (reach or 1.0) * half), -half, half).astype(int)
    return np.bincount(whole + half, minlength=2 * half + 1) / given.size


def is_signed(histogram: Number) -> bool:
    """Whether any value below zero has a share.

    Raises:
        ValueError: it is so in some histograms of a batch and not in others.
    """
    negative = np.asarray(histogram[..., : histogram.shape[-1] // 2]).sum(-1) > 0
    if negative.any() != negative.all():
        raise ValueError("some histograms have negative values and some have none: encode them apart")
    return bool(negative.all())


def encoding_named(name: str, signed: bool) -> str:
    """The encoding that a name stands for, given whether there are negative values.

    Raises:
        ValueError: there is no encoding of that name.

    >>> encoding_named("offset_if_signed", False), encoding_named("offset", False)
    ('magnitude', 'offset')
    """
    plain = name.lower().removesuffix(IF_SIGNED)
    if plain not in ENCODINGS:
        raise ValueError(f"no encoding is named {name!r}{did_you_mean(plain, ENCODINGS)}")
    return plain if signed or not name.lower().endswith(IF_SIGNED) else "magnitude"


@cache
def encoded_bits(encoding: str, bits: int) -> np.ndarray:
    """The bits of all values of ``bits`` bits, from the least value to the greatest: [parts, values, encoded bits].

    >>> encoded_bits("magnitude", 2).tolist()
    [[[1.0], [0.0], [1.0]]]
    """
    half = 2 ** (bits - 1) - 1
    return ENCODINGS[encoding](np.arange(-half, half + 1), bits)


def slices_of(total_bits: int, bits_per_slice: int | Sequence[int]) -> Slices:
    """The bits of each slice; of equal slices the last one, with the least significant bits, has what is left.

    Raises:
        ValueError: slices that are listed do not add up to the bits.

    >>> slices_of(7, 3)
    (3, 3, 1)
    """
    if isinstance(bits_per_slice, Sequence):
        if sum(bits_per_slice) != total_bits or min(bits_per_slice) < 1:
            raise ValueError(f"slices of {list(bits_per_slice)} bits do not make up {total_bits} bits")
        return tuple(bits_per_slice)
    if bits_per_slice < 1:
        raise ValueError(f"a slice has at least one bit, not {bits_per_slice}")
    whole, rest = divmod(total_bits, bits_per_slice)
    return (bits_per_slice,) * whole + ((rest,) if rest else ())


@cache
def slice_weights(slices: Slices, full_range: bool = False) -> np.ndarray:
    """The share of each bit in each slice's value, [bits, slices]: 1 is all ones in the widest slice.

    With ``full_range`` 1 is all ones in the slice itself.

    >>> slice_weights((2, 1)).round(3).tolist()
    [[0.667, 0.0], [0.333, 0.0], [0.0, 0.333]]
    """
    weights = np.zeros((sum(slices), len(slices)))
    row = 0
    for column, size in enumerate(slices):
        most = 2 ** (size if full_range else max(slices)) - 1
        weights[row : row + size, column] = 2.0 ** np.arange(size - 1, -1, -1) / most
        row += size
    return weights


def _to_total(bits: Number, total_bits: int) -> Number:
    """Bits along the last axis as a hardware of ``total_bits`` has them: cut, or filled with the mean of all."""
    have = bits.shape[-1]
    if total_bits <= have:
        return bits[..., :total_bits]
    space = namespace(bits)
    filled = space.broadcast_to(bits.mean(-1, keepdims=True), (*bits.shape[:-1], total_bits - have))
    return space.concatenate([bits, filled], axis=-1)


@dataclass(frozen=True)
class Activity:
    """Statistics of encoded operands; leading axes are those of the histograms.

    ``bits`` [..., bits] are the probabilities of ones, the most significant first; ``means`` and ``squares``
    [..., slices] the means of the value of a slice, between 0 and 1, and of its square.
    """

    bits: Number
    means: Number
    squares: Number

    @property
    def average(self) -> Number:
        """The mean value of a slice: ``AVERAGE_INPUT_VALUE`` or ``AVERAGE_WEIGHT_VALUE`` of CiMLoop."""
        return self.means.mean(-1)

    @property
    def root_mean_square(self) -> Number:
        """The root of the mean square of the values of slices."""
        return sqrt(self.squares.mean(-1))

    @property
    def rises(self) -> Number:
        """The probability that a bit rises from one independent value to the next, p (1 - p), over all bits."""
        return (self.bits * (1.0 - self.bits)).mean(-1)


@cache
def statistics_table(encoding: str, bits: int, slices: Slices, full_range: bool) -> np.ndarray:
    """What each value contributes to bits, means and squares of slices, side by side: [values, statistics]."""
    coded = _to_total(encoded_bits(encoding, bits), sum(slices))
    values = coded @ slice_weights(slices, full_range)
    return np.concatenate([coded, values, values**2], axis=-1).mean(0)


def activity(
    histogram: Number,
    encoding: str,
    bits_per_slice: int | Sequence[int],
    total_bits: int | None = None,
    full_range: bool = False,
) -> Activity:
    """The activity of operands with a histogram [..., 2^n - 1], encoded and cut into slices.

    A hardware of more ``total_bits`` than the encoding has sees the mean of its bits in the others. A histogram need
    not sum to 1. The two parts of a differential encoding are averaged.

    Raises:
        ValueError: no such encoding or slices; a histogram of another number of bins.

    >>> values = np.array([0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.5])  # 0 and 3, each half of the time
    >>> activity(values, "magnitude", 2).average, activity(values, "differential", 2).average
    (np.float64(0.5), np.float64(0.25))
    """
    n = histogram_bits(histogram)
    name = encoding.lower()
    name = encoding_named(name, name.endswith(IF_SIGNED) and is_signed(histogram))
    have = encoded_bits(name, n).shape[-1]
    slices = slices_of(have if total_bits is None else total_bits, bits_per_slice)
    table = namespace(histogram).asarray(statistics_table(name, n, slices, full_range))
    found = histogram @ table / histogram.sum(-1, keepdims=True)
    end, count = sum(slices), len(slices)
    return Activity(found[..., :end], found[..., end : end + count], found[..., end + count :])


def activity_of_bits(probabilities: Number, bits_per_slice: int | Sequence[int], full_range: bool = False) -> Activity:
    """The activity of operands of which only the probability of each bit [..., bits] is known.

    Means are exact; squares hold if bits are independent: the squared mean plus the sum of w² p (1 - p).

    >>> activity_of_bits(np.array([0.5, 0.5]), 2).average
    np.float64(0.5)
    """
    slices = slices_of(probabilities.shape[-1], bits_per_slice)
    weights = namespace(probabilities).asarray(slice_weights(slices, full_range))
    means = probabilities @ weights
    return Activity(probabilities, means, means**2 + (probabilities * (1.0 - probabilities)) @ weights**2)


@dataclass(frozen=True)
class ColumnSum:
    """Mean and variance of what a column sums up, over the sum of all ones: what a converter sees."""

    mean: Number
    variance: Number

    @property
    def mean_square(self) -> Number:
        """The mean of the squared sum, to which what charges a capacitor is in proportion."""
        return self.mean**2 + self.variance


def column_sum(inputs: Activity, weights: Activity, rows: Number) -> ColumnSum:
    """The sum over ``rows`` products of independent input and weight slices, as a share of its largest value.

    >>> ones = activity_of_bits(np.array([0.5]), 1)
    >>> total = column_sum(ones, ones, 4)  # each product is 1 with probability 1/4
    >>> float(total.mean), float(total.variance)
    (0.25, 0.046875)
    """
    mean = inputs.average * weights.average
    squares = inputs.squares.mean(-1) * weights.squares.mean(-1)
    return ColumnSum(mean, (squares - mean**2) / rows)
