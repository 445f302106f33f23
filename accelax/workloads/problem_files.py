"""A layer as the problem section of either dialect, and as the text of a file."""

from __future__ import annotations

from typing import Any, Literal

from accelax.errors import SpecError
from accelax.workloads.shapes import LayerShape

Dialect = Literal["timeloop", "accelforge"]

_COEFFICIENTS = ("Wstride", "Hstride", "Wdilation", "Hdilation")
_WINDOW = [[["R", "Wdilation"], ["P", "Wstride"]], [["S", "Hdilation"], ["Q", "Hstride"]]]
_PROJECTIONS: dict[str, dict[str, list[Any]]] = {
    "convolution": {
        "Weights": [[["C"]], [["M"]], [["R"]], [["S"]]],
        "Inputs": [[["N"]], [["C"]], *_WINDOW],
        "Outputs": [[["N"]], [["M"]], [["P"]], [["Q"]]],
    },
    "depthwise": {
        "Weights": [[["C"]], [["M"]], [["R"]], [["S"]]],
        "Inputs": [[["N"]], [["C"]], *_WINDOW],
        "Outputs": [[["N"]], [["C"]], [["M"]], [["P"]], [["Q"]]],
    },
    "gemm": {
        "Inputs": [[["M"]], [["K"]]],
        "Weights": [[["K"]], [["N"]]],
        "Outputs": [[["M"]], [["N"]]],
    },
}


def problem_section(
    shape: LayerShape, dialect: Dialect = "timeloop", as_convolution: bool = False, bits_per_value: int = 8
) -> dict[str, Any]:
    """The section ``problem`` (Timeloop) or ``workload`` (AccelForge) of one group, as plain dictionaries.

    Raises:
        SpecError: there is no such dialect.
    """
    family, instance = _instance(shape, as_convolution)
    if dialect == "timeloop":
        return {"problem": {"version": 0.4, "shape": _timeloop_shape(family), "instance": instance}}
    if dialect == "accelforge":
        return {"workload": _accelforge_workload(family, instance, bits_per_value)}
    raise SpecError(f"dialect: expected timeloop or accelforge, got {dialect!r}")


def problem_text(
    shape: LayerShape, dialect: Dialect = "timeloop", as_convolution: bool = False, bits_per_value: int = 8
) -> str:
    """:func:`problem_section` as YAML, as one would write it by hand. Raises as that."""
    return _block(problem_section(shape, dialect, as_convolution, bits_per_value), 0)


def _instance(shape: LayerShape, as_convolution: bool) -> tuple[str, dict[str, int]]:
    """The name of the problem's family, and its ranks and coefficients."""
    if not shape.is_convolution and not as_convolution:
        return "gemm", dict(shape.extents)
    coefficients = dict(zip(_COEFFICIENTS, (*shape.strides, *shape.dilations), strict=True))
    return "depthwise" if shape.kind == "depthwise" else "convolution", {**shape.as_convolution(), **coefficients}


def _timeloop_shape(family: str) -> dict[str, Any]:
    spaces: list[dict[str, Any]] = [
        {"name": name, "projection": projection} for name, projection in _PROJECTIONS[family].items()
    ]
    spaces[-1]["read_write"] = True
    if family == "gemm":
        return {"name": family, "dimensions": ["M", "N", "K"], "data_spaces": spaces}
    return {
        "name": family,
        "dimensions": ["C", "M", "R", "S", "N", "P", "Q"],
        "coefficients": [{"name": name, "default": 1} for name in _COEFFICIENTS],
        "data_spaces": spaces,
    }


def _accelforge_workload(family: str, instance: dict[str, int], bits_per_value: int) -> dict[str, Any]:
    """One Einsum; a window's two axes are the ranks W and H."""
    terms: dict[str, str] = {}
    for tensor, projection in _PROJECTIONS[family].items():
        axes = iter(("W", "H"))
        indices = [
            index[0][0].lower() if len(index) == 1 else f"{next(axes)}: {_sum(index, instance)}" for index in projection
        ]
        terms[tensor] = f"{tensor}[{', '.join(indices)}]"
    ranks = {rank: extent for rank, extent in instance.items() if rank not in _COEFFICIENTS}
    return {
        "bits_per_value": {"All": bits_per_value},
        "einsums": [
            {
                "einsum": f"{terms['Outputs']} = {terms['Inputs']} * {terms['Weights']}",
                "iteration_space_shape": [f"0 <= {rank.lower()} < {extent}" for rank, extent in ranks.items()],
                "renames": {"input": "Inputs", "weight": "Weights", "output": "Outputs"},
            }
        ],
    }


def _sum(index: list[list[str]], instance: dict[str, int]) -> str:
    """An index that is a sum, each rank times its coefficient."""
    return " + ".join(f"{rank.lower()}*{instance[coefficient]}" for rank, coefficient in index)


def _block(value: dict[str, Any], depth: int) -> str:
    """Dictionaries of dictionaries as indented blocks, lists of dictionaries as items, everything else in a line."""
    lines: list[str] = []
    for key, item in value.items():
        margin = "  " * depth
        if isinstance(item, dict) and key not in ("instance", "renames", "bits_per_value"):
            lines.append(f"{margin}{key}:\n{_block(item, depth + 1)}")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{margin}{key}:\n" + "".join(_item(entry, depth) for entry in item))
        else:
            lines.append(f"{margin}{key}: {_inline(item)}\n")
    return "".join(lines)


def _item(entry: dict[str, Any], depth: int) -> str:
    """One entry of a list: in one line when it is a handful of scalars, else a block."""
    margin = "  " * depth
    if not any(isinstance(item, (list, dict)) for item in entry.values()):
        return f"{margin}- {_inline(entry)}\n"
    return f"{margin}- {_block(entry, depth + 1)[len(margin) + 2 :]}"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f'"{text}"' if "[" in text else text
