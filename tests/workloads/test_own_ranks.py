"""Layers in the names of a machine's own problem."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import accelax as ax
from accelax.codesign.network import read_network
from accelax.workloads import LayerShape, Workload, read_transformer
from accelax.workloads.own_ranks import convolution_ranks
from accelax.workloads.shapes import gemm
from accelax.workloads.workload import ImportedLayer

CONFIGS = Path(__file__).parents[2] / "configs"
WINDOWS = [[["R"], ["P", "Wstride"]], [["S", "Hdilation"], ["Q", "Hstride"]]]


def problem(inputs=None, weights=None, outputs=None):
    """A convolution without a batch, dilated along the height alone; parts of it replaced."""
    spaces = [
        {"name": "W", "projection": weights or [[["C"]], [["K"]], [["R"]], [["S"]]]},
        {"name": "I", "projection": inputs or [[["C"]], *WINDOWS]},
        {"name": "O", "projection": outputs or [[["K"]], [["P"]], [["Q"]]], "read_write": True},
    ]
    return {"shape": {"data_spaces": spaces}}


def layer(kind="convolution", strides=(2, 3), dilations=(1, 4), **extents):
    """A layer of a convolution."""
    sizes = {"C": 5, "M": 7, "R": 3, "S": 2, "N": 1, "P": 11, "Q": 13} | extents
    return LayerShape(kind, tuple(sizes.items()), strides, dilations)


def test_every_part_of_a_convolution_finds_its_name():
    found = convolution_ranks(problem()).instance(layer())
    wanted = {"C": 5, "K": 7, "R": 3, "P": 11, "Wstride": 2, "S": 2, "Hdilation": 4, "Q": 13, "Hstride": 3}
    assert found == wanted


def test_rows_of_a_product_are_pixels_and_columns_are_channels():
    found = convolution_ranks(problem()).instance(gemm(64, 48, 32))
    assert found == {
        "C": 32, "K": 48, "R": 1, "P": 64, "Wstride": 1, "S": 1, "Hdilation": 1, "Q": 1, "Hstride": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    "shape",
    [layer(N=2), layer(dilations=(2, 1)), layer("depthwise", M=1)],
    ids=["a batch without a rank", "a dilation without a name", "depthwise"],
)
def test_a_layer_that_the_problem_can_not_say_has_no_instance(shape):
    assert convolution_ranks(problem()).instance(shape) is None


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"shape": "a file"},
        {"shape": {"data_spaces": []}},
        problem(inputs=[[["C"]], [["R"]], [["S"]]]),
        problem(inputs=[[["C"]], WINDOWS[0]]),
        problem(inputs=[[["C"]], [["R"], ["S"]], WINDOWS[1]]),
        problem(inputs=[[["C"]], [["G"]], *WINDOWS], weights=[[["C"]], [["G"]], [["K"]], [["R"]], [["S"]]]),
        problem(weights=[[["C"]], [["K"]], [["R"]], [["S"]], [["X"]]]),
        problem(weights=[[["K"]], [["R"]], [["S"]]]),
    ],
)
def test_other_problems_are_not_taken_for_convolutions(given):
    assert convolution_ranks(given) is None


def test_imported_layers_come_in_the_ranks_that_constraints_name():
    machine = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "gemmini_like.yaml", CONFIGS / "workload" / "gemmini_layer.yaml"
    )
    small = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 3, "sequence": 5}
    workload = read_transformer(small)
    found = read_network(machine, workload)
    extents = [dict(one.specification.lowered().einsum.bounds) for one in found]
    work = sum(one.count * math.prod(sizes.values()) for one, sizes in zip(found, extents, strict=True))
    assert set(extents[0]) == set("RSPQCKN")
    assert work == sum(one.shape.products * one.count for one in workload.imported)


def test_layers_that_one_of_them_can_not_say_keep_their_own_problem():
    machine = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "two_level.yaml", CONFIGS / "workload" / "gemmini_layer.yaml"
    )
    shapes = layer("depthwise", M=1), layer(dilations=(1, 1))
    imported = tuple(ImportedLayer(shape, (f"layer {number}",)) for number, shape in enumerate(shapes))
    found = read_network(machine, Workload("two", imported))
    assert all("M" in dict(one.specification.lowered().einsum.bounds) for one in found)
