"""Run the mapper, the model or the pricing of components on a specification, and write the files of Timeloop."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from accelax.errors import Location, Problem, SpecError
from accelax.report.searches import summary
from accelax.spec.text import load_documents
from accelax.timeloop.mapping_files import map_text
from accelax.timeloop.output import OutputStats
from accelax.timeloop.results import result_texts, stats_of, table_texts
from accelax.timeloop.spec_text import specification_yaml
from accelax.timeloop.specification import Specification

SECONDS = 10.0
"""The budget of a search whose file does not say when it ends."""
LONGEST = 600.0
"""The budget of a search whose file says when it ends."""


class TimeloopError(SpecError, RuntimeError):
    """A run that has no result, or a result that could not be written: then ``stats`` has it."""

    stats: OutputStats | None = None


@dataclass(frozen=True)
class Finished:
    """What stands for the process where ``return_proc`` asks for one: the run is over when a call returns."""

    stats: OutputStats | None = None
    returncode: int = 0

    def wait(self, timeout: float | None = None) -> int:
        """The exit status."""
        return self.returncode

    poll = wait


def call_mapper(
    specification: Specification,
    output_dir: str | Path,
    environment: Mapping[str, str] | None = None,
    extra_input_files: Sequence[str | Path] | None = None,
    dump_intermediate_to: str | Path | None = None,
    log_to: str | Path | IO[str] | None = None,
    extra_args: Sequence[str] = (),
    return_proc: bool = False,
    *,
    seconds: float | None = None,
    seed: int = 0,
) -> Any:
    """Search for the best mapping, write the files of a Timeloop run to ``output_dir``, and return its statistics.

    The search is that of :func:`accelax.map` with the file's mapper section: its metrics, and when it says when to end
    (``search_size``, ``victory_condition``; then also ``timeout``) its algorithm, for at most 600 s. Otherwise the
    certified search runs for ``seconds``, 10 by default, or until the optimum is proved. Ctrl-C ends it with the best
    mapping so far.

    Args:
        specification: it stays as it is; processors run on a copy.
        output_dir: made where it is missing.
        environment: switches of Timeloop such as ``TIMELOOP_DISABLE_LINK_TRANSFERS``; others have no effect. They hold
            above those of the file, which hold above those of the process.
        extra_input_files: YAML files that are joined to the specification.
        dump_intermediate_to: a file for the specification that is run, besides the one in ``output_dir``.
        log_to: a file, or something to write to, for a few lines on the run, besides the log in ``output_dir``.
        extra_args: taken for compatibility; has no effect.
        return_proc: return an object that looks like the finished process, with ``stats``, in place of the statistics.
        seconds: the budget.
        seed: of the random numbers.

    Raises:
        SpecError: the input is wrong. A :class:`TimeloopError` (also a RuntimeError): no mapping fits, or the files
            cannot be written; what was found then is its ``stats``.
        UnsupportedError: something in the specification is not modelled.
    """
    import accelax

    with _Run(specification, "mapper", output_dir, environment, extra_input_files, dump_intermediate_to, log_to) as run:
        settings = run.spec.search_settings
        ends = any(settings.get(name) for name in ("search_size", "victory_condition"))
        budget = seconds if seconds is not None else LONGEST if ends else SECONDS
        found = accelax.map(run.spec, seconds=budget, seed=seed)
        if found.mapping is None:
            raise TimeloopError(f"no mapping found: {found.reason or 'interrupted before one was'}")
        run.say(f"{found.searcher}: {summary(found.to_dict())}")
        stats = run.finish(found.result, lower_bound=found.lower_bound, objective=found.objective)
    return Finished(stats) if return_proc else stats


def call_model(
    specification: Specification,
    output_dir: str | Path,
    environment: Mapping[str, str] | None = None,
    extra_input_files: Sequence[str | Path] | None = None,
    dump_intermediate_to: str | Path | None = None,
    log_to: str | Path | IO[str] | None = None,
    extra_args: Sequence[str] = (),
    return_proc: bool = False,
) -> Any:
    """Evaluate the mapping of the specification and write the files of a Timeloop run.

    Arguments as of :func:`call_mapper`.

    Raises:
        SpecError: the input is wrong, or has no complete mapping. A :class:`TimeloopError` (also a RuntimeError): the
            mapping does not fit, or the files cannot be written.
        UnsupportedError: something in the specification is not modelled.
    """
    from accelax.evaluation import evaluate

    with _Run(specification, "model", output_dir, environment, extra_input_files, dump_intermediate_to, log_to) as run:
        result = evaluate(run.spec)
        if not result.valid:
            raise TimeloopError(f"the mapping does not fit: {result.reason_if_invalid}")
        stats = run.finish(result)
    return Finished(stats) if return_proc else stats


def call_accelergy_verbose(
    specification: Specification,
    output_dir: str | Path,
    environment: Mapping[str, str] | None = None,
    extra_input_files: Sequence[str | Path] | None = None,
    dump_intermediate_to: str | Path | None = None,
    log_to: str | Path | IO[str] | None = None,
    extra_args: Sequence[str] = (),
    return_proc: bool = False,
) -> Any:
    """Price every action of every component: ``ERT.yaml``, ``ART.yaml`` and their summaries in ``output_dir``.

    Arguments as of :func:`call_mapper`. Returns 0, Accelergy's exit status.

    Raises:
        SpecError: the input is wrong, or a component cannot be priced. A :class:`TimeloopError`: the files cannot be
            written.
        UnsupportedError: something in the specification is not modelled.
    """
    named = (specification, "accelergy", output_dir, environment, extra_input_files, dump_intermediate_to, log_to)
    with _Run(*named) as run:
        run.write(table_texts(run.spec, ""))
    return Finished() if return_proc else 0


class _Run:
    """One call: the specification that is run, and where its files and its log go."""

    def __init__(
        self,
        specification: Specification,
        what: str,
        output_dir: str | Path,
        environment: Mapping[str, str] | None,
        extra_input_files: Sequence[str | Path] | None,
        dump_intermediate_to: str | Path | None,
        log_to: str | Path | IO[str] | None,
    ):
        if not isinstance(specification, Specification):
            raise SpecError(f"expected a tl.Specification, got {type(specification).__name__}")
        self.directory = Path(output_dir)
        self.what, self.log_to = what, log_to
        self.started = time.monotonic()
        self.spec = _prepared(specification, environment, extra_input_files)
        given = self.spec.search_settings.get("out_prefix")
        usual = "accelergy" if what == "accelergy" else f"timeloop-{what}"
        self.prefix = str(given) if what == "mapper" and given else usual
        text = specification_yaml(self.spec.sections_written())
        with _writing(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        self.write({"parsed-processed-input.yaml": text})
        if dump_intermediate_to is not None:
            with _writing(Path(dump_intermediate_to)):
                Path(dump_intermediate_to).write_text(text, encoding="utf-8")
        self.lines: list[str] = []

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.say(str(error))
        self.say(f"{self.what} took {time.monotonic() - self.started:.1f} s")
        with contextlib.nullcontext() if error is None else contextlib.suppress(SpecError):
            self._write_log()

    def say(self, line: str) -> None:
        """Add a line to the log."""
        self.lines.append(line)

    def _write_log(self) -> None:
        text = "\n".join(self.lines) + "\n"
        self.write({f"{self.prefix}.log": text})
        if isinstance(self.log_to, (str, Path)):
            with _writing(Path(self.log_to)):
                Path(self.log_to).write_text(text, encoding="utf-8")
        elif self.log_to is not None:
            print(text, end="", file=self.log_to)

    def write(self, texts: Mapping[str, str]) -> None:
        """Write files. Raises TimeloopError."""
        for name, text in texts.items():
            with _writing(self.directory / name):
                (self.directory / name).write_text(text, encoding="utf-8")

    def finish(self, result: Any, **searched: Any) -> OutputStats:
        """Write everything about a result and return it as statistics.

        Raises:
            TimeloopError: a file cannot be written; the statistics are its ``stats``.
        """
        stats = stats_of(self.spec, result, map_text(result), **searched)
        try:
            self.write(result_texts(self.spec, result, f"{self.prefix}."))
        except TimeloopError as error:
            error.stats = stats
            raise
        return stats


def _prepared(
    specification: Specification, environment: Mapping[str, str] | None, files: Sequence[str | Path] | None
) -> Specification:
    """A copy with the extra files and switches, on which all processors have run. Raises SpecError."""
    spec = specification
    if files:
        listed = [files] if isinstance(files, (str, Path)) else files
        spec = spec.joined_with(load_documents([os.fspath(file) for file in listed], {}))
    given = spec["globals"].environment_variables
    switches = {name: value for name, value in os.environ.items() if name not in given}
    switches = {k: v for k, v in (switches | dict(environment or {})).items() if k.startswith("TIMELOOP_")}
    if switches:
        spec = spec.copy()
        spec["globals"].environment_variables.update(switches)
    return spec.processed()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say where writing failed. Raises TimeloopError."""
    try:
        yield
    except OSError as error:
        raise TimeloopError([Problem(f"cannot write: {error.strerror or error}", Location(str(path)))]) from error


def call_stop(*_: Any, **__: Any) -> None:
    """Nothing to do: no call leaves a process behind."""
    sys.stdout.flush()
