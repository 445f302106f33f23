"""The layers that a point is about: what a sweep is given, and what the values of a ``problem`` axis stand for."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelax.errors import SpecError, UnsupportedError
from accelax.spec.layers import Layer, is_layer_file
from accelax.spec.specification import Specification
from accelax.spec.text import Problems, SourceDict, load_documents
from accelax.spec.text.files import expand_paths

Network = tuple[Layer, ...]
"""Layers that run one after the other; their totals are those of a point."""


def network_of(given: Any) -> Network:
    """The layers that a specification, a layer or a list of them stands for.

    Raises:
        SpecError: anything else.
    """
    if isinstance(given, Layer):
        return (given,)
    if isinstance(given, Specification):
        return (Layer(given, "layer 1"),)
    if isinstance(given, Sequence) and not isinstance(given, str) and given:
        named = [Layer(one, f"layer {n}") if isinstance(one, Specification) else one for n, one in enumerate(given, 1)]
        if all(isinstance(one, Layer) for one in named):
            return tuple(named)
    raise SpecError(f"expected a specification, a layer or a list of them, got {given!r:.100}")


def network_at(base: Specification, value: Any) -> Network:
    """What one value of a ``problem`` axis stands for.

    A layer, a specification or a list of them: itself, with its own machine. A file, a pattern or a directory: its
    problems (and mappings, where the files have them) on the machine of ``base``.

    Raises:
        SpecError: there is no such file, or it holds no problem.
        UnsupportedError: files in the AccelForge dialect.
    """
    if not isinstance(value, (str, Path)):
        if isinstance(value, (list, tuple)) and all(isinstance(one, (str, Path)) for one in value):
            return tuple(layer for one in value for layer in network_at(base, one))
        return network_of(value)
    problems = Problems()
    files = expand_paths([Path(value) / "*.yaml" if Path(value).is_dir() else value], problems)
    problems.raise_if_any()
    return tuple(_layer(base, Path(file)) for file in files)


def _layer(base: Specification, file: Path) -> Layer:
    """The problem of one file on the machine of ``base``."""
    documents = load_documents(file)
    found: dict[str, Any] = {key: value for document in documents for key, value in document.items()}
    if not is_layer_file(file) or "problem" not in found:
        if "workload" in found:
            raise UnsupportedError(f"an axis of problem files in the AccelForge dialect ({file})")
        raise SpecError(f"{file}: expected a file with a problem and no machine")
    facts = found.get("layer_ignore")
    facts = facts if isinstance(facts, SourceDict) else {}
    parts = {key: found[key] for key in ("problem", "mapping") if key in found}
    return Layer(changed(base, parts), str(facts.get("name", file.stem)), int(facts.get("count", 1)))


def label_of(value: Any) -> str:
    """What a value of a ``problem`` axis is called in results.

    >>> label_of("layers/conv1.yaml"), label_of(["a.yaml", "b.yaml"])
    ('layers/conv1.yaml', 'a.yaml, b.yaml')
    """
    if isinstance(value, (list, tuple)):
        return ", ".join(map(label_of, value))
    return value.name if isinstance(value, Layer) else str(value) if isinstance(value, (str, Path)) else "specification"


def changed(spec: Specification, values: Mapping[str, Any]) -> Specification:
    """A copy of ``spec`` with the values of some paths replaced, all at once.

    Raises:
        SpecError: no such path, or a value that does not fit.
    """
    rules = {path: value for path, value in values.items() if path.startswith("rules.")}
    others = {path: value for path, value in values.items() if path not in rules}
    twin: Any = spec
    if hasattr(twin, "with_values"):
        twin = twin.with_values(others)
    else:
        twin = copy.deepcopy(spec)
        rules = dict(values)
    for path, value in rules.items():
        twin.set(path, value)
    return twin


def network_with(network: Network, values: Mapping[str, Any]) -> Network:
    """Every layer of a network with the values of some paths replaced. Raises as :func:`changed`."""
    if not values:
        return network
    return tuple(Layer(changed(one.specification, values), one.name, one.count) for one in network)
