"""Processors of the user run as they do in TimeloopFE: on a copy, once, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import accelax.timeloop as tl


class ScaleBuffer(tl.Processor):
    """Doubles the buffer as often as the problem says, and takes the key away."""

    def declare_attrs(self) -> None:
        super().add_attr(tl.Problem, "double_buffer_times", int, 0)

    def process(self, spec: Any) -> None:
        super().process(spec)
        if "double_buffer_times" in spec.problem:
            times = spec.problem.pop("double_buffer_times")
            spec.architecture.find("my_buffer").attributes.depth *= 2**times


class Forgetful(tl.Processor):
    def declare_attrs(self) -> None:
        super().add_attr(tl.arch.Storage, "kept_by_mistake", str, "")


class AfterScaling(tl.Processor):
    def process(self, spec: Any) -> None:
        self.must_run_after(ScaleBuffer, spec)


class Older(tl.Processor):
    """With the names of older scripts."""

    def init_attrs(self) -> None:
        super().init_attr(tl.arch.Compute, "lanes", int, 1)

    def process(self, spec: Any) -> None:
        for compute in spec.get_nodes_of_type(tl.arch.Compute):
            spec.architecture.find("PE").spatial.meshX = compute.pop("lanes")


class Plain:
    """No base class: only the hook."""

    def process(self, spec: Any) -> None:
        for storage in spec.get_nodes_of_type(tl.arch.Storage):
            storage.attributes["mark"] = f'"{storage.name}!"'


def test_a_declared_key_is_taken_and_processed_on_a_copy(files: list[Path]) -> None:
    files[1].write_text(files[1].read_text() + "  double_buffer_times: 2\n")
    spec = tl.Specification.from_yaml_files(*files, processors=[ScaleBuffer])
    assert spec.problem["double_buffer_times"] == 2
    assert spec.problem.double_buffer_times == 2
    done = spec.processed()
    assert done.architecture.find("my_buffer").attributes.depth == 4 * 2048
    assert "double_buffer_times" not in done.problem
    assert spec.architecture.find("my_buffer").attributes.depth == 2048
    assert done.processed().architecture.find("my_buffer").attributes.depth == 4 * 2048


def test_without_the_processor_the_key_is_a_mistake_at_its_place(files: list[Path]) -> None:
    files[1].write_text(files[1].read_text() + "  double_buffer_times: 2\n")
    with pytest.raises(tl.SpecError, match=r"problem.yaml:\d+:\d+.*double_buffer_times"):
        tl.Specification.from_yaml_files(*files)


def test_a_default_holds_where_the_key_is_not_given_and_can_be_set(files: list[Path]) -> None:
    spec = tl.Specification.from_yaml_files(*files, processors=[ScaleBuffer])
    assert spec.problem["double_buffer_times"] == 0
    spec.problem["double_buffer_times"] = 1
    assert spec.problem.get("double_buffer_times") == 1
    assert spec.processed().architecture.find("my_buffer").attributes.depth == 4096
    with pytest.raises(tl.SpecError, match="expected int"):
        spec.problem["double_buffer_times"] = "many"


def test_a_key_left_behind_is_named(files: list[Path]) -> None:
    spec = tl.Specification.from_yaml_files(*files, processors=[Forgetful])
    spec.architecture.find("my_buffer")["kept_by_mistake"] = "x"
    with pytest.raises(tl.ProcessorError, match="Forgetful should have removed 'kept_by_mistake'"):
        spec.processed()


def test_processors_run_in_order_and_only_once(files: list[Path]) -> None:
    spec = tl.Specification.from_yaml_files(*files, processors=[AfterScaling])
    with pytest.raises(tl.ProcessorError, match="ScaleBuffer must run before AfterScaling"):
        spec.processed()
    spec.processors = [ScaleBuffer(), AfterScaling]
    assert len(spec.processed().processors_run) == 2


def test_any_class_with_the_hook_will_do(files: list[Path]) -> None:
    spec = tl.Specification.from_yaml_files(*files)
    spec.processors.append(Plain)
    done = spec.processed()
    assert done.architecture.find("register_file").attributes.mark == "register_file!"
    spec.process(Plain)
    assert spec.architecture.find("DRAM").attributes.mark == "DRAM!"


def test_older_names_of_the_hooks(files: list[Path]) -> None:
    files[0].write_text(files[0].read_text() + "    lanes: 4\n")
    spec = tl.Specification.from_yaml_files(*files, processors=[Older])
    assert spec.architecture.find("mac").lanes == 4
    assert spec.processed().lowered().machine.compute.mesh_x == 4


def test_a_file_names_processors_that_the_program_defines(files: list[Path]) -> None:
    files[2].write_text(files[2].read_text() + "processors: [ScaleBuffer]\n")
    spec = tl.Specification.from_yaml_files(*files)
    assert isinstance(spec.processors[0], ScaleBuffer)
    files[2].write_text(files[2].read_text().replace("ScaleBuffer", "Unheard"))
    with pytest.raises(tl.SpecError, match=r"mapper.yaml:\d+:\d+: processors\[0\].*'Unheard'"):
        tl.Specification.from_yaml_files(*files)


def test_processors_run_before_a_call(files: list[Path], tmp_path: Path) -> None:
    files[1].write_text(files[1].read_text() + "  double_buffer_times: 1\n")
    spec = tl.Specification.from_yaml_files(*files, processors=[ScaleBuffer])
    tl.call_accelergy_verbose(spec, tmp_path)
    assert "depth: 4096" in (tmp_path / "parsed-processed-input.yaml").read_text()


def test_only_classes_of_nodes_have_declared_keys(files: list[Path]) -> None:
    class Wrong(tl.Processor):
        def declare_attrs(self) -> None:
            self.add_attr(dict, "x")  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="class of nodes"):
        tl.Specification.from_yaml_files(*files, processors=[Wrong])
