"""The layers of a network: files, directories and patterns, names and counts."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from accelax.spec.layers import is_layer_file, read_layers

MACHINE = "configs/arch/two_level.yaml"
NETWORK = "configs/workload/bert_base"


def test_a_directory_is_all_its_files_with_names_and_counts(root):
    layers = read_layers(root / MACHINE, root / NETWORK)
    assert len(layers) == 6
    assert (layers[0].name, layers[0].count) == ("attention.projections", 48)
    assert dict(layers[0].specification.lowered().einsum.bounds) == {"M": 512, "N": 768, "K": 768}


@pytest.mark.parametrize("layers", ["layer_0[12].yaml", ["layer_01.yaml", "layer_02.yaml", "layer_01.yaml"]])
def test_patterns_and_lists(root, layers):
    names = [layers] if isinstance(layers, str) else layers
    found = read_layers([root / MACHINE], [root / NETWORK / name for name in names])
    assert found[0].name == "attention.projections"
    assert len(found) == 2


def write(path, text):
    path.write_text(text)
    return path


def test_a_file_without_facts_is_called_by_its_own_name(root, tmp_path):
    text = (
        (root / NETWORK / "layer_01.yaml").read_text().replace("../gemm.yaml", str(root / "configs/workload/gemm.yaml"))
    )
    plain = write(tmp_path / "product.yaml", text[: text.index("layer_ignore")])
    (layer,) = read_layers(root / MACHINE, plain)
    assert (layer.name, layer.count) == ("product", 1)


def test_a_count_that_is_none_is_reported_where_it_stands(root, tmp_path):
    text = (
        (root / NETWORK / "layer_01.yaml").read_text().replace("../gemm.yaml", str(root / "configs/workload/gemm.yaml"))
    )
    wrong = write(tmp_path / "wrong.yaml", text.replace("count: 48", "count: many"))
    with pytest.raises(SpecError, match=r"wrong.yaml:\d+:\d+: layer_ignore.count: expected how often .* got 'many'"):
        read_layers(root / MACHINE, wrong)


def test_mistakes_of_all_files_are_reported_once(root, tmp_path):
    bad = [write(tmp_path / f"{i}.yaml", f"problem: {{instance: {{X{i}: 3}}}}\n") for i in range(2)]
    with pytest.raises(SpecError) as caught:
        read_layers(root / MACHINE, bad)
    assert {problem.location.file.split("/")[-1] for problem in caught.value.problems if problem.location} >= {
        "0.yaml",
        "1.yaml",
    }


def test_no_layers(root, tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        read_layers(root / MACHINE, tmp_path)
    with pytest.raises(SpecError, match="no layer files"):
        read_layers(root / MACHINE, [])


def test_a_layer_file_holds_a_problem_and_no_machine(root):
    assert is_layer_file(root / NETWORK / "layer_01.yaml")
    assert not is_layer_file(root / MACHINE)
    assert is_layer_file(root / "configs/workload/accelforge_matmul.yaml")
