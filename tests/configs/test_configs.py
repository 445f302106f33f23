"""Every file under ``configs/`` loads, and holds what its source says."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import accelax as ax
from accelax.ir import LoweredLevels
from accelax.spec.text import load_documents

CONFIGS = Path(__file__).parents[2] / "configs"
MACHINES = ("eyeriss_like", "simba_like", "weight_stationary", "output_stationary", "tpu_like", "two_level")
NETWORKS = ("resnet18", "alexnet", "vgg16", "mobilenet_v2", "bert_base", "gpt2")


def transformer_macs(tokens: int, features: int, inner: int, blocks: int) -> int:
    """Four projections, two products of attention and two feed-forward products in every block."""
    projections = 4 * tokens * features**2 + 2 * tokens * features * inner
    attention = 2 * tokens**2 * features
    return blocks * (projections + attention)


def transformer_weights(features: int, inner: int, blocks: int) -> int:
    return blocks * (4 * features**2 + 2 * features * inner)


# Multiply-accumulates of one input, as commonly reported (1.81 G, 0.72 G, 15.47 G, 0.30 G), to the last one.
MACS = {
    "resnet18": 1_814_073_344,
    "alexnet": 724_406_816,
    "vgg16": 15_470_264_320,
    "mobilenet_v2": 300_774_272,
    "bert_base": transformer_macs(512, 768, 3072, 12) + 768**2,
    "gpt2": transformer_macs(1024, 768, 3072, 12) + 1024 * 768 * 50257,
}
# Published parameter counts less biases and batch normalisation: 11,689,512 - 10,600; 60,965,224 - 10,568;
# 138,357,544 - 13,416; 3,504,872 - 35,112.
WEIGHTS = {
    "resnet18": 11_678_912,
    "alexnet": 60_954_656,
    "vgg16": 138_344_128,
    "mobilenet_v2": 3_469_760,
    "bert_base": transformer_weights(768, 3072, 12) + 768**2,
    "gpt2": transformer_weights(768, 3072, 12) + 768 * 50257,
}


def arch(name: str) -> Path:
    return CONFIGS / "arch" / f"{name}.yaml"


def figures(machine: str, layer: str, mapping: str) -> dict[str, Any]:
    """The result of one of the recorded mappings."""
    spec = ax.Specification.from_yaml_files(
        arch(machine), CONFIGS / "workload" / f"{layer}.yaml", CONFIGS / "mapping" / f"{mapping}.yaml"
    )
    return ax.evaluate(spec).to_dict()


@cache
def layers(network: str) -> tuple[tuple[ax.Specification, dict], ...]:
    """Each layer of a network on the two-level machine, and its note."""
    files = sorted((CONFIGS / "workload" / network).glob("layer_*.yaml"))
    assert [file.name for file in files] == [f"layer_{number:02d}.yaml" for number in range(1, len(files) + 1)]
    notes = [load_documents([file], None)[0]["layer_ignore"] for file in files]
    return tuple(
        (ax.Specification.from_yaml_files(arch("two_level"), file), note)
        for file, note in zip(files, notes, strict=True)
    )


def lowered(spec: ax.Specification) -> LoweredLevels:
    result = spec.lowered()
    assert isinstance(result, LoweredLevels)
    return result


@pytest.mark.parametrize("network", NETWORKS)
def test_macs_of_a_network_are_the_published_ones(network: str) -> None:
    macs = sum(
        note["count"] * math.prod(extent for _, extent in lowered(spec).einsum.bounds) for spec, note in layers(network)
    )
    assert macs == MACS[network]


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_of_a_network_are_the_published_ones(network: str) -> None:
    total = 0
    for spec, note in layers(network):
        einsum = lowered(spec).einsum
        weights = next(tensor for tensor in einsum.tensors if tensor.name == "Weights")
        activations = note["name"] in ("attention.scores", "attention.values")
        total += 0 if activations else note["count"] * math.prod(einsum.bound(rank) for rank in weights.ranks)
    assert total == WEIGHTS[network]


@pytest.mark.parametrize("network", NETWORKS)
def test_layers_are_distinct_and_named(network: str) -> None:
    assert all(note["network"] == network for _, note in layers(network))
    assert len({note["name"] for _, note in layers(network)}) == len(layers(network))
    assert len({lowered(spec).einsum for spec, _ in layers(network)}) == len(layers(network))


def test_strides_reach_the_projection() -> None:
    first, _ = layers("resnet18")[0]
    inputs = next(tensor for tensor in lowered(first).einsum.tensors if tensor.name == "Inputs")
    assert {frozenset(terms) for terms in inputs.projection} == {
        frozenset({("N", 1)}),
        frozenset({("C", 1)}),
        frozenset({("P", 2), ("R", 1)}),
        frozenset({("Q", 2), ("S", 1)}),
    }


# Storage levels outermost first: name, words of one instance, instances; then the multipliers.
STRUCTURE = {
    "eyeriss_like": (
        ("DRAM", math.inf, 1),
        ("shared_glb", 64 * 1024, 1),
        ("ifmap_spad", 12, 168),
        ("weights_spad", 192, 168),
        ("psum_spad", 16, 168),
        ("mac", None, 168),
    ),
    "simba_like": (
        ("DRAM", math.inf, 1),
        ("global_buffer", 64 * 1024, 1),
        ("input_buffer", 8 * 1024, 16),
        ("weight_buffer", 4 * 1024, 128),
        ("accumulation_buffer", 128, 128),
        ("weight_register", 1, 1024),
        ("mac", None, 1024),
    ),
    "weight_stationary": (
        ("DRAM", math.inf, 1),
        ("global_buffer", 64 * 1024, 1),
        ("weight_register", 1, 256),
        ("mac", None, 256),
    ),
    "output_stationary": (
        ("DRAM", math.inf, 1),
        ("global_buffer", 64 * 1024, 1),
        ("output_register", 4, 256),
        ("mac", None, 256),
    ),
    "tpu_like": (
        ("DRAM", math.inf, 1),
        ("unified_buffer", 24 * 2**20, 1),
        ("accumulators", 2**20, 1),
        ("weight_register", 2, 65536),
        ("mac", None, 65536),
    ),
    "two_level": (("main_memory", math.inf, 1), ("buffer", 512, 1), ("mac", None, 1)),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_machines_have_their_structure(machine: str) -> None:
    layer = CONFIGS / "workload" / "resnet18" / "layer_05.yaml"
    built = lowered(ax.Specification.from_yaml_files(arch(machine), layer)).machine
    storages = [level for level in built.levels if not level.is_fanout]
    found = tuple((level.name, level.size_words, level.mesh_x * level.mesh_y) for level in storages)
    multipliers = built.compute.name, None, built.compute.mesh_x * built.compute.mesh_y
    assert (*found, multipliers) == STRUCTURE[machine]
    for level in storages:
        assert None not in (level.read_energy, level.fill_energy, level.update_energy), f"{level.name} has no energies"
    assert built.compute.energy is not None
    assert built.cycle_seconds is not None


@pytest.mark.parametrize("machine", MACHINES[1:])
@pytest.mark.parametrize("layer", ["mobilenet_v2/layer_05", "bert_base/layer_01"])
def test_machines_that_name_no_rank_take_any_shape(machine: str, layer: str) -> None:
    spec = ax.Specification.from_yaml_files(arch(machine), CONFIGS / "workload" / f"{layer}.yaml")
    assert len(lowered(spec).constraints) == len(lowered(spec).machine.levels)


def test_the_accumulation_buffer_of_the_simba_like_machine_has_no_loops() -> None:
    spec = ax.Specification.from_yaml_files(arch("simba_like"), CONFIGS / "workload" / "bert_base" / "layer_01.yaml")
    machine, constraints = lowered(spec).machine, lowered(spec).constraints
    fixed = dict(constraints[machine.storage_index("accumulation_buffer")].fixed)
    assert set(fixed) == set(lowered(spec).einsum.ranks)
    assert set(fixed.values()) == {1}


def test_the_eyeriss_like_mapping_keeps_every_element_busy() -> None:
    result = figures("eyeriss_like", "resnet18/layer_05", "eyeriss_like_resnet18")
    assert result["valid"], result["reason_if_invalid"]
    assert result["cycles"] == 128 * 128 * 9 * 28 * 28 / 168
    assert result["utilization"] == pytest.approx(1)
    tiles = {
        (level, tensor): figures["tile_size"]
        for level, content in result["levels"].items()
        for tensor, figures in content["tensors"].items()
    }
    assert tiles["ifmap_spad", "Inputs"] == 12
    assert tiles["weights_spad", "Weights"] == 192
    assert tiles["psum_spad", "Outputs"] == 16
    assert tiles["shared_glb", "Inputs"] == 64 * 30 * 16
    assert tiles["shared_glb", "Outputs"] == 64 * 28 * 14
    dram = result["levels"]["DRAM"]["tensors"]
    assert dram["Weights"]["reads"] == 2 * 128 * 128 * 9, "once for each half of the rows"
    assert dram["Outputs"]["updates"] == 128 * 28 * 28


def test_the_two_level_mapping_by_hand() -> None:
    result = figures("two_level", "bert_base/layer_03", "two_level_bert_base")
    macs, trips, sums = 512 * 64 * 512, 32 * 4 * 64, 512 * 64
    memory = (2 * 128 * trips + sums) / 4 * 512
    buffer = 2 * (3 * macs - sums) + 2.2 * (macs + 2 * 128 * trips) + 0.01 * macs
    assert result["valid"], result["reason_if_invalid"]
    assert result["cycles"] == macs
    assert result["energy_pJ"] == pytest.approx(memory + buffer + 1.1 * macs, rel=1e-12)


def test_the_accelforge_example_is_bound_by_its_multipliers() -> None:
    result = ax.evaluate(
        ax.Specification.from_yaml_files(
            arch("accelforge_array"),
            CONFIGS / "workload" / "accelforge_matmul.yaml",
            CONFIGS / "mapping" / "accelforge_array_matmul.yaml",
        )
    ).to_dict()
    assert result["valid"], result["reason_if_invalid"]
    assert result["computes"] == 512 * 3072 * 768
    assert result["latency"] == pytest.approx(512 * 3072 * 768 / 256 / 1e9)
    assert result["actions"]["DRAM|W|read"] == pytest.approx(8 * 3072 * 768 * 16), "once for every 64 tokens"
    assert result["resource_usage"]["global_buffer"] == pytest.approx((64 * 768 + 64 * 16) * 16 / (128 * 1024 * 8))


def test_the_gemmini_like_machine_has_the_energies_of_its_sizes() -> None:
    # An SRAM of w bits and d rows: ((5 / 99.5) (w d / 8192 - 1/2) + 1) w / 16 pJ; 128 x 32768 bits are 512 KB.
    files = arch("gemmini_like"), CONFIGS / "workload" / "gemmini_layer.yaml"
    spec = ax.Specification.from_yaml_files(*files)
    spec.set("variables.spad_depth", 32768)
    spec.set("variables.acc_depth", 16)
    machine = lowered(spec).machine
    scratchpad, accumulator, registers = (
        machine.levels[machine.storage_index(name)] for name in ("Scratchpad", "Accumulator", "Registers")
    )
    assert scratchpad.read_energy == pytest.approx(213.628140703518, rel=1e-12)
    assert accumulator.update_energy == pytest.approx(1.95603015075377, rel=1e-12)
    assert registers.fill_energy == pytest.approx(0.487461722675879, rel=1e-12)
    assert machine.levels[0].read_energy == 6400
    assert machine.compute.energy == 0.5608
    assert (scratchpad.size_words, accumulator.size_words, registers.size_words) == (16 * 32768, 16, 1)
    assert machine.compute.mesh_x * machine.compute.mesh_y == 256


def test_every_file_is_covered() -> None:
    covered = {arch(machine) for machine in (*MACHINES, "accelforge_array", "gemmini_like")}
    covered |= {CONFIGS / "workload" / f"{name}.yaml" for name in ("convolution", "depthwise", "gemm", "gemmini_layer")}
    covered |= {CONFIGS / "workload" / "accelforge_matmul.yaml"}
    mappings = ("eyeriss_like_resnet18", "two_level_bert_base", "accelforge_array_matmul")
    covered |= {CONFIGS / "mapping" / f"{name}.yaml" for name in mappings}
    covered |= {file for network in NETWORKS for file in (CONFIGS / "workload" / network).glob("layer_*.yaml")}
    in_memory = set((CONFIGS / "cim").rglob("*.yaml"))
    assert set(CONFIGS.rglob("*.yaml")) - in_memory == covered
