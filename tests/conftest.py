"""Where the tests find real speech, and one way to skip loudly without it."""

import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite("checks")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real corpora; a test that asks for it is skipped where there is none."""
    folder = os.environ.get("EMOTION_TF_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SKIPPED FOR WANT OF DATA: set EMOTION_TF_DATA to the folder with ravdess/, paired/ and vectors")
    return Path(folder)


@pytest.fixture(scope="session")
def ravdess_clips(real_data) -> list[Path]:
    """Real clips of the four emotions, by several actors."""
    clips = sorted((real_data / "ravdess").glob("Actor_*/03-01-0[1345]-*.flac"))
    if not clips:
        pytest.skip(f"SKIPPED FOR WANT OF DATA: no RAVDESS clip under {real_data}")
    return clips


def pytest_collection_modifyitems(items):
    """Marks every test that asks for real data, so that `-m data` picks them."""
    for item in items:
        if {"real_data", "ravdess_clips"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.data)
