"""Encodings and slices against sums over all values, and gradients of activity in the distribution."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from accelax.components.activity import (
    ENCODINGS,
    activity,
    activity_of_bits,
    column_sum,
    encoded_bits,
    encoding_named,
    histogram_bits,
    histogram_of,
    is_signed,
    slice_weights,
    slices_of,
)  # fmt: skip

LOPSIDED = np.array([1.0, 2.0, 4.0, 9.0, 3.0, 2.0, 5.0])
"""Of the values -3 ... 3: 26 in all."""


def bits_of(name: str, value: int, n: int) -> list[list[int]]:
    """The parts of an encoded value, by the words of the encoding's definition."""
    half = 2 ** (n - 1) - 1
    if name == "offset":
        return [[int(b) for b in format(value + half, f"0{n}b")]]
    if name == "twos_complement":
        return [[int(b) for b in format(value if value >= 0 else 2**n + value, f"0{n}b")]]
    if name == "magnitude":
        return [[int(b) for b in format(abs(value), f"0{n - 1}b")]]
    if name in ("differential", "two_part"):
        return [[int(b) for b in format(max(part, 0), f"0{n - 1}b")] for part in (value, -value)]
    if name == "zero_gated_xnor" and value == 0:
        return [[0] * (n + 2)]
    rest, digits = float(value), []
    for power in [*range(n - 1, -1, -1), -1, -1]:
        digits.append(1 if rest > 0 else 0)
        rest -= 2.0**power if rest > 0 else -(2.0**power)
    assert rest == 0
    return [digits]


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_statistics_are_sums_over_values(name: str, size: int) -> None:
    n, half = 3, 3
    total = len(bits_of(name, 0, n)[0])
    slices = slices_of(total, size)
    means, squares, ones = np.zeros(len(slices)), np.zeros(len(slices)), np.zeros(total)
    for value in range(-half, half + 1):
        parts = bits_of(name, value, n)
        for part in parts:
            share = LOPSIDED[value + half] / 26 / len(parts)
            ones += share * np.array(part)
            start = 0
            for index, length in enumerate(slices):
                number = int("".join(map(str, part[start : start + length])), 2) / (2 ** max(slices) - 1)
                means[index] += share * number
                squares[index] += share * number**2
                start += length

    found = activity(LOPSIDED, name, size)

    np.testing.assert_allclose(found.bits, ones, rtol=1e-12)
    np.testing.assert_allclose(found.means, means, rtol=1e-12)
    np.testing.assert_allclose(found.squares, squares, rtol=1e-12)
    assert found.average == pytest.approx(means.mean())
    assert found.root_mean_square == pytest.approx(np.sqrt(squares.mean()))
    assert found.rises == pytest.approx(np.mean(ones * (1 - ones)))


@pytest.mark.parametrize("n", [2, 4, 8])
def test_bits_stand_for_their_values(n: int) -> None:
    half = 2 ** (n - 1) - 1
    values = np.arange(-half, half + 1)
    places = 2.0 ** np.arange(n - 1, -1, -1)

    np.testing.assert_array_equal(encoded_bits("offset", n)[0] @ places - half, values)
    np.testing.assert_array_equal(encoded_bits("twos_complement", n)[0] @ (places * ([-1] + [1] * (n - 1))), values)
    np.testing.assert_array_equal(encoded_bits("magnitude", n)[0] @ places[1:], abs(values))
    positive, negative = encoded_bits("differential", n) @ places[1:]
    np.testing.assert_array_equal(positive - negative, values)
    signs = 2 * encoded_bits("xnor", n)[0] - 1
    np.testing.assert_array_equal(signs @ np.append(places, [0.5, 0.5]), values)


def test_worked_by_hand() -> None:
    """3 once and -1 once, in 3 bits: offset 6 = 110 and 2 = 010; magnitude 11 and 01; differential 11, 00 | 00, 01."""
    histogram = np.array([0, 0, 1, 0, 0, 0, 1])

    assert activity(histogram, "offset", 1).bits.tolist() == [0.5, 1.0, 0.0]
    assert activity(histogram, "magnitude", 2).average == pytest.approx((3 + 1) / 2 / 3)
    assert activity(histogram, "differential", 2).average == pytest.approx((3 + 1) / 4 / 3)
    assert activity(histogram, "offset", 2).means.tolist() == pytest.approx([(3 + 1) / 2 / 3, 0.0])
    assert activity(histogram, "offset", 2, full_range=True).means.tolist() == pytest.approx([2 / 3, 0.0])


def test_layers_are_a_batch() -> None:
    layers = np.random.default_rng(1).random((2, 5, 15))

    batch = activity(layers, "offset", 2)

    assert batch.bits.shape == (2, 5, 4)
    assert batch.average.shape == (2, 5)
    assert batch.average[1, 3] == pytest.approx(activity(layers[1, 3], "offset", 2).average)


@pytest.mark.parametrize("name", ENCODINGS)
def test_gradient_in_the_distribution(name: str, x64: None) -> None:
    def energy(histogram):
        found = activity(histogram, name, 2)
        return found.average + 0.3 * found.root_mean_square + 0.7 * found.rises

    gradient = jax.jit(jax.grad(energy))(jnp.asarray(LOPSIDED))

    step = 1e-5
    for index in range(7):
        change = np.eye(7)[index] * step
        difference = (energy(LOPSIDED + change) - energy(LOPSIDED - change)) / (2 * step)
        assert gradient[index] == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_encodings_that_depend_on_signs() -> None:
    positive = np.array([0, 0, 0, 1, 2, 3, 4])

    assert encoding_named("XNOR_if_signed", False) == "magnitude"
    assert not is_signed(positive)
    assert activity(positive, "offset_if_signed", 2).bits.tolist() == activity(positive, "magnitude", 2).bits.tolist()
    assert activity(LOPSIDED, "offset_if_signed", 2).bits.tolist() == activity(LOPSIDED, "offset", 2).bits.tolist()
    with pytest.raises(ValueError, match="encode them apart"):
        activity(np.stack([positive, LOPSIDED]), "offset_if_signed", 2)


def test_hardware_of_more_bits_sees_the_mean_of_the_others() -> None:
    found = activity(LOPSIDED, "offset", 1, total_bits=5)

    assert found.bits.shape == (5,)
    assert found.bits[3:] == pytest.approx([found.bits[:3].mean()] * 2)
    assert activity(LOPSIDED, "offset", 1, total_bits=2).bits == pytest.approx(found.bits[:2])


def test_bit_densities() -> None:
    """Bits of 0.2, 0.6 and 0.5, 1.0 in slices of two: (0.4 + 0.6) / 3 and (1 + 1) / 3."""
    found = activity_of_bits(np.array([0.2, 0.6, 0.5, 1.0]), 2)

    assert found.means.tolist() == pytest.approx([1 / 3, 2 / 3])
    both = sum(
        (p if a else 1 - p) * (q if b else 1 - q) * ((2 * a + b) / 3) ** 2
        for a in (0, 1) for b in (0, 1) for p, q in [(0.2, 0.6)]
    )  # fmt: skip
    assert found.squares[0] == pytest.approx(both)


def test_column_sum_is_the_moments_of_independent_products() -> None:
    rng = np.random.default_rng(0)
    inputs, weights = activity(rng.random(7), "magnitude", 2), activity(rng.random(7), "offset", 3)
    rows = 3

    total = column_sum(inputs, weights, rows)

    mean = inputs.average * weights.average
    square = inputs.squares[0] * weights.squares[0]
    assert total.mean == pytest.approx(mean)
    assert total.mean_square == pytest.approx((rows * square + rows * (rows - 1) * mean**2) / rows**2)


def test_histogram_of_values() -> None:
    values = [0.0, 2.0, -2.0, 0.6, 0.6]  # of 3 bits: 0, 3, -3, 0.9 -> 1, 1

    assert histogram_of(values, 3).tolist() == [0.2, 0, 0, 0.2, 0.4, 0, 0.2]
    assert histogram_of(values, 3, largest=0.5).tolist() == [0.2, 0, 0, 0.2, 0, 0, 0.6]
    assert histogram_of([0.0], 2).tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="0 values of 4 bits"):
        histogram_of([], 4)


def test_slices() -> None:
    assert slices_of(8, 3) == (3, 3, 2)
    assert slices_of(8, [1, 7]) == (1, 7)
    assert slice_weights((1, 2), full_range=True).tolist() == pytest.approx(np.array([[1, 0], [0, 2 / 3], [0, 1 / 3]]))
    for wrong in ([3, 4], 0, [8, 0]):
        with pytest.raises(ValueError, match=r"bits|bit"):
            slices_of(8, wrong)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="did you mean 'differential'"):
        activity(LOPSIDED, "diferential", 2)
    for bins in (1, 6, 8):
        with pytest.raises(ValueError, match=f"not {bins}"):
            histogram_bits(np.ones(bins))
