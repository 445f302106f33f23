from __future__ import annotations

import os
from pathlib import Path

import pytest

from accelax.cli.runtime import keep_compiled_programs


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    names = [name for name in os.environ if name.startswith("JAX_")]
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", *names):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_programs_are_kept_in_the_users_cache_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert keep_compiled_programs() == tmp_path / "accelax" / "jax"
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "accelax" / "jax")


def test_the_users_own_setting_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "mine"))
    assert keep_compiled_programs() == tmp_path / "mine"
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "mine")


def test_a_directory_that_cannot_be_made_changes_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert keep_compiled_programs() is None
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_without_an_xdg_directory_it_is_below_home(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keep_compiled_programs() == Path(tmp_path, ".cache", "accelax", "jax")
