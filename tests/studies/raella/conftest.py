"""One run of the study on two networks, with typical statistics, for all tests here."""

from __future__ import annotations

import pytest

from accelax.studies.raella.study import StudyResult, run_study


@pytest.fixture(scope="session")
def study() -> StudyResult:
    return run_study(("resnet18", "shufflenet1_0"))
