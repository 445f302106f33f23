"""Results of both dialects, as their commands print them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import accelax as ax

CONFIGS = Path(__file__).parent.parent.parent / "configs"
EYERISS = ("arch/eyeriss_like.yaml", "workload/resnet18/layer_05.yaml", "mapping/eyeriss_like_resnet18.yaml")
ARRAY = ("arch/accelforge_array.yaml", "workload/accelforge_matmul.yaml", "mapping/accelforge_array_matmul.yaml")


def evaluated(names: tuple[str, ...]) -> dict[str, Any]:
    spec = ax.Specification.from_yaml_files(*(str(CONFIGS / name) for name in names))
    return json.loads(json.dumps(ax.evaluate(spec).to_dict()))


@pytest.fixture(scope="session")
def level_result() -> dict[str, Any]:
    """The Eyeriss-like machine: 168 MACs, words of 16 bits, 5 ns a cycle."""
    return evaluated(EYERISS)


@pytest.fixture(scope="session")
def tree_result() -> dict[str, Any]:
    """A 16 x 16 array in the AccelForge dialect."""
    return evaluated(ARRAY)


def search_of(result: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A search that found ``result`` after 2 of its 3 seconds."""
    return {
        "objective": "energy", "searcher": "certified", "value": 100.0, "lower_bound": 80.0, "gap": 0.2,
        "optimal": False, "evaluated": 12, "classes": 0, "seconds": 3.0, "startup_seconds": 0.0, "interrupted": False,
        "reason": None, "explanation": None, "history": [[0.5, 400.0, 0.0], [1.0, 200.0, 50.0], [2.0, 100.0, 80.0]],
        "mapping": "mapping: [a <b>]\n", "result": result, **changes,
    }  # fmt: skip


@pytest.fixture
def search(level_result) -> dict[str, Any]:
    run = {"command": "accelax map a.yaml", "files": ["a.yaml"], "seed": 7, "versions": {"accelax": "0.1.0"}}
    return {"run": run, **search_of(level_result)}


@pytest.fixture
def network(level_result) -> dict[str, Any]:
    """A layer twice, another under its own name, and one without a mapping."""
    layers = [
        {"name": "conv1", "count": 2, "same_as": None, **search_of(level_result)},
        {"name": "conv2", "count": 1, "same_as": "conv1", **search_of(level_result)},
        {"name": "conv3", "count": 1, "same_as": None, **search_of(level_result)},
        {"name": "fc", "count": 1, "same_as": None, **search_of(None, value=None, mapping=None, history=[])},
    ]
    facts = {"complete": False, "interrupted": False, "seconds": 9.0, "largest_gap": 0.2, "total": None}
    return {**facts, "layers": layers}


@pytest.fixture
def front() -> dict[str, Any]:
    points = [(1e6, 900, 5), (2e6, 400, 6), (3e6, 500, 4)]
    names = ("energy", "delay", "last_level_accesses")
    return {
        "metrics": list(names), "units": {"energy": "pJ", "delay": "cycles"}, "evaluated": 12, "seconds": 1.0,
        "lower_bounds": {"energy": 8e5, "delay": 0.0, "last_level_accesses": 3.0}, "interrupted": False,
        "reason": None, "front": [{**dict(zip(names, p, strict=True)), "mapping": "mapping: []\n"} for p in points],
    }  # fmt: skip


@pytest.fixture
def sweep() -> dict[str, Any]:
    rows = [(3e6, 10.0), (1e6, 30.0), (2e6, 40.0)]
    points = [
        {"point": n, "values": {"variables.pe": 2**n}, "valid": True, "value": e * c, "energy_pJ": e, "cycles": c,
         "latency_s": None, "edp": e * c * 1e-12, "area_um2": 5.0, "layers": {}}
        for n, (e, c) in enumerate(rows)
    ]  # fmt: skip
    failed = {"point": 3, "values": {"variables.pe": 8}, "valid": False, "value": None, "energy_pJ": None}
    return {"header": {"objective": "edp", "seed": 0}, "best": points[0], "points": [*points, failed]}


@pytest.fixture
def codesign(level_result) -> dict[str, Any]:
    total = {"energy_pJ": 7e8, "cycles": 688128.0, "latency_s": None, "edp": 4.9e14, "area_um2": 3e6}
    layer = {"name": "conv1", "count": 3, "names": ["conv1"], "mapping": "mapping: []\n", "result": level_result}
    designs = [{"knobs": {"variables.pe": n}, "area_um2": n * 1e6, "value": 9e14 / n, "energy_pJ": 1.0, "delay": 1.0}
               for n in (1, 2)]  # fmt: skip
    slopes = [{"name": "variables.pe", "kind": "knob", "value": 2.0, "slope": -0.5}]
    return {
        "method": "certified", "objective": "edp", "value": 4.5e14, "lower_bound": 4e14, "gap": 0.1111,
        "optimal": False, "knobs": {"variables.pe": 2.0}, "total": total, "designs": 2, "evaluated": 9, "searches": 3,
        "seconds": 1.0, "interrupted": False, "layers": [layer], "front": designs, "sensitivity": slopes,
        "history": [[0.2, 9e14, 1e14], [0.8, 4.5e14, 4e14]],
    }  # fmt: skip
