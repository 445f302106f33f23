"""The file that ``accelax sweep`` reads: which specification, which axes, and the arguments of ``accelax.sweep``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelax.errors import SpecError, did_you_mean
from accelax.spec.text import Problems, SourceDict, SourceList, key_location_of, load_documents, location_of

ARGUMENTS: dict[str, tuple[type, ...]] = {
    "mode": (str,),
    "points": (int,),
    "objective": (str, dict),
    "map": (bool, str),
    "seconds": (int, float),
    "tolerance": (int, float),
    "seed": (int,),
    "chunk": (int,),
}
"""Arguments of ``accelax.sweep`` that the file may give, with their types."""
KEYS = ("files", "layers", "set", "axes", *ARGUMENTS)


@dataclass(frozen=True)
class SweepFile:
    """What the file says. ``files`` and ``layers`` are paths or patterns; those in the file are relative to it."""

    files: tuple[str, ...]
    layers: tuple[str, ...]
    settings: tuple[str, ...]
    axes: dict[str, Any]
    arguments: dict[str, Any]


def read_sweep_file(path: str | Path) -> SweepFile:
    """Read a sweep file.

        files: [arch.yaml, problem.yaml, mapping.yaml]
        layers: [layers/*.yaml]                      # instead of a problem: a network, totalled at each point
        axes:
          architecture.GLB.attributes.depth: [1024, 2048]
          variables.voltage: {low: 0.6, high: 1.1}   # a range, for mode random or sobol
        mode: sobol
        points: 1000

    Raises:
        SpecError: with all that is wrong in it, where it is.
    """
    problems = Problems()
    documents = load_documents(path)
    found = documents[0] if documents else SourceDict()
    if len(documents) > 1:
        problems.add("expected one document", location_of(documents[1]))
    folder = Path(path).parent
    for key in found:
        if key not in KEYS:
            problems.add(f"unknown key {key!r}{did_you_mean(key, KEYS)}", key_location_of(found, key))
    files, layers, settings = (_texts(found, key, problems) for key in ("files", "layers", "set"))
    axes = _axes(found, folder, problems)
    arguments = {name: found[name] for name in ARGUMENTS if found.get(name) is not None}
    for name, value in arguments.items():
        kinds = ARGUMENTS[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            problems.add(f"expected {names}, got {value!r}", location_of(found, name), name)
    if not files and "files" not in found:
        problems.add("expected files: the specification", location_of(found) or None, "files")
    problems.raise_if_any()
    return SweepFile(
        tuple(_placed(folder, name) for name in files),
        tuple(_placed(folder, name) for name in layers),
        settings,
        axes,
        {name: dict(value) if isinstance(value, dict) else value for name, value in arguments.items()},
    )


def _texts(found: SourceDict, key: str, problems: Problems) -> tuple[str, ...]:
    """A list of words, or one of them."""
    given = found.get(key)
    if given is None:
        return ()
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(one, str) for one in listed):
        problems.add(f"expected names of files, got {given!r}", location_of(found, key), key)
        return ()
    return tuple(map(str, listed))


def _axes(found: SourceDict, folder: Path, problems: Problems) -> dict[str, Any]:
    """The axes as ``accelax.sweep`` takes them."""
    given = found.get("axes")
    if not isinstance(given, Mapping):
        problems.add("expected axes, a list or a range for each path", location_of(found, "axes"), "axes")
        return {}
    axes: dict[str, Any] = {}
    for path, values in given.items():
        place = location_of(given, path)
        if isinstance(values, Mapping):
            if set(values) == {"low", "high"}:
                axes[path] = (values["low"], values["high"])
            else:
                problems.add(f"expected {{low: ..., high: ...}}, got {dict(values)!r}", place, str(path))
        elif isinstance(values, (list, SourceList)):
            listed = list(values)
            axes[path] = [_problem(folder, one) for one in listed] if path == "problem" else listed
        else:
            problems.add(f"expected a list of values or {{low: ..., high: ...}}, got {values!r}", place, str(path))
    return axes


def _problem(folder: Path, value: Any) -> Any:
    """A file, or a list of files, of the axis ``problem``."""
    return [_problem(folder, one) for one in value] if isinstance(value, list) else _placed(folder, str(value))


def _placed(folder: Path, name: str) -> str:
    return str(folder / name)


def located(error: SpecError, path: str | Path) -> SpecError:
    """The error with the places of axes in the file where a problem names a path of one and no place."""
    found = load_documents(path)[0]
    axes = found.get("axes")
    problems = Problems()
    for problem in error.problems:
        place = problem.location
        if place is None and isinstance(axes, Mapping):
            place = key_location_of(axes, problem.path)
        problems.add(problem.message, place, problem.path)
    return SpecError(problems.items)
