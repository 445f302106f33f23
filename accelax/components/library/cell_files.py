"""Parameter files of cells, as NeuroSim and CiMLoop write them: lines of ``-Name (unit): value`` and comments."""

from __future__ import annotations

import re
from pathlib import Path

from accelax.components.registry import Declined

_LINE = re.compile(r"^\s*-\s*([A-Za-z][^:]*?)\s*:\s*(\S+)")
_NUMBERS = {
    "cellarea": ("area_F2", 1.0),
    "resistanceon": ("resistance_on", 1.0),
    "resistanceonatreadvoltage": ("resistance_on", 1.0),
    "resistanceoff": ("resistance_off", 1.0),
    "resistanceoffatreadvoltage": ("resistance_off", 1.0),
    "accesscmoswidth": ("access_width", 1.0),
    "readvoltage": ("read_voltage", 1.0),
    "setvoltage": ("set_voltage", 1.0),
    "setpulse": ("set_pulse_s", 1e-9),
    "cellcapacitancemultiplier": ("capacitance_scale", 1.0),
    "cellcapacitanceadjust": ("extra_fF", 1e15),
    "sramcellnmoswidth": ("transistor_width", 1.0),
    "cellreadleakenergymultiplier": ("leak_scale", 1.0),
}
"""The field of a cell that a name gives, and the factor from the file's unit."""


def _lines(path: str) -> dict[str, str]:
    """The values by lower-case name without its unit; of a name that occurs twice, the first one holds."""
    found: dict[str, str] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        match = _LINE.match(line.split("#")[0].split("//")[0])
        if match:
            found.setdefault(match[1].split("(")[0].strip().lower(), match[2])
    return found


def read_cell(path: str) -> dict[str, float | bool]:
    """The fields of a cell that a parameter file states.

    A resistive cell whose access type is ``None`` is a cross-point without access devices.

    Raises:
        Declined: the file states no area, an unknown kind of cell, or something that is no number.
    """
    lines = _lines(path)
    kind = lines.get("memcelltype", "").lower()
    if kind not in ("sram", "rram", "memristor"):
        raise Declined(f"{path}: 'MemCellType' is one of SRAM, RRAM, memristor, not {kind!r}", "cell_config")
    fields: dict[str, float | bool] = {"is_resistive": kind != "sram"}
    for name, text in lines.items():
        if name in _NUMBERS:
            field, factor = _NUMBERS[name]
            try:
                fields[field] = float(text) * factor
            except ValueError:
                raise Declined(f"{path}: {name!r} must be a number, not {text!r}", "cell_config") from None
    if "area_F2" not in fields:
        raise Declined(f"{path}: 'CellArea' is missing", "cell_config")
    if fields["is_resistive"] and lines.get("accesstype", "None").lower() == "none":
        fields["access_width"] = 0.0
    return fields
