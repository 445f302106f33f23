"""The results file: what is kept of a broken one, and what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelax.errors import SpecError
from accelax.sweeps.journal import Journal, read_file, written

HEADER = {"axes": {"variables.a": [1, 2, 3]}, "points": 5, "fingerprint": "f"}


def row(number, **more):
    return {"point": number, "values": {"variables.a": number}, "valid": True, "layers": {}, **more}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "results.jsonl"
    with Journal.open(path, HEADER, resume=True) as journal:
        journal.add([row(0), row(2)])
        journal.add_mappings(1, [None])
        journal.add([row(1)])
    return path


def resumed(path, header=HEADER):
    with Journal.open(path, header, resume=True) as journal:
        return journal.contents


def test_a_file_is_a_header_and_a_line_for_each_point(file):
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {**lines[0], "crc": 0} == {"accelax_sweep": 2, **HEADER, "crc": 0}
    assert [line.get("point") for line in lines[1:]] == [0, 2, None, 1]
    contents = resumed(file)
    assert list(contents.rows) == [0, 2, 1]
    assert contents.mappings == {1: [None]}
    assert contents.notes == []


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_cut_short_is_dropped_and_nothing_else(file, cut):
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    contents = resumed(file)
    assert list(contents.rows) == [0, 2]
    assert "the last line was not written to its end" in contents.notes[0]
    assert file.read_bytes() == whole[: whole.rindex(b'{"point":1')]
    assert not file.with_name("results.jsonl.corrupt").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"garbage\n", "not a line as it was written"),
        (b"\xff\x00\n", "not a line as it was written"),
        (b"\n", "not a line as it was written"),
        (b"[" * 100_000 + b"\n", "not a line as it was written"),
        (written(row(4)).replace(b'"point":4', b'"point":3'), "not a line as it was written"),
        (json.dumps(row(4)).encode() + b"\n", "not a line as it was written"),
        (written(row(7)), "expected a point from 0 to 4, got 7"),
        (written(row(True)), "expected a point from 0 to 4, got True"),
        (written(row(0)), "point 0 for the second time"),
        (written({"point": 3}), "point 3 without its results"),
    ],
)
def test_what_follows_a_broken_line_is_set_aside(file, line, message):
    good = file.read_bytes()
    rest = line + written(row(4))
    file.write_bytes(good + rest)
    contents = resumed(file)
    assert list(contents.rows) == [0, 2, 1]
    assert contents.notes[0].startswith(f"{file}:6: {message}; lines that cannot be used: this and the next 1;")
    assert file.read_bytes() == good
    assert file.with_name("results.jsonl.corrupt").read_bytes() == rest


@pytest.mark.parametrize("length", [0, 5, 40])
def test_a_header_cut_short_is_written_again(file, length):
    file.write_bytes(file.read_bytes()[:length])
    assert resumed(file).rows == {}
    assert read_file(file).header["points"] == 5


def test_another_sweep_is_refused_and_its_file_left_alone(file):
    before = file.read_bytes()
    message = "results.jsonl:1:1: the file is of another sweep: it has points 5, this sweep 6"
    with pytest.raises(SpecError, match=message):
        resumed(file, {**HEADER, "points": 6})
    assert file.read_bytes() == before


def test_a_file_that_is_none_of_a_sweep_is_left_alone(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear all,\n")
    with pytest.raises(SpecError, match=r"letter.txt:1:1: not a results file of a sweep"):
        resumed(path)
    assert path.read_text() == "Dear all,\n"
    path.write_text("no end of line")
    with pytest.raises(SpecError, match="not a results file"):
        resumed(path)


def test_without_resume_a_file_stays_as_it_is(file):
    before = file.read_bytes()
    with pytest.raises(SpecError, match="the file is there already"):
        Journal.open(file, HEADER, resume=False)
    assert file.read_bytes() == before


def test_two_runs_cannot_write_one_file(file):
    with Journal.open(file, HEADER, resume=True), pytest.raises(SpecError, match="another run is writing this file"):
        resumed(file)


@pytest.mark.parametrize("name", ["missing/results.jsonl", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, name):
    with pytest.raises(SpecError, match="the results cannot be written"):
        resumed(tmp_path / name)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match=r"nothing.jsonl: cannot be read: No such file"):
        read_file(tmp_path / "nothing.jsonl")


@given(st.data())
def test_no_byte_of_a_file_changes_unnoticed(tmp_path_factory, data):
    """Whichever byte becomes another: the file is refused, or what is read of it is what was written."""
    path = tmp_path_factory.mktemp("bytes") / "results.jsonl"
    rows = [row(n, value=n / 3) for n in range(5)]
    whole = b"".join(map(written, [{"accelax_sweep": 2, **HEADER}, *rows]))
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    try:
        contents = read_file(path)
    except SpecError:
        assert place < whole.index(b"\n") + 1
        return
    kept = list(contents.rows.values())
    assert kept == rows[: len(kept)]
    assert len(kept) == 5 or contents.notes


def test_ends_of_lines_may_be_those_of_another_system(file):
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert list(resumed(file).rows) == [0, 2, 1]
