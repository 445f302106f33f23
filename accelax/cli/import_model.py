"""``accelax import``: a model's layers as problem files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelax.cli.exits import ExitCode, say
from accelax.cli.output import print_json, print_tables
from accelax.errors import Location, Problem, SpecError, did_you_mean

if TYPE_CHECKING:
    from accelax.workloads import OperatorGroup, Workload


@dataclass(frozen=True)
class ImportOptions:
    """The options of ``accelax import``; ``sequence``, ``batch`` and ``context`` belong to transformers alone."""

    directory: Path | None = None
    as_json: bool = False
    dimensions: tuple[str, ...] = ()
    sequence: int | None = None
    batch: int | None = None
    context: int | None = None
    dialect: str = "timeloop"
    products: str = "auto"


def import_model(model: str, options: ImportOptions) -> ExitCode:
    """Read ``model`` by its suffix, write its layers where a directory is given, and print them.

    Operators that can not be expressed are named on stderr, the rest is written all the same.

    Raises:
        AccelaxError: the package that reads such a file is missing.
        SpecError: the model or an option is wrong, or there is no layer in it.
        UnsupportedError: a transformer of a kind that accelax does not know.
    """
    _check_choices(options)
    workload = _read(model, options)
    if not workload.imported and not workload.unsupported:
        raise SpecError([Problem("the model multiplies no tensors: there is no layer in it", Location(model))])
    figures: dict[str, Any] = workload.to_dict()
    if options.directory is not None and workload.imported:
        kinds: dict[str, Any] = {"dialect": options.dialect, "products": options.products}
        figures["files"] = [str(path) for path in workload.to_problems(options.directory, **kinds)]
    if options.as_json:
        print_json(figures)
    else:
        if workload.imported:
            _print(workload)
        if files := figures.get("files"):
            say(f"{len(files)} {'file' if len(files) == 1 else 'files'} written to {options.directory}")
    say(*(_describe(model, group) for group in workload.unsupported))
    return ExitCode.UNSUPPORTED if workload.unsupported else ExitCode.FINE


def _check_choices(options: ImportOptions) -> None:
    choices = {"dialect": ("timeloop", "accelforge"), "products": ("auto", "gemm", "convolution")}
    mistakes = [
        Problem(f"--{name}: {value!r} is no choice{did_you_mean(value, allowed)}")
        for name, allowed in choices.items()
        if (value := getattr(options, name)) not in allowed
    ]
    if mistakes:
        raise SpecError(mistakes)


def _read(model: str, options: ImportOptions) -> Workload:
    """The workload, with a sign of life on a terminal."""
    from rich.console import Console

    from accelax.workloads import read_onnx, read_transformer

    sizes: dict[str, Any] = {"sequence": options.sequence, "batch": options.batch, "context": options.context}
    suffix = Path(model).suffix.lower()
    with Console(stderr=True).status(f"reading {model}"):
        if suffix == ".onnx":
            if given := [f"--{name}" for name, size in sizes.items() if size is not None]:
                raise SpecError(f"{', '.join(given)}: of a transformer's configuration, not of an ONNX model")
            return read_onnx(model, _dimensions(options.dimensions))
        if suffix == ".json":
            if options.dimensions:
                raise SpecError("--dimension: of an ONNX model, not of a transformer's configuration")
            return read_transformer(model, **sizes)
    message = "expected an ONNX model (.onnx) or a transformer's configuration (.json)"
    raise SpecError([Problem(message, Location(model))])


def _dimensions(settings: Sequence[str]) -> dict[str, int]:
    """``name=size`` of each setting. Raises SpecError with all that are wrong."""
    found: dict[str, int] = {}
    mistakes: list[Problem] = []
    for setting in settings:
        name, equals, size = setting.rpartition("=")
        try:
            found[name.strip()] = int(size)
        except ValueError:
            equals = ""
        if not equals:
            mistakes.append(Problem(f"--dimension {setting}: expected name=size with a whole number"))
    if mistakes:
        raise SpecError(mistakes)
    return found


def _print(workload: Workload) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from accelax.report.numbers import count

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("layer", "kind", "extents", "stride", "dilation"):
        table.add_column(title)
    for title in ("occurs", "products"):
        table.add_column(title, justify="right")
    for layer in workload.imported:
        shape = layer.shape
        extents = " ".join(f"{rank}={extent}" for rank, extent in shape.extents)
        steps = [f"{pair[0]}x{pair[1]}" if pair != (1, 1) else "-" for pair in (shape.strides, shape.dilations)]
        figures = (count(layer.occurrences), count(shape.products * layer.count))
        table.add_row(escape(layer.name), shape.kind, extents, *steps, *figures)
    ignored = ", ".join(f"{group.count} {group.operator}" for group in workload.ignored)
    print_tables(table, *([escape(f"without products: {ignored}")] if ignored else []))


def _describe(model: str, group: OperatorGroup) -> str:
    hint = "; give it by --dimension NAME=SIZE" if group.reason.startswith("the open dimension") else ""
    more = f" and {group.count - 1} more" if group.count > 1 else ""
    return f"{model}: {group.operator} {group.names[0]!r}{more}: {group.reason} is not supported yet{hint}"
