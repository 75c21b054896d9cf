"""The notebook in samples/ runs, and every answer shows itself."""

from __future__ import annotations

import re

import pytest

from tests.run import ROOT

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")


@pytest.mark.filterwarnings("ignore")  # of the client's own event loop
def test_every_answer_shows_itself_in_a_notebook():
    notebook = nbformat.read(ROOT / "samples" / "explained.ipynb", 4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.output_type for output in outputs] == ["execute_result"] * 5
    short = [output.data["text/plain"] for output in outputs]
    assert [text.split(" of ")[0] for text in short] == [
        "<wce report",
        "<wce sweep",
        "<wce split",
        "<wce gradients",
        "<wce identification",
    ]
    assert all(len(text) < 200 and "\n" not in text for text in short)
    pages = [output.data["text/html"] for output in outputs]
    assert ["<table" in page for page in pages] == [True, True, True, True, False]
    assert " is weighted-mean: PyTorch" in re.sub("<[^>]*>", "", pages[4])
    assert ["<svg" in page for page in pages] == [True, True, True, True, True]
    assert "0.692279" in pages[0]
    assert "weighted-mean" in pages[1]
