"""The estimators that price the components of specifications: the library's, the user's, and installed plug-ins."""

from __future__ import annotations

import functools
import importlib.util
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from accelax.components.accelergy_plugins import add_plug_in, add_plug_ins
from accelax.components.registry import REGISTRY, Registry

CONFIGURATION = Path("~/.config/accelergy/accelergy_config.yaml")
"""Where Accelergy lists the directories of its plug-ins."""
_DEFAULT_DIRECTORY = "share/accelergy/estimation_plug_ins"


@functools.cache
def all_estimators() -> Registry:
    """The registry with the library in it and, where Accelergy is installed, with its plug-ins.

    A plug-in that cannot be loaded is left out, with a warning.
    """
    import accelax.components.library  # noqa: F401 (enters its estimators)

    if importlib.util.find_spec("accelergy") is not None:
        for failure in add_installed_plug_ins(REGISTRY):
            warnings.warn(failure, stacklevel=2)
    return REGISTRY


def add_installed_plug_ins(registry: Registry, configuration: Path = CONFIGURATION) -> list[str]:
    """Enter the plug-ins of the directories that Accelergy's configuration lists; say which could not be loaded.

    Without a configuration, those below ``share/accelergy`` of this Python installation.
    """
    estimators, modules = _directories(configuration.expanduser())
    failures: list[str] = []
    for description in _files(estimators, "*.estimator.yaml"):
        try:
            modules += _add_described(description, registry)
        except Exception as error:
            failures.append(f"the Accelergy plug-in {description} was not loaded: {type(error).__name__}: {error}")
    for path in _files(modules, "*.py"):
        try:
            add_plug_ins(_module(path), registry)
        except Exception as error:
            failures.append(f"the Accelergy plug-in {path} was not loaded: {type(error).__name__}: {error}")
    return failures


def _directories(configuration: Path) -> tuple[list[Path], list[Path]]:
    """The directories of plug-in objects and those of estimator classes."""
    listed: Any = None
    if configuration.is_file():
        listed = yaml.safe_load(configuration.read_text(encoding="utf-8"))
    if not isinstance(listed, Mapping):
        return [Path(sys.prefix) / _DEFAULT_DIRECTORY], []
    found = ([Path(str(path)) for path in listed.get(key) or ()] for key in ("estimator_plug_ins", "python_plug_ins"))
    return next(found), next(found)


def _files(paths: list[Path], pattern: str) -> list[Path]:
    """The files that are listed themselves, and those of the pattern in directories."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob(pattern)) if path.is_dir() else [path] if path.is_file() else []
    return list(dict.fromkeys(found))


def _add_described(description: Path, registry: Registry) -> list[Path]:
    """Enter the plug-ins that a description names; return the files of estimator classes that it lists."""
    found: list[Path] = []
    for key, entry in (yaml.safe_load(description.read_text(encoding="utf-8")) or {}).items():
        if key == "python_plug_ins":
            found += [description.parent / str(path) for path in entry or ()]
        elif isinstance(entry, Mapping):
            path = description.parent / f"{str(entry['module']).removesuffix('.py')}.py"
            made_from = getattr(_module(path), str(entry["class"]))
            add_plug_in(made_from(entry["parameters"]) if "parameters" in entry else made_from(), registry)
    return found


def _module(path: Path) -> ModuleType:
    """The module in a file; it may import its neighbours."""
    name = f"accelergy_plug_in_{path.stem}_{abs(hash(path)):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
