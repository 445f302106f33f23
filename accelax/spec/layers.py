"""The layers of a network: one machine with one problem after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from accelax.errors import Problem, SpecError
from accelax.spec.specification import ACCELFORGE_KEYS, TIMELOOP_KEYS, Specification, specification_of
from accelax.spec.text import SourceDict, load_documents, load_files
from accelax.spec.text.files import expand_paths
from accelax.spec.text.source import Problems

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: the machine and the problem as a specification, and how often the network repeats it."""

    specification: Specification
    name: str
    count: int = 1


def read_layers(
    machine: Paths, layers: Paths, jinja_parse_data: Mapping[str, object] | None = None
) -> tuple[Layer, ...]:
    """Read every file of ``layers`` together with the files of ``machine``.

    ``layers`` are files, glob patterns, or directories of YAML files. A layer file may say its name and how often it
    occurs under a key ``layer_ignore``, which the dialects leave alone: ``layer_ignore: {name: conv1, count: 3}``.

    Raises:
        SpecError: with every problem found in any of the files.
        UnsupportedError: a feature that is recognized and not supported.
    """
    problems = Problems()
    files = expand_paths(_files(layers), problems)
    problems.raise_if_any()
    found: list[Layer] = []
    mistakes: list[Problem] = []
    for file in files:
        try:
            found.append(_read(_list(machine), file, dict(jinja_parse_data or {})))
        except SpecError as error:
            mistakes += [problem for problem in error.problems if problem not in mistakes]
    if mistakes:
        raise SpecError(mistakes)
    if not found:
        raise SpecError("no layer files")
    return tuple(found)


def is_layer_file(path: str | Path) -> bool:
    """Whether a file holds a problem and no machine. Raises SpecError for one that can not be read."""
    keys = {key for document in load_documents(path) for key in document}
    return bool(keys & {TIMELOOP_KEYS[1], ACCELFORGE_KEYS[1]}) and not keys & {TIMELOOP_KEYS[0], ACCELFORGE_KEYS[0]}


def _read(machine: list[str | Path], file: Path, variables: dict[str, object]) -> Layer:
    """One layer."""
    loaded = load_files([*machine, file], variables)
    switches = {name: value for name, value in loaded.environment.items() if name.startswith("TIMELOOP_")}
    facts: SourceDict = SourceDict()
    for document in loaded.documents:
        if isinstance(document.get("layer_ignore"), SourceDict):
            facts = document["layer_ignore"]
    count = facts.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        place = facts.value_locations.get("count")
        raise SpecError([Problem(f"expected how often the layer occurs, got {count!r}", place, "layer_ignore.count")])
    return Layer(specification_of(loaded.documents, switches), str(facts.get("name", file.stem)), count)


def _list(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, (str, Path)) else list(paths)


def _files(paths: Paths) -> list[str | Path]:
    """``paths`` with a pattern for each directory."""
    return [Path(path) / "*.yaml" if Path(path).is_dir() else path for path in _list(paths)]
