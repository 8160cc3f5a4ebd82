"""Every tutorial runs from its first cell to its last on the demo corpus."""

import os

import pytest
from doc_blocks import ROOT

nbformat = pytest.importorskip("nbformat", reason="SKIPPED FOR WANT OF nbformat")
nbclient = pytest.importorskip("nbclient", reason="SKIPPED FOR WANT OF nbclient")
pytest.importorskip("ipykernel", reason="SKIPPED FOR WANT OF ipykernel")
pytest.importorskip("espeakng_loader", reason="SKIPPED FOR WANT OF espeakng-loader")

# The first leaves an export, which the others take.
TUTORIALS = ("own_csv", "own_head", "serve", "phone")

SECONDS = 300
"""Time that a cell may take."""


def test_every_tutorial_is_run():
    assert {path.stem for path in (ROOT / "docs" / "tutorials").glob("*.ipynb")} == set(TUTORIALS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tutorials")


@pytest.mark.slow
@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorial_runs(name, folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
    notebook = nbformat.read(ROOT / "docs" / "tutorials" / f"{name}.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
