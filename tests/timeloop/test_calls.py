"""The three calls: the script of a TimeloopFE user as it stands, files, errors, and nothing lost."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import accelax as ax
import accelax.timeloop as tl
from tests.timeloop.stats_parser import areas_of, parse_stats, summary_of

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import accelax.timeloop as tl                      # was: import pytimeloop.timeloopfe.v4 as tl
from joblib import Parallel, delayed
def run(size):
    spec = tl.Specification.from_yaml_files("arch.yaml", "problem.yaml", "mapper.yaml")
    spec.architecture.find("my_buffer").attributes.depth = size
    return tl.call_mapper(spec, output_dir=f"out/{size}")
stats = Parallel(n_jobs=2)(delayed(run)(size) for size in (256, 1024))
spec = tl.Specification.from_yaml_files("arch.yaml", "problem.yaml", "mapper.yaml")
tl.call_accelergy_verbose(spec, output_dir="out")
import pickle
pickle.dump(stats, open("stats.pickle", "wb"))
"""
RUN_FILES = {
    "parsed-processed-input.yaml",
    *(
        f"timeloop-mapper.{name}"
        for name in (
            "stats.txt", "map.txt", "map.yaml", "mapping.yaml", "log",
            "ERT.yaml", "ART.yaml", "ERT_summary.yaml", "ART_summary.yaml",
        )
    ),
}  # fmt: skip


def test_the_script_of_a_user_gives_the_optima_of_map(files: list[Path]) -> None:
    """Acceptance: the script with joblib, its files with a parser of Timeloop's files, and the values of ax.map."""
    directory = files[0].parent
    (directory / "script.py").write_text(SCRIPT)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    stats = pickle.loads((directory / "stats.pickle").read_bytes())
    for size, found in zip((256, 1024), stats, strict=True):
        spec = ax.Specification.from_yaml_files(*files)
        spec.architecture.find("my_buffer").attributes.depth = size  # type: ignore[attr-defined]
        best = ax.map(spec)
        assert best.optimal
        assert found.edp * 1e12 == pytest.approx(best.value, rel=1e-9)
        out = directory / "out" / str(size)
        assert {file.name for file in out.iterdir()} == RUN_FILES
        cycles, computes, _, _ = summary_of((out / "timeloop-mapper.stats.txt").read_text())
        assert (cycles, computes) == (found.cycles, found.computes) == (best.result.cycles, 512)
        read = parse_stats((out / "timeloop-mapper.stats.txt").read_text())
        assert read["levels"]["my_buffer"]["Size"] == 4 * size
        assert read["per_compute"]["Total"] == pytest.approx(1e15 * found.energy / 512, abs=0.006)
        assert sum(areas_of((out / "timeloop-mapper.ART.yaml").read_text()).values()) == pytest.approx(found.area)
    tables = yaml.safe_load((directory / "out" / "ERT.yaml").read_text())["ERT"]["tables"]
    assert {table["name"].split(".")[1].split("[")[0] for table in tables} >= {
        "DRAM",
        "my_buffer",
        "register_file",
        "mac",
    }
    assert (directory / "out" / "ART_summary.yaml").exists()


def mapped(files: list[Path], **sections: object) -> tl.Specification:
    """The specification with a mapping that keeps all loops in the outermost level."""
    spec = tl.Specification.from_yaml_files(*files[:2], **sections)
    spec.mapping = [
        {"target": "DRAM", "type": "temporal", "factors": ["M=8", "N=8", "K=1"], "permutation": ["N", "M"]},
        {"target": "my_buffer", "type": "temporal", "factors": ["M=1", "N=1", "K=1"]},
        {"target": "PE", "type": "spatial", "factors": ["K=8", "M=1", "N=1"], "permutation": ["K", "M", "N"]},
        {"target": "register_file", "type": "temporal", "factors": ["M=1", "N=1", "K=1"]},
    ]
    return spec


def test_the_model_evaluates_the_mapping_of_the_file(files: list[Path], tmp_path: Path) -> None:
    spec = mapped(files)
    stats = tl.call_model(spec, tmp_path / "out")
    result = ax.evaluate(spec)
    assert stats.energy == pytest.approx(result.to_dict()["energy"])
    assert stats.cycles == 64
    assert stats.percent_utilization == 1
    assert (stats.cycle_seconds, stats.latency) == (1e-9, 64e-9)
    assert sum(stats.per_component_energy.values()) == stats.energy
    assert stats.area == pytest.approx(result.to_dict()["area_um2"] * 1e-12)
    assert stats.variables["technology"] == "45nm"
    assert stats.lower_bound is None
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"timeloop-model.stats.txt", "timeloop-model.map.txt", "timeloop-model.map.yaml"} <= names


def test_a_given_energy_table_is_what_comes_out(tmp_path: Path) -> None:
    case = ROOT / "tests" / "golden" / "timeloop" / "012_spatial_x_m" / "input.yaml"
    tl.call_model(tl.Specification.from_yaml_files(case), tmp_path)
    tables = yaml.safe_load((tmp_path / "timeloop-model.ERT.yaml").read_text())["ERT"]["tables"]
    entry = next(table for table in tables if table["name"] == "system_top_level.RF[1..8]")
    assert {action["name"]: action["energy"] for action in entry["actions"]} == {
        "read": 0.8, "write": 0.9, "update": 0.85,
    }  # fmt: skip
    summary = yaml.safe_load((tmp_path / "timeloop-model.ERT_summary.yaml").read_text())["ERT_summary"]
    assert summary["table_summary"][0]["primitive_estimation(s)"][0]["estimator"] == "given"


def test_the_mapper_section_decides_how_to_search(files: list[Path], tmp_path: Path) -> None:
    spec = tl.Specification.from_yaml_files(*files[:2])
    spec.mapper.update(
        {"algorithm": "random", "search_size": 200, "optimization_metrics": ["delay"], "out_prefix": "x"}
    )
    log = io.StringIO()
    stats = tl.call_mapper(spec, tmp_path / "out", log_to=log)
    assert "random: " in log.getvalue()
    assert stats.objective == "delay"
    assert (tmp_path / "out" / "x.stats.txt").exists()


def test_the_specification_that_ran_is_written_and_reads_back(files: list[Path], tmp_path: Path) -> None:
    spec = mapped(files)
    spec.architecture.find("my_buffer").attributes.depth = "2 * 512"
    copy = tmp_path / "copy.yaml"
    first = tl.call_model(spec, tmp_path / "out", dump_intermediate_to=copy)
    assert copy.read_text() == (tmp_path / "out" / "parsed-processed-input.yaml").read_text()
    again = tl.Specification.from_yaml_files(copy)
    assert again.architecture.find("my_buffer").attributes.depth == 1024
    assert tl.call_model(again, tmp_path / "out").energy == first.energy


def test_switches_of_the_process_hold_below_those_of_the_file(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMELOOP_DISABLE_LINK_TRANSFERS", "1")
    spec = mapped(files)
    tl.call_model(spec, tmp_path)
    written = tl.Specification.from_yaml_files(tmp_path / "parsed-processed-input.yaml")
    assert written.rules.link_transfers == "off"
    spec["globals"].environment_variables["TIMELOOP_DISABLE_LINK_TRANSFERS"] = 0
    tl.call_model(spec, tmp_path)
    written = tl.Specification.from_yaml_files(tmp_path / "parsed-processed-input.yaml")
    assert written.rules.link_transfers != "off"


def test_a_mapping_found_before_is_evaluated_and_written(files: list[Path], tmp_path: Path) -> None:
    spec = mapped(files)
    found = spec.lowered().mapping
    assert found is not None
    other = tl.Specification.from_yaml_files(*files).with_mapping(found)
    assert tl.call_model(other, tmp_path).energy == tl.call_model(spec, tmp_path / "other").energy
    again = tl.Specification.from_yaml_files(tmp_path / "parsed-processed-input.yaml")
    assert again.lowered().mapping == found


def test_extra_files_and_switches_hold_for_one_call(files: list[Path], tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text("globals: {environment_variables: {TIMELOOP_DISABLE_LINK_TRANSFERS: 1}}\n")
    spec = mapped(files)
    tl.call_model(spec, tmp_path / "a", extra_input_files=[extra])
    tl.call_model(spec, tmp_path / "b", environment={"TIMELOOP_DISABLE_LINK_TRANSFERS": "1", "PATH": "x"})
    for name in "ab":
        assert "TIMELOOP_DISABLE_LINK_TRANSFERS" in (tmp_path / name / "parsed-processed-input.yaml").read_text()
    assert spec.rules.link_transfers != "off"
    with pytest.raises(ax.UnsupportedError, match="TIMELOOP_NONSENSE"):
        tl.call_model(spec, tmp_path / "c", environment={"TIMELOOP_NONSENSE": "1"})


def test_a_finished_process_stands_for_a_process(files: list[Path], tmp_path: Path) -> None:
    done = tl.call_model(mapped(files), tmp_path, return_proc=True, extra_args=["-v"])
    assert done.wait() == done.poll() == done.returncode == 0
    assert done.stats.cycles == 64
    assert tl.call_accelergy_verbose(mapped(files), tmp_path) == 0


def test_no_mapping_is_a_runtime_error_that_says_why(files: list[Path], tmp_path: Path) -> None:
    spec = tl.Specification.from_yaml_files(*files)
    buffer = spec.architecture.find("my_buffer")
    buffer.constraints.dataspace.keep = ["Inputs", "Weights", "Outputs"]
    buffer.attributes.depth = 1
    buffer.constraints.temporal.factors = ["M=8", "N=8", "K=8"]
    with pytest.raises(RuntimeError, match="my_buffer"):
        tl.call_mapper(spec, tmp_path / "out", seconds=2)
    assert "my_buffer" in (tmp_path / "out" / "timeloop-mapper.log").read_text()
    assert not (tmp_path / "out" / "timeloop-mapper.stats.txt").exists()


def test_a_mapping_that_does_not_fit_is_refused(files: list[Path], tmp_path: Path) -> None:
    spec = mapped(files)
    spec.mapping = [
        {"target": "DRAM", "type": "temporal", "factors": ["M=1", "N=1", "K=1"]},
        {"target": "my_buffer", "type": "temporal", "factors": ["M=1", "N=1", "K=1"]},
        {"target": "PE", "type": "spatial", "factors": ["K=1", "M=1", "N=1"]},
        {"target": "register_file", "type": "temporal", "factors": ["M=8", "N=8", "K=8"]},
    ]
    with pytest.raises(tl.TimeloopError, match="register_file needs 192 words"):
        tl.call_model(spec, tmp_path)


def test_what_cannot_be_written_is_named_before_the_search(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(tl.SpecError) as raised:
        tl.call_mapper(tl.Specification.from_yaml_files(*files), tmp_path / "file")
    place = raised.value.problems[0].location
    assert place is not None
    assert place.file == str(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_result_that_cannot_be_written_is_not_lost(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "timeloop-model.map.txt").mkdir()
    with pytest.raises(tl.TimeloopError, match=r"map\.txt") as raised:
        tl.call_model(mapped(files), tmp_path)
    assert raised.value.stats is not None
    assert raised.value.stats.cycles == 64


def test_errors_come_back_whole_from_another_process() -> None:
    place = ax.SpecError("wrong").problems
    refused = pickle.loads(pickle.dumps(ax.UnsupportedError("foo", path="a.b")))
    assert (str(refused), refused.path) == ("foo is not supported yet (a.b)", "a.b")
    wrong = tl.TimeloopError(place)
    wrong.stats = tl.OutputStats(1, 1, 1, 1, {}, {}, {}, {})
    again = pickle.loads(pickle.dumps(wrong))
    assert again.problems == place
    assert again.stats.cycles == 1


def test_an_unpriced_component_and_a_missing_mapping_keep_their_places(files: list[Path], tmp_path: Path) -> None:
    spec = tl.Specification.from_yaml_files(*files)
    with pytest.raises(tl.SpecError, match="no mapping"):
        tl.call_model(spec, tmp_path)
    files[0].write_text(files[0].read_text().replace("class: intmac", "class: strange_mac"))
    spec = tl.Specification.from_yaml_files(*files)
    with pytest.raises(tl.SpecError, match=r"arch.yaml:\d+:\d+.*strange_mac"):
        tl.call_accelergy_verbose(spec, tmp_path)
    with pytest.raises(tl.SpecError, match=r"tl\.Specification"):
        tl.call_model(ax.Specification.from_yaml_files(*files), tmp_path)  # type: ignore[arg-type]
