"""The configuration of a transformer, as Hugging Face's ``config.json`` states it, as matrix products."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelax.errors import Location, Problem, SpecError, UnsupportedError
from accelax.spec.text.files import read_text
from accelax.spec.text.source import Problems
from accelax.workloads.gathering import Gathering
from accelax.workloads.shapes import attention, gemm
from accelax.workloads.workload import Workload

_ALIASES = {
    "hidden_size": ("hidden_size", "n_embd", "d_model", "dim"),
    "num_attention_heads": ("num_attention_heads", "n_head", "n_heads"),
    "num_hidden_layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim", "hidden_dim"),
    "num_key_value_heads": ("num_key_value_heads",),
    "head_dim": ("head_dim",),
    "vocab_size": ("vocab_size",),
    "sequence": ("sequence", "sequence_length"),
    "context": ("context",),
    "batch": ("batch", "batch_size"),
}
"""Each size, and the keys that models of different families have for it."""

_GATED = """
cohere cohere2 exaone gemma gemma2 gemma3_text glm glm4 granite helium internlm2 llama ministral mistral olmo olmo2
olmo3 phi3 qwen2 qwen3 smollm3 stablelm
"""
_PLAIN = """
bert biogpt bloom camembert codegen distilbert gpt2 gpt_bigcode gpt_neox gptj nemotron opt phi roberta starcoder2
xlm-roberta
"""
"""Model types whose inner network has, or has not, a gate: a third matrix beside expansion and contraction."""

_REFUSED = {
    "is_encoder_decoder": "a decoder that attends to an encoder",
    "add_cross_attention": "a decoder that attends to an encoder",
    "num_experts": "a mixture of experts",
    "num_local_experts": "a mixture of experts",
    "n_routed_experts": "a mixture of experts",
    "kv_lora_rank": "latent attention",
    "q_lora_rank": "latent attention",
    "attn_layer_period": "a mix of attention and state spaces",
    "linear_num_key_heads": "linear attention",
    "block_sparse": "sparse attention",
}
"""Keys that change what is computed, when they hold anything, and what they stand for."""


@dataclass(frozen=True)
class _Sizes:
    hidden: int
    heads: int
    key_heads: int
    blocks: int
    inner: int
    features: int
    vocabulary: int
    tokens: int
    keys: int
    batch: int


def read_transformer(
    config: str | Path | Mapping[str, Any],
    *,
    sequence: int | None = None,
    batch: int | None = None,
    context: int | None = None,
    gated: bool | None = None,
    head: str | None = None,
) -> Workload:
    """The matrix products of a transformer that reads ``sequence`` tokens of ``batch`` texts at once.

    ``config`` is a ``config.json`` or a dictionary with its keys: hidden_size, num_attention_heads, num_hidden_layers,
    intermediate_size (4 hidden_size when absent), num_key_value_heads (num_attention_heads), head_dim (hidden_size /
    num_attention_heads), vocab_size; those of GPT-2 (n_embd ...) are known too. The keys ``sequence``, ``batch``,
    ``context``, ``gated_mlp`` and ``head`` may stand in it as well; the arguments win.

    ``context`` is how many tokens each token attends to, by default ``sequence``: generating the 1,000th token is
    ``sequence=1, context=1000``. No product is left out for a causal mask. ``gated`` says whether the inner network
    has a gate, by default as ``model_type`` has. ``head`` is ``"vocabulary"`` (logits for every token), ``"masked"``
    (a hidden layer before them), ``"pooler"`` (of the first token of each text) or ``"none"``; by default as
    ``architectures`` says, else the pooler for BERT and the vocabulary where ``vocab_size`` is known.

    >>> small = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 3, "sequence": 5}
    >>> [(layer.name, layer.occurrences) for layer in read_transformer(small).imported][:3]
    [('block1.attention.query', 12), ('block1.attention.scores', 6), ('block1.attention.values', 6)]

    Raises:
        SpecError: no such file, not a configuration, or sizes that are missing or wrong: all of them.
        UnsupportedError: a kind of transformer that has other products (a mixture of experts, ...).
    """
    data, place, name = _load(config)
    given = {"sequence": sequence, "batch": batch, "context": context, "gated_mlp": gated, "head": head}
    data = {**data, **{key: value for key, value in given.items() if value is not None}}
    _refuse(data, place)
    sizes = _sizes(data, place)
    _refuse_window(data, sizes.keys, place)
    gathering = Gathering()
    for number in range(1, sizes.blocks + 1):
        _gather_block(gathering, f"block{number}", sizes, _is_gated(data, place))
    _gather_head(gathering, _head(data, place), sizes)
    return gathering.workload(name)


def _load(config: str | Path | Mapping[str, Any]) -> tuple[dict[str, Any], Location | None, str]:
    """The dictionary, where it is from, and what to call the network."""
    if isinstance(config, Mapping):
        return dict(config), None, str(config.get("model_type", "transformer"))
    if not isinstance(config, (str, os.PathLike)):
        raise SpecError(f"expected a path or a dictionary, got {type(config).__name__}")
    path = os.fspath(config)
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise SpecError([Problem(f"not JSON: {error.msg}", Location(path, error.lineno, error.colno))]) from error
    except RecursionError:
        raise SpecError([Problem("not a configuration: too deeply nested", Location(path))]) from None
    if not isinstance(data, dict):
        raise SpecError([Problem(f"expected an object, got {type(data).__name__}", Location(path))])
    stem = Path(path).stem
    return data, Location(path), str(data.get("model_type", stem)) if stem == "config" else stem


def _refuse(data: dict[str, Any], place: Location | None) -> None:
    """Raise UnsupportedError for a key that means other products."""
    for key, feature in _REFUSED.items():
        value = data.get(key)
        if value and not (key.endswith("experts") and value == 1):
            raise UnsupportedError(f"{feature} ({key})", place)
    kinds = {str(kind) for kind in data.get("layer_types") or ()}
    narrow = data.get("word_embed_proj_dim")
    if narrow is not None and narrow != data.get("hidden_size"):
        raise UnsupportedError("embeddings of another width than the blocks (word_embed_proj_dim)", place)
    for kind in sorted(kinds - {"full_attention", "sliding_attention"}):
        raise UnsupportedError(f"a layer of type {kind!r} (layer_types)", place)


def _refuse_window(data: dict[str, Any], keys: int, place: Location | None) -> None:
    """Raise UnsupportedError when tokens attend to fewer than ``keys`` tokens before them."""
    kinds, window = data.get("layer_types"), data.get("sliding_window")
    slides = "sliding_attention" in kinds if kinds else data.get("use_sliding_window", True)
    if isinstance(window, int) and slides and window < keys:
        raise UnsupportedError(f"attention to a window of {window} of {keys} tokens (sliding_window)", place)


def _sizes(data: dict[str, Any], place: Location | None) -> _Sizes:
    """All sizes. Raises SpecError with every one that is missing or wrong."""
    problems = Problems()

    def size(key: str, default: int | None = None) -> int:
        found = next((name for name in _ALIASES[key] if data.get(name) is not None), None)
        if found is None:
            if default is None:
                wanted = "; say how many tokens are read at once" if key == "sequence" else ""
                problems.add(f"missing{wanted}", place, key)
            return default or 1
        value = data[found]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            problems.add(f"expected a positive whole number, got {value!r}", place, found)
            return 1
        return value

    hidden, heads, blocks = size("hidden_size"), size("num_attention_heads"), size("num_hidden_layers")
    tokens = size("sequence")
    shared = data.get("multi_query", data.get("model_type") == "gpt_bigcode")
    key_heads = size("num_key_value_heads", 1 if shared else heads)
    features = size("head_dim", max(hidden // heads, 1))
    inner = size("intermediate_size", 4 * hidden)
    vocabulary = size("vocab_size", 1) if data.get("vocab_size") is not None else 0
    keys, batch = size("context", tokens), size("batch", 1)
    if not problems:
        if hidden % heads and data.get("head_dim") is None:
            problems.add(f"hidden_size {hidden} is no multiple of the {heads} heads, and there is no head_dim", place)
        if heads % key_heads:
            problems.add(f"{heads} heads are no multiple of {key_heads}", place, "num_key_value_heads")
        if keys < tokens:
            problems.add(f"the {tokens} tokens of the sequence are part of it, got {keys}", place, "context")
    problems.raise_if_any()
    return _Sizes(hidden, heads, key_heads, blocks, inner, features, vocabulary, tokens, keys, batch)


def _is_gated(data: dict[str, Any], place: Location | None) -> bool:
    """Whether the inner network has a gate. Raises for a model type that is not known and does not say."""
    said = data.get("gated_mlp")
    if isinstance(said, bool):
        return said
    if said is not None:
        raise SpecError([Problem(f"expected true or false, got {said!r}", place, "gated_mlp")])
    kind = data.get("model_type")
    if kind is None or kind in _PLAIN.split():
        return False
    if kind in _GATED.split():
        return True
    raise UnsupportedError(f"the model type {kind!r} without the key gated_mlp (true or false)", place)


def _head(data: dict[str, Any], place: Location | None) -> str:
    """What comes after the blocks; a name that is not known is the name of an architecture."""
    said = data.get("head")
    if said is not None:
        if said not in ("vocabulary", "masked", "pooler", "none"):
            raise SpecError([Problem(f"expected vocabulary, masked, pooler or none, got {said!r}", place, "head")])
        return said
    names = data.get("architectures") or ()
    bert = data.get("model_type") in ("bert", "roberta", "camembert", "xlm-roberta")
    if names:
        name = str(names[0])
        if name.endswith(("LMHeadModel", "ForCausalLM")):
            return "vocabulary"
        if name.endswith("ForMaskedLM"):
            return "masked"
        if name.endswith("Model"):
            return "pooler" if bert else "none"
        return name
    if bert:
        return "pooler"
    return "vocabulary" if data.get("vocab_size") is not None else "none"


def _gather_block(gathering: Gathering, block: str, sizes: _Sizes, gated: bool) -> None:
    """One block: attention, then the inner network. Every projection takes all tokens of all texts as rows."""
    rows, width = sizes.batch * sizes.tokens, sizes.heads * sizes.features
    gathering.add(f"{block}.attention.query", gemm(rows, width, sizes.hidden))
    for name in ("key", "value"):
        gathering.add(f"{block}.attention.{name}", gemm(rows, sizes.key_heads * sizes.features, sizes.hidden))
    scores, values = attention(
        batch=sizes.batch,
        heads=sizes.heads,
        key_heads=sizes.key_heads,
        queries=sizes.tokens,
        keys=sizes.keys,
        features=sizes.features,
        value_features=sizes.features,
    )
    gathering.add(f"{block}.attention.scores", scores)
    gathering.add(f"{block}.attention.values", values)
    gathering.add(f"{block}.attention.output", gemm(rows, sizes.hidden, width))
    for name in ("gate", "expand") if gated else ("expand",):
        gathering.add(f"{block}.feed_forward.{name}", gemm(rows, sizes.inner, sizes.hidden))
    gathering.add(f"{block}.feed_forward.contract", gemm(rows, sizes.hidden, sizes.inner))


def _gather_head(gathering: Gathering, head: str, sizes: _Sizes) -> None:
    """What comes after the blocks."""
    rows = sizes.batch * sizes.tokens
    if head == "pooler":
        gathering.add("pooler", gemm(sizes.batch, sizes.hidden, sizes.hidden))
    elif head in ("vocabulary", "masked"):
        if head == "masked":
            gathering.add("head.transform", gemm(rows, sizes.hidden, sizes.hidden))
        if sizes.vocabulary:
            gathering.add("vocabulary", gemm(rows, sizes.vocabulary, sizes.hidden))
        else:
            gathering.refuse("vocabulary", "head", "a vocabulary without vocab_size")
    elif head != "none":
        gathering.refuse("head", head, "the head of an architecture that accelax does not know")
