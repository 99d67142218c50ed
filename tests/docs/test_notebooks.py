"""The notebooks run from the first cell to the last, in a kernel as a reader starts it."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(ROOT.glob("examples/notebooks/*.ipynb"))
SECONDS = 1800
"""For a single cell, which may be a run on a busy machine."""
SHARED_RUN = ("first_run", "watch")
"""The second looks at the run of the first."""


def test_there_are_five_and_none_holds_an_output() -> None:
    import nbformat

    assert len(NOTEBOOKS) == 5
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            assert not cell.get("outputs"), f"{path.name}: clear the outputs before you commit"


@pytest.mark.notebook
@pytest.mark.enable_socket  # a kernel is spoken to on loopback
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.xdist_group("shared run" if path.stem in SHARED_RUN else path.stem))
        for path in NOTEBOOKS
    ],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_to_its_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.environ.get("STRANDLINE_NOTEBOOKS") != "1":
        pytest.skip("`make notebooks` runs them")
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
