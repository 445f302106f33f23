from __future__ import annotations

import os
import subprocess
import sys

import pytest

from accelax.cli.exits import ExitCode, guard
from accelax.errors import AccelaxError, Location, Problem, SpecError, UnsupportedError


def raising(error: BaseException):
    def command() -> int:
        raise error

    return command


def test_the_code_of_the_command_is_returned():
    assert guard(lambda: ExitCode.INVALID) == 1


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            UnsupportedError("a Network", Location("a.yaml", 3, 5), "arch.NoC"),
            3,
            "a.yaml:3:5: arch.NoC: a Network is not",
        ),
        (AccelaxError("nothing fits"), 1, "nothing fits"),
        (FileNotFoundError(2, "No such file or directory", "a.yaml"), 2, "a.yaml: No such file or directory"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            ZeroDivisionError("division\nby zero"),
            70,
            "internal error: ZeroDivisionError: division by zero; please report",
        ),
    ],
)
def test_every_failure_is_a_line_and_a_code(capsys, error, code, text):
    assert guard(raising(error)) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(text)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_every_problem_is_printed_with_its_place(capsys):
    problems = [Problem("expected a number", Location("a.yaml", 3, 5), "x.depth"), Problem("unknown key", None, "y")]
    assert guard(raising(SpecError(problems))) == 2
    assert capsys.readouterr().err == "a.yaml:3:5: x.depth: expected a number\ny: unknown key\n2 problems\n"


def test_the_debug_variable_lets_unforeseen_errors_through(monkeypatch):
    monkeypatch.setenv("ACCELAX_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guard(raising(ZeroDivisionError()))


INTERRUPTED_PROCESS = """
import atexit, sys
from accelax import cli
from accelax.cli import app

def {how}(**_):
    print("best so far")
    {lines}

atexit.register(print, "left as usual")
app.app = {how}
sys.exit(cli.main())
"""


@pytest.mark.parametrize(
    ("how", "lines", "code", "out", "err"),
    [
        ("interrupt", "raise KeyboardInterrupt", 130, "best so far\n", "interrupted\n"),
        ("end", "raise SystemExit(130)", 130, "best so far\n", ""),
        ("fail", "raise SystemExit(2)", 2, "best so far\nleft as usual\n", ""),
        ("finish", "raise SystemExit(0)", 0, "best so far\nleft as usual\n", ""),
    ],
)
def test_an_interrupted_process_ends_at_once_with_what_it_printed(how, lines, code, out, err):
    script = INTERRUPTED_PROCESS.format(how=how, lines=lines)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (code, out, err)


def test_an_interrupted_process_takes_its_workers_along():
    lines = "import time; from accelax.search.workers import start_workers as s; p = s(1); p.submit(time.sleep, 100)"
    script = INTERRUPTED_PROCESS.format(
        how="interrupt", lines=f"{lines}; print(*p._processes); raise KeyboardInterrupt"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    _, worker = done.stdout.split("\n", 1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(worker), 0)
