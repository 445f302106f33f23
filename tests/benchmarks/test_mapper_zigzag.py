"""What ZigZag is told of our machines, and what its mappings are in our mapspace."""

from __future__ import annotations

import mapper_zigzag
import pytest
from mapper_zigzag import ARRAYS, Unrepresentable, accelerator, boundaries, different, judged, layer_of, translate

import accelax as ax
from accelax.ir import LoweredLevels, Spatial, Storage, Temporal

TWO_LEVEL, STATIONARY = ARRAYS
ALL = ("Weights", "Inputs", "Outputs")


def convolution(machine: str) -> ax.Specification:
    """4 output channels, 8 input channels, 6 x 6 outputs, a window of 3 x 3."""
    config = mapper_zigzag.Path(mapper_zigzag.__file__).parents[1] / "configs"
    spec = ax.Specification.from_yaml_files(
        config / "arch" / f"{machine}.yaml", config / "workload/resnet18/layer_02.yaml"
    )
    for rank, extent in {"M": 4, "C": 8, "P": 6, "Q": 6}.items():
        spec.set(f"problem.instance.{rank}", extent)
    return spec


def lowered(spec: ax.Specification) -> LoweredLevels:
    result = spec.lowered()
    assert isinstance(result, LoweredLevels)
    return result


def found(temporal: dict, spatial: dict | None = None) -> dict:
    facts = {"layer": "small", "kind": "even", "seconds": 1.0, "searched": 9, "energy": 2.0, "cycles": 3.0}
    return {**facts, "spatial": spatial or {}, "temporal": temporal}


INNER = [["FX", 3], ["FY", 3], ["OX", 6]]
OUTER = [["OY", 6], ["C", 8], ["K", 4]]


class TestDescription:
    def test_a_cost_is_that_of_a_full_access(self):
        """Buffer: 512 words of 16 bits, 3 words a cycle, 2 pJ a word. Memory: 2 words a cycle, 512 pJ a line of 4."""
        memories = accelerator(TWO_LEVEL, lowered(convolution("two_level")))["memories"]
        assert list(memories) == ["buffer", "main_memory"]
        assert memories["buffer"]["size"] == 8192
        assert memories["buffer"]["r_cost"] == 6.0
        assert memories["buffer"]["ports"][0]["bandwidth_max"] == 48
        assert memories["main_memory"]["w_cost"] == 256.0
        assert memories["buffer"]["operands"] == ["I2", "I1", "O"]

    def test_registers_belong_to_one_element(self):
        described = accelerator(STATIONARY, lowered(convolution("weight_stationary")))
        assert described["memories"]["weight_register"]["operands"] == ["I2"]
        assert described["memories"]["weight_register"]["served_dimensions"] == []
        assert described["memories"]["global_buffer"]["served_dimensions"] == ["D1", "D2"]
        assert described["operational_array"]["sizes"] == [16, 16]

    def test_a_layer_with_its_stride(self):
        spec = convolution("two_level")
        spec.set("problem.instance.Wstride", 2)
        layer = layer_of("small", lowered(spec), 16)
        assert layer["dimension_relations"] == ["ix=2*ox+1*fx", "iy=1*oy+1*fy"]
        assert dict(zip(layer["loop_dims"], layer["loop_sizes"], strict=True))["K"] == 4


class TestTranslation:
    def test_an_even_mapping(self):
        spec = convolution("two_level")
        mapping = translate(found({key: [INNER, OUTER] for key in "WIO"}), TWO_LEVEL, lowered(spec))
        names = [(n.rank, n.tile_shape) if isinstance(n, Temporal) else n for n in mapping.nodes[:-1]]
        assert names == [
            Storage("main_memory", ALL), ("M", 1), ("C", 1), ("Q", 1),
            Storage("buffer", ALL), ("P", 1), ("S", 1), ("R", 1),
        ]  # fmt: skip
        assert spec.mapspace.contains(mapping)

    def test_a_loop_that_does_not_index_a_tensor_may_lie_on_either_side(self):
        """Weights end below OX, inputs after it and above OY and K; OX leaves the tile of weights as it is."""
        early = {"W": [INNER[:2], [INNER[2], *OUTER]], "I": [INNER, OUTER], "O": [INNER, OUTER]}
        spec = lowered(convolution("two_level"))
        even = translate(found({key: [INNER, OUTER] for key in "WIO"}), TWO_LEVEL, spec)
        assert translate(found(early), TWO_LEVEL, spec) == even

    def test_tiles_that_end_at_different_loops_are_uneven(self):
        uneven = {"W": [INNER, OUTER], "I": [INNER[:1], [*INNER[1:], *OUTER]], "O": [INNER, OUTER]}
        with pytest.raises(Unrepresentable, match="uneven"):
            translate(found(uneven), TWO_LEVEL, lowered(convolution("two_level")))

    def test_a_level_of_one_tensor_sets_its_own_boundary(self):
        order = [("P", 6), ("C", 8), ("M", 4)]
        tiles = {"Weights": [order[:1], order[1:2], order[2:]], "Inputs": [order[:2], order[2:]]}
        assert boundaries(order, {**tiles, "Outputs": [order[:2], order[2:]]}, [("Weights",), ALL, ALL]) == [0, 0, 2, 3]

    def test_lanes_lie_on_their_side_of_the_array(self):
        spec = convolution("weight_stationary")
        inner = [["OX", 6], ["OY", 6]]
        outer = [["FX", 3], ["FY", 3]]
        temporal = {"W": [inner, [], outer], "I": [inner, outer], "O": [inner, outer]}
        mapping = translate(found(temporal, {"D1": [["K", 4]], "D2": [["C", 8]]}), STATIONARY, lowered(spec))
        lanes = [node for node in mapping.nodes if isinstance(node, Spatial)]
        assert lanes == [Spatial("M", 1, "PE_column", "X"), Spatial("C", 1, "PE", "Y")]
        assert spec.mapspace.contains(mapping)

    @pytest.mark.parametrize(
        ("temporal", "message"),
        [
            ([INNER, OUTER[:2]], "do not fill a bound"),
            ([[*INNER, ["OY", 2], ["FX", 1], ["OX", 1.5]], OUTER], "no whole number"),
            ([INNER, [["OY", 2], ["C", 8], ["OY", 3], ["K", 4]]], "a rank twice"),
        ],
    )
    def test_what_is_not_in_the_mapspace(self, temporal, message):
        with pytest.raises(Unrepresentable, match=message):
            translate(found(dict.fromkeys("WIO", temporal)), TWO_LEVEL, lowered(convolution("two_level")))


class TestJudgement:
    def test_the_row_of_a_mapping(self):
        spec = convolution("two_level")
        mapping = found({key: [INNER, OUTER] for key in "WIO"})
        figures = ax.evaluate(spec.with_mapping(translate(mapping, TWO_LEVEL, lowered(spec)))).to_dict()
        row = judged(mapping, TWO_LEVEL, spec, ours=1.0)
        assert row["zigzag_value"] == figures["energy_pJ"] * figures["cycles"]
        assert (row["verdict"], row["zigzag_own_value"]) == ("better", 6.0)

    def test_reasons_for_none(self):
        spec = convolution("two_level")
        all_inside = found({key: [[*INNER, *OUTER], []] for key in "WIO"})
        assert judged(all_inside, TWO_LEVEL, spec, 1.0)["skipped"] == "does not fit"
        stationary = convolution("weight_stationary")
        temporal = {"W": [[], [], [*INNER, ["OY", 6]]], "I": [[], [*INNER, ["OY", 6]]], "O": [[], [*INNER, ["OY", 6]]]}
        turned = found(temporal, {"D1": [["C", 8]], "D2": [["K", 4]]})
        assert judged(turned, STATIONARY, stationary, 1.0)["skipped"] == "outside the constraints"

    def test_the_same_loops_count_once(self):
        one, other = found({"W": [INNER, OUTER]}), found({"W": [OUTER, INNER]})
        assert different([one, {**one, "kind": "uneven"}, other]) == [one, other]
