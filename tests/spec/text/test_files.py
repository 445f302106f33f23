from __future__ import annotations

import os

import pytest

from accelax.errors import SpecError
from accelax.spec.text import Problems
from accelax.spec.text.files import expand_paths, missing_file_message, read_text, search_paths


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("arch.yaml", "problem.yaml", "map.yml", "sub/deep.yaml", "odd[1].yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(paths):
    return [os.fspath(path) for path in paths]


def expand(*paths):
    problems = Problems()
    found = names(expand_paths(paths, problems))
    problems.raise_if_any()
    return found


def test_globs_are_sorted_and_files_taken_once(folder):
    assert expand("problem.yaml", "*.yaml") == ["problem.yaml", "arch.yaml", "odd[1].yaml"]
    assert expand("arch.yaml", "./arch.yaml", folder / "arch.yaml") == ["arch.yaml"]
    assert expand("**/*.yaml") == ["arch.yaml", "odd[1].yaml", "problem.yaml", "sub/deep.yaml"]


def test_a_file_whose_name_looks_like_a_pattern(folder):
    assert expand("odd[1].yaml") == ["odd[1].yaml"]


def test_the_same_file_through_a_link_is_taken_once(folder):
    (folder / "link.yaml").symlink_to(folder / "arch.yaml")
    assert expand("arch.yaml", "link.yaml") == ["arch.yaml"]


def test_every_missing_file_is_reported(folder):
    with pytest.raises(SpecError) as caught:
        expand("arhc.yaml", "*.nope", "arch.yaml")
    assert [p.message for p in caught.value.problems] == [
        "no such file 'arhc.yaml'; did you mean 'arch.yaml'?",
        "no such file '*.nope'; expected one of: arch.yaml, map.yml, odd[1].yaml, problem.yaml",
    ]


def test_a_missing_directory_is_named(folder):
    assert missing_file_message("nowhere/a.yaml") == "no such file 'nowhere/a.yaml' (there is no directory 'nowhere')"


def test_search_in_directories(folder):
    assert search_paths("deep.yaml", [str(folder), str(folder / "sub")]) == [str(folder / "sub" / "deep.yaml")]
    assert search_paths(str(folder / "arch.yaml"), []) == [str(folder / "arch.yaml")]
    assert search_paths("nope.yaml", [str(folder)]) == []


def test_byte_order_mark_and_line_ends(folder):
    (folder / "dos.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_text("dos.yaml") == "a: 1\nb: 2\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\xfe\n", "bad.yaml:2:1: not a text file: byte 0xff is not valid UTF-8"),
        (b"a: 1\n\n\0\n", "bad.yaml:3:1: not a text file: it contains a zero byte"),
        (bytes(range(256)), "bad.yaml:"),
    ],
)
def test_binary_files_are_refused(folder, content, message):
    (folder / "bad.yaml").write_bytes(content)
    with pytest.raises(SpecError, match=r"^bad.yaml") as caught:
        read_text("bad.yaml")
    assert str(caught.value).startswith(message)


def test_what_is_not_a_file_is_refused(folder):
    os.mkfifo(folder / "pipe.yaml")
    for path, message in [
        ("sub", "this is a directory"),
        ("pipe.yaml", "not a regular file"),
        ("x.yaml", "no such file"),
    ]:
        with pytest.raises(SpecError, match=message):
            read_text(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_refused(folder):
    (folder / "arch.yaml").chmod(0)
    with pytest.raises(SpecError, match="cannot read the file"):
        read_text("arch.yaml")
