"""Broken inputs: each is refused with a place in the file, none with a traceback, and none hangs.

A case is one edit of a file in ``tests/broken`` that is right.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from accelax.errors import AccelaxError, SpecError, UnsupportedError
from accelax.spec.specification import Specification
from tests.broken.cases import BOMBS, EDITS, MAY_BE_NEGATIVE, NOT_NUMBERS, NUMBERS

HERE = Path(__file__).parent
SECONDS = 10

NUMBER_CASES = [
    pytest.param(
        dialect, re.sub("[<>]", "", field), re.sub("<.*>", lambda _, value=value: value, field), id=f"{name}={kind}"
    )
    for dialect, fields in NUMBERS.items()
    for name, field in fields.items()
    for kind, value in NOT_NUMBERS.items()
    if not (kind == "negative" and name in MAY_BE_NEGATIVE)
]
EDIT_CASES = [
    pytest.param(dialect, old, new, id=f"{dialect}: {name}")
    for dialect, edits in EDITS.items()
    for name, (old, new) in edits.items()
]


class Hang(BaseException):
    """Raised by the alarm; not an Exception, so that nothing swallows it."""


@contextmanager
def alarm(seconds: int) -> Iterator[None]:
    """Interrupt the block after ``seconds`` of processor time (the machine may be busy with other tests)."""

    def ring(*_: object) -> None:
        raise Hang(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def original(dialect: str) -> str:
    return (HERE / "broken" / f"{dialect}.yaml").read_text(encoding="utf-8")


def edited(dialect: str, old: str, new: str) -> tuple[str, int]:
    """The file with ``old`` replaced, and the line of the edit."""
    text = original(dialect)
    assert text.count(old) >= 1, f"{old!r} is not in the file"
    return text.replace(old, new, 1), text[: text.index(old)].count("\n") + 1


def refusal(path: Path, text: str) -> SpecError:
    """What reading and lowering ``text`` raises."""
    path.write_text(text, encoding="utf-8")
    with alarm(SECONDS), pytest.raises(SpecError) as caught:
        Specification.from_yaml_files(path).lowered()
    return caught.value


def assert_located(error: SpecError, path: Path) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.location is not None, problem
        assert Path(problem.location.file).name == path.name, problem
        assert problem.message.strip(), problem
        assert len(str(problem)) < 2000, problem
        assert "Traceback" not in str(problem)


@pytest.mark.parametrize("dialect", NUMBERS)
def test_the_files_themselves_are_right(dialect):
    spec = Specification.from_yaml_files(HERE / "broken" / f"{dialect}.yaml")
    assert spec.dialect == {"components": "timeloop"}.get(dialect, dialect)
    assert spec.lowered().mapping is not None


def test_there_are_enough_of_them():
    assert len(NUMBER_CASES) + len(EDIT_CASES) + len(BOMBS) >= 300


@pytest.mark.parametrize(("dialect", "old", "new"), NUMBER_CASES)
def test_no_number_where_one_must_stand(tmp_path, dialect, old, new):
    text, line = edited(dialect, old, new)
    path = tmp_path / "broken.yaml"
    error = refusal(path, text)
    assert_located(error, path)
    assert line in [problem.location.line for problem in error.problems if problem.location]


@pytest.mark.parametrize(("dialect", "old", "new"), EDIT_CASES)
def test_one_edit_breaks_a_file(tmp_path, dialect, old, new):
    path = tmp_path / "broken.yaml"
    error = refusal(path, edited(dialect, old, new)[0])
    assert_located(error, path)
    assert any(problem.location and problem.location.line for problem in error.problems)


@pytest.mark.parametrize("name", BOMBS)
def test_files_made_to_break_a_reader(tmp_path, name):
    path = tmp_path / "bomb.yaml"
    assert_located(refusal(path, BOMBS[name]), path)


def scrambled(text: str, seed: int) -> str:
    """``text`` with one to three lines dropped, doubled, swapped, shifted, cut short, or with one word replaced."""
    dice = random.Random(seed)
    lines = text.splitlines(keepends=True)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(lines) - 1)
        match dice.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2:
                lines[at], lines[at + 1] = lines[at + 1], lines[at]
            case 3:
                lines[at] = "  " + lines[at]
            case 4:
                lines[at] = lines[at][: dice.randrange(len(lines[at]))] + "\n"
            case _:
                words = re.findall(r"\w+", lines[at])
                junk = dice.choice(["", "0", "-1", "null", "[]", "{}", "zzz", "1e308", "~", "!x", "&a", "*a", "'"])
                lines[at] = lines[at].replace(dice.choice(words), junk, 1) if words else junk + lines[at]
    return "".join(lines)


@pytest.mark.parametrize("seed", range(300))
def test_whatever_happens_to_a_file_the_answer_is_a_result_or_a_located_refusal(tmp_path, seed):
    path = tmp_path / "scrambled.yaml"
    path.write_text(scrambled(original(tuple(NUMBERS)[seed % 3]), seed), encoding="utf-8")
    refused: AccelaxError | None = None
    with alarm(SECONDS):
        try:
            Specification.from_yaml_files(path).lowered()
        except AccelaxError as error:
            refused = error
    if isinstance(refused, SpecError):
        assert_located(refused, path)
    elif refused is not None:
        assert isinstance(refused, UnsupportedError)
        assert refused.location or refused.path


@pytest.mark.parametrize("dialect", EDITS)
def test_the_command_line_returns_2_and_prints_places(tmp_path, dialect):
    path = tmp_path / "broken.yaml"
    path.write_text(original(dialect).replace("    name: GLB\n", "    nam: GLB\n"), encoding="utf-8")
    for command in ("check", "evaluate", "energy", "map"):
        words = [sys.executable, "-m", "accelax", command, str(path)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
        assert re.match(rf"{re.escape(str(path))}:\d+:\d+: ", done.stderr)
        assert "Traceback" not in done.stderr
