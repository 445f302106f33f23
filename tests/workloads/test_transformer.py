"""Configurations of transformers: the two networks written by hand, gates, shared keys, heads and what is refused."""

from __future__ import annotations

import json

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.spec.layers import read_layers
from accelax.workloads import read_transformer
from accelax.workloads.shapes import gemm
from tests.workloads.comparing import problems

MACHINE = "configs/arch/two_level.yaml"
BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
}
GPT2 = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 12,
    "n_inner": None,
    "n_positions": 1024,
    "vocab_size": 50257,
}
LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
SMALL = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "sequence": 5}


@pytest.mark.parametrize(("config", "sequence", "network"), [(BERT, 512, "bert_base"), (GPT2, 1024, "gpt2")])
def test_the_networks_written_by_hand(root, config, sequence, network):
    machine = root / MACHINE
    by_hand = problems(read_layers(machine, root / "configs/workload" / network))
    assert problems(read_transformer(config, sequence=sequence).layers(machine)) == by_hand


def test_shared_keys_and_a_gate():
    """32 query heads of 128 features meet 8 key heads: 4 x 100 rows a product. Three inner matrices of one block."""
    workload = read_transformer(LLAMA, sequence=100, batch=2)
    assert workload.name == "llama"
    assert [(layer.name, layer.shape, layer.count) for layer in workload.imported] == [
        ("block1.attention.query", gemm(200, 4096, 4096), 64),
        ("block1.attention.key", gemm(200, 1024, 4096), 64),
        ("block1.attention.scores", gemm(400, 100, 128, groups=16), 32),
        ("block1.attention.values", gemm(400, 128, 100, groups=16), 32),
        ("block1.feed_forward.gate", gemm(200, 14336, 4096), 64),
        ("block1.feed_forward.contract", gemm(200, 4096, 14336), 32),
        ("vocabulary", gemm(200, 128256, 4096), 1),
    ]
    assert workload.imported[0].names[:3] == (
        "block1.attention.query",
        "block1.attention.output",
        "block2.attention.query",
    )


def test_multiplications_per_token_are_the_parameters():
    """Without attention's own products, each weight of Llama 3 8B multiplies once a token: 8.03 G parameters less the
    525 M of the embedding."""
    workload = read_transformer(LLAMA, sequence=1)
    weights = sum(layer.shape.products * layer.count for layer in workload.imported if layer.shape.groups == 1)
    assert weights == 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336) + 128256 * 4096


def test_a_token_generated_after_others():
    workload = read_transformer(LLAMA, sequence=1, context=1000)
    shapes = {layer.name: layer.shape for layer in workload.imported}
    assert shapes["block1.attention.scores"] == gemm(4, 1000, 128, groups=8)
    assert shapes["block1.attention.values"] == gemm(4, 128, 1000, groups=8)


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ({}, []),
        ({"vocab_size": 99}, ["vocabulary"]),
        ({"vocab_size": 99, "head": "none"}, []),
        ({"vocab_size": 99, "head": "masked"}, ["vocabulary"]),
        ({"model_type": "bert", "vocab_size": 99}, ["pooler"]),
        ({"model_type": "gpt2", "architectures": ["GPT2Model"], "vocab_size": 99}, []),
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 99}, ["vocabulary"]),
    ],
)
def test_heads(extra, names):
    workload = read_transformer({**SMALL, **extra})
    last = [name for layer in workload.imported for name in layer.names if not name.startswith("block")]
    masked = "masked" in extra.get("head", "") or "Masked" in str(extra.get("architectures"))
    assert last == (["head.transform", *names] if masked else names)


def test_a_head_that_is_not_known_is_listed():
    workload = read_transformer({**BERT, "architectures": ["BertForQuestionAnswering"]}, sequence=8)
    ((operator, reason),) = ((group.operator, group.reason) for group in workload.unsupported)
    assert operator == "BertForQuestionAnswering"
    assert reason == "the head of an architecture that accelax does not know"
    assert len(workload.imported) == 5
    assert read_transformer({**SMALL, "head": "vocabulary"}).unsupported[0].reason == "a vocabulary without vocab_size"


def test_arguments_win_over_the_configuration():
    workload = read_transformer({**SMALL, "batch": 3, "gated_mlp": False}, sequence=7, gated=True, batch=1)
    assert workload.imported[0].shape == gemm(7, 8, 8)
    gates = [name for layer in workload.imported for name in layer.names if name.endswith("gate")]
    assert gates == ["block1.feed_forward.gate"]


@pytest.mark.parametrize(
    ("extra", "feature"),
    [
        ({"is_encoder_decoder": True}, "a decoder that attends to an encoder"),
        ({"num_local_experts": 8}, "a mixture of experts"),
        ({"kv_lora_rank": 512}, "latent attention"),
        ({"sliding_window": 4}, "attention to a window of 4 of 5 tokens"),
        ({"layer_types": ["sliding_attention"], "sliding_window": 4}, "attention to a window of 4 of 5 tokens"),
        ({"layer_types": ["full_attention", "linear_attention"]}, "a layer of type 'linear_attention'"),
        ({"word_embed_proj_dim": 4}, "embeddings of another width"),
        ({"model_type": "mamba"}, "the model type 'mamba' without the key gated_mlp"),
    ],
)
def test_transformers_with_other_products_are_refused(extra, feature):
    with pytest.raises(UnsupportedError, match=feature):
        read_transformer({**SMALL, **extra})


@pytest.mark.parametrize(
    "extra",
    [
        {"sliding_window": 5},
        {"sliding_window": 4, "use_sliding_window": False},
        {"num_local_experts": 1},
        {"is_encoder_decoder": False},
        {"model_type": "mamba", "gated_mlp": False},
    ],
)
def test_keys_that_change_nothing(extra):
    assert read_transformer({**SMALL, **extra}).imported == read_transformer(SMALL).imported


@pytest.mark.parametrize(
    ("config", "messages"),
    [
        ({}, ["hidden_size: missing", "num_attention_heads: missing", "sequence: missing; say how many tokens"]),
        ({**SMALL, "n_embd": 4, "hidden_size": "8"}, ["hidden_size: expected a positive whole number, got '8'"]),
        ({**SMALL, "num_hidden_layers": 0, "batch": -1}, ["num_hidden_layers: expected", "batch: expected"]),
        ({**SMALL, "hidden_size": 9}, ["hidden_size 9 is no multiple of the 2 heads"]),
        ({**SMALL, "num_key_value_heads": 3}, ["num_key_value_heads: 2 heads are no multiple of 3"]),
        ({**SMALL, "context": 3}, ["context: the 5 tokens of the sequence are part of it, got 3"]),
        ({**SMALL, "gated_mlp": "yes"}, ["gated_mlp: expected true or false, got 'yes'"]),
        ({**SMALL, "head": "tail"}, ["head: expected vocabulary, masked, pooler or none, got 'tail'"]),
        (7, ["expected a path or a dictionary, got int"]),
    ],
)
def test_mistakes(config, messages):
    with pytest.raises(SpecError) as caught:
        read_transformer(config)
    for message in messages:
        assert message in str(caught.value)


def test_files(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(GPT2))
    assert read_transformer(path, sequence=4).name == "gpt2"
    with pytest.raises(SpecError, match=r"config\.json: sequence: missing"):
        read_transformer(path)
    with pytest.raises(SpecError, match=r"did you mean 'config\.json'"):
        read_transformer(tmp_path / "confg.json")
    for text, message in (('{"a": 1,\n]', r"config\.json:2:1: not JSON"), ("[1]", "expected an object, got list")):
        path.write_text(text)
        with pytest.raises(SpecError, match=message):
            read_transformer(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="not a text file"):
        read_transformer(path)
