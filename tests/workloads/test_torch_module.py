"""PyTorch modules: the two networks against the files written by hand, and operators one at a time."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from accelax.errors import AccelaxError, SpecError, UnsupportedError
from accelax.spec.layers import read_layers
from accelax.workloads import read_torch
from accelax.workloads.shapes import convolution, gemm
from accelax.workloads.torch_module import _attention as attention_of
from tests.workloads.comparing import problems

MACHINE = "configs/arch/two_level.yaml"


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(AccelaxError, match=r"pip install 'accelax\[torch\]'"):
        read_torch(object(), ())


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def modules(torch):
    from tests.workloads import torch_networks

    return torch_networks


def read(module, *shapes):
    import torch

    return read_torch(module.eval(), [torch.zeros(shape, device="meta") for shape in shapes])


def one(module, *shapes):
    """The only layer of a module."""
    workload = read(module.to("meta"), *shapes)
    assert not workload.unsupported
    (layer,) = workload.imported
    return layer.shape


def refusals(module, *shapes):
    return [(g.operator, g.names, g.reason) for g in read(module.to("meta"), *shapes).unsupported]


def test_resnet18_is_the_network_written_by_hand(torch, modules, root):
    with torch.device("meta"):
        workload = read(modules.ResNet18(), (1, 3, 224, 224))
    machine = root / MACHINE
    assert problems(workload.layers(machine)) == problems(read_layers(machine, root / "configs/workload/resnet18"))
    assert not workload.unsupported
    assert [layer.name for layer in workload.imported][:4] == [
        "conv1",
        "stages.0.conv1",
        "stages.2.conv1",
        "stages.2.conv2",
    ]
    assert workload.imported[-1].name == "fc"


def test_bert_base_is_the_network_written_by_hand(torch, root):
    """But for the pooler. torch's own encoder joins the projections of queries, keys and values into one product."""
    with torch.device("meta"):
        block = torch.nn.TransformerEncoderLayer(768, 12, 3072, batch_first=True)
        workload = read(torch.nn.TransformerEncoder(block, 12), (1, 512, 768))
    assert not workload.unsupported
    assert [(layer.shape, layer.count) for layer in workload.imported] == [
        (gemm(512, 3 * 768, 768), 12),
        (gemm(512, 512, 64, groups=12), 12),
        (gemm(512, 64, 512, groups=12), 12),
        (gemm(512, 768, 768), 12),
        (gemm(512, 3072, 768), 12),
        (gemm(512, 768, 3072), 12),
    ]


def test_a_transformer_with_separate_projections_is_the_network_written_by_hand(torch, modules, root):
    with torch.device("meta"):
        workload = read(modules.Transformer(768, 12, 3072, 12), (1, 512, 768))
    machine, network = root / MACHINE, root / "configs/workload/bert_base"
    by_hand = [layer for layer in read_layers(machine, network) if layer.name != "pooler"]
    assert problems(workload.layers(machine)) == problems(by_hand)
    assert not workload.unsupported


def test_padding_stride_dilation_and_groups(torch):
    """Rows: (20 + 2 * 1 - 3) // 2 + 1 = 10; columns: 30 + 2 * 2 - ((5 - 1) * 3 + 1) + 1 = 22."""
    module = torch.nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 3), groups=2)
    expected = convolution(
        batch=2, channels=4, filters=6, window=[3, 5], outputs=[10, 22], strides=[2, 1], dilations=[1, 3], groups=2
    )
    assert one(module, (2, 4, 20, 30)) == expected


def test_one_dimension_depthwise_and_without_batch(torch):
    expected = convolution(batch=1, channels=8, filters=8, window=[5], outputs=[96], groups=8)
    assert one(torch.nn.Conv1d(8, 8, 5, groups=8), (1, 8, 100)) == expected
    assert one(torch.nn.Conv1d(8, 8, 5, groups=8), (8, 100)) == expected


def test_products(torch, modules):
    assert one(torch.nn.Linear(3, 4, bias=False), (2, 5, 3)) == gemm(10, 4, 3)
    assert one(modules.Function(torch.matmul), (2, 5, 3), (2, 3, 4)) == gemm(5, 4, 3, groups=2)
    assert one(modules.Function(torch.matmul), (5, 3), (3,)) == gemm(5, 1, 3)
    assert one(modules.Function(torch.dot), (3,), (3,)) == gemm(1, 1, 3)
    scores = modules.Function(lambda q, k: torch.einsum("bqhd,bkhd->bhqk", q, k))
    assert one(scores, (2, 5, 4, 8), (2, 6, 4, 8)) == gemm(5, 6, 8, groups=8)


def test_weights_on_the_left_are_still_the_weights(torch, modules):
    assert one(modules.LeftWeights(7, 3), (3, 5)) == gemm(5, 7, 3)


def test_a_recurrent_layer_is_its_steps(torch):
    """5 steps of an LSTM of 8 to 4: the inputs of all steps at once, then one product with the state in each."""
    workload = read(torch.nn.LSTM(8, 4, batch_first=True).to("meta"), (1, 5, 8))
    assert not workload.unsupported
    assert [(layer.shape, layer.count) for layer in workload.imported] == [(gemm(5, 16, 8), 1), (gemm(1, 16, 4), 5)]


def test_unsupported_operators_are_named_and_the_rest_is_read(torch):
    module = torch.nn.Sequential(
        torch.nn.Conv2d(4, 4, 3), torch.nn.ConvTranspose2d(4, 4, 2), torch.nn.ReLU(), torch.nn.ConvTranspose2d(4, 4, 2)
    )
    assert refusals(module, (1, 4, 8, 8)) == [("convolution", ("1", "3"), "a transposed convolution")]
    assert [layer.name for layer in read(module, (1, 4, 8, 8)).imported] == ["0"]
    assert refusals(torch.nn.Conv3d(4, 4, 3), (1, 4, 8, 8, 8))[0][2] == "a convolution over 3 dimensions"


def test_an_operator_that_is_not_known(torch, modules):
    ((operator, _, reason),) = refusals(modules.Function(torch.cdist), (4, 3), (5, 3))
    assert (operator, reason) == ("_cdist_forward", "an operator that accelax does not know")


def test_a_module_that_can_not_be_exported(torch, modules):
    branch = modules.Function(lambda x: x + 1 if x.sum() > 0 else x - 1)
    with pytest.raises(UnsupportedError, match="torch can not export"):
        read_torch(branch, [torch.zeros(3)])
    with pytest.raises(SpecError, match=r"expected a torch\.nn\.Module"):
        read_torch("model.pt", ())


def test_open_sizes_of_an_exported_program_are_located(torch):
    sizes = {"input": {0: torch.export.Dim("rows", min=2, max=64)}}
    program = torch.export.export(torch.nn.Linear(3, 4), (torch.zeros(5, 3),), dynamic_shapes=sizes)
    ((operator, _, reason),) = ((g.operator, g.names, g.reason) for g in read_torch(program).unsupported)
    assert operator == "addmm"
    assert "the open shape [" in reason


def test_an_attention_kernel_that_is_not_decomposed():
    """As modules on a GPU have it: 8 query heads to 2 key heads, 5 queries, 7 keys of 16 features."""
    shapes = ([2, 8, 5, 16], [2, 2, 7, 16], [2, 2, 7, 24])
    values = [SimpleNamespace(name="x", meta={"val": SimpleNamespace(shape=shape)}) for shape in shapes]
    assert list(attention_of(SimpleNamespace(args=values))) == [gemm(20, 7, 16, groups=4), gemm(20, 24, 7, groups=4)]
