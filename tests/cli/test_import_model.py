"""The import command: tables, files, JSON, exit codes and what is said on stderr."""

from __future__ import annotations

import json

import pytest

from accelax.cli.exits import guard
from accelax.cli.import_model import ImportOptions, import_model
from accelax.spec.layers import read_layers

SIZES = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 3, "vocab_size": 99}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SIZES))
    return str(path)


def run(model, **options):
    return guard(lambda: import_model(str(model), ImportOptions(**options)))


def test_a_configuration_to_files_that_the_mapper_reads(config, root, tmp_path, capsys):
    assert run(config, directory=tmp_path / "layers", sequence=5) == 0
    printed = capsys.readouterr()
    assert "block1.attention.query" in printed.out
    assert printed.err == f"6 files written to {tmp_path / 'layers'}\n"
    layers = read_layers(root / "configs/arch/two_level.yaml", tmp_path / "layers")
    assert [layer.count for layer in layers] == [12, 6, 6, 3, 3, 1]


def test_json_has_everything(config, tmp_path, capsys):
    assert run(config, directory=tmp_path / "layers", sequence=5, as_json=True) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out)
    assert (figures["network"], len(figures["layers"]), len(figures["files"])) == ("small", 6, 6)
    assert printed.err == ""


def test_without_a_directory_nothing_is_written(config, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(config, sequence=5, as_json=True) == 0
    assert "files" not in json.loads(capsys.readouterr().out)
    assert [path.name for path in tmp_path.iterdir()] == ["small.json"]


@pytest.fixture
def model(tmp_path):
    onnx = pytest.importorskip("onnx")
    from tests.workloads.onnx_graphs import Graph

    graph = Graph()
    image = graph.convolution(graph.input("x", ["n", 4, 8, 8]), "first", 4, 4, 3)
    for number in (1, 2):
        image = graph.add("ConvTranspose", image, graph.weight(f"w{number}", 4, 4, 1, 1), name=f"[up{number}]")
    onnx.save(graph.model(graph.add("Relu", image)), tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


def test_what_is_unsupported_is_named_and_the_rest_written(model, tmp_path, capsys):
    assert run(model, directory=tmp_path / "layers", dimensions=("n=2",)) == 3
    printed = capsys.readouterr()
    assert "without products: 1 Relu" in printed.out
    assert printed.err.splitlines() == [
        f"1 file written to {tmp_path / 'layers'}",
        f"{model}: ConvTranspose '[up1]' and 1 more: a transposed convolution is not supported yet",
    ]
    assert "N: 2" in (tmp_path / "layers" / "layer_01.yaml").read_text()


def test_open_dimensions_say_how_to_give_them(model, tmp_path, capsys):
    assert run(model, directory=tmp_path / "layers") == 3
    message = "Conv 'first': the open dimension 'n' is not supported yet; give it by --dimension NAME=SIZE"
    assert f"{model}: {message}" in capsys.readouterr().err
    assert not (tmp_path / "layers").exists()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("small.json", {}, "small.json: sequence: missing"),
        ("small.json", {"sequence": 5, "dimensions": ("n=1",)}, "--dimension: of an ONNX model"),
        ("small.json", {"sequence": 5, "dialect": "timelop"}, "--dialect: 'timelop' is no choice; did you mean 'timel"),
        ("net.onnx", {"sequence": 5, "batch": 1}, "--sequence, --batch: of a transformer's configuration"),
        ("net.onnx", {"dimensions": ("n=two", "4")}, "--dimension 4: expected name=size"),
        ("net.onnx", {"dimensions": ("m=2",)}, "no open dimension 'm'; expected one of: n"),
        ("net.h5", {}, "net.h5: expected an ONNX model (.onnx) or a transformer's configuration (.json)"),
        ("gone.onnx", {}, "no such file"),
    ],
)
def test_bad_input(config, model, tmp_path, capsys, name, options, message):
    assert run(tmp_path / name, **options) == 2
    assert message in capsys.readouterr().err


def test_a_model_without_layers(tmp_path, capsys):
    onnx = pytest.importorskip("onnx")
    from tests.workloads.onnx_graphs import Graph

    graph = Graph()
    onnx.save(graph.model(graph.add("Relu", graph.input("x", [3]))), tmp_path / "relu.onnx")
    assert run(tmp_path / "relu.onnx", directory=tmp_path / "layers") == 2
    assert "relu.onnx: the model multiplies no tensors" in capsys.readouterr().err


def test_a_directory_that_can_not_be_written(config, tmp_path, capsys):
    assert run(config, directory=tmp_path / "small.json" / "layers", sequence=5) == 2
    assert "small.json" in capsys.readouterr().err
