"""What README tells a reader to type works, as written, from the root of the repository."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
COMMANDS = [
    line
    for language, text in BLOCKS
    if language == "bash"
    for line in text.replace("\\\n", " ").splitlines()
    if line.startswith("accelax ")
]
PROGRAMS = [(text, BLOCKS[place + 1][1]) for place, (language, text) in enumerate(BLOCKS) if language == "python"]


def test_readme_has_examples():
    assert COMMANDS
    assert PROGRAMS


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command):
    words = shlex.split(command, comments=True)
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(("program", "output"), PROGRAMS)
def test_programs(program, output):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == output
