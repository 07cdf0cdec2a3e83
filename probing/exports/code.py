"""A run as code: a script or a notebook that makes it again from the CSV beside it."""

import json
from dataclasses import fields
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from probing.settings import Settings
from probing.spreadsheets import write_csv

if TYPE_CHECKING:
    from probing.record import Run

SENTENCES = "sentences.csv"
"""The file that the code reads: ``write_sentences`` makes it."""


def script(run: "Run") -> str:
    """A Python program that makes the run again and says whether its scores are the same.

    It reads ``sentences.csv`` from its own folder, writes the run into ``again/`` beside it, and
    needs this package and the encoder.
    """
    return "\n\n".join((f'"""{_about(run)}"""', _IMPORTS, _where(), *_steps(run), "")) + _MAIN_END


def notebook(run: "Run") -> str:
    """The same as a Jupyter notebook (nbformat 4.5, as JSON), with the run's charts."""
    imports = f"{_IMPORTS}\n\n{_where(notebook=True)}"
    sentences, settings, make = _steps(run)
    cells = [
        _cell("markdown", _about(run)),
        _cell("code", imports),
        _cell("code", sentences),
        _cell("code", f"{settings}\n\n{make}"),
        _cell("code", "run.table"),
        _cell("code", f"run.figure({_chart(run)})"),
    ]
    if run.kind != "none":
        cells.insert(5, _cell("code", _COMPARE.strip()))
    about = {
        "cells": [{"id": f"cell-{i}", **cell} for i, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(about, ensure_ascii=False, indent=1) + "\n"


def write_sentences(run: "Run", path: Path) -> None:
    """The run's sentences as a CSV: row, text and, where there are any, label and split.

    Safe to open in a spreadsheet; ``probing.spreadsheets.restored`` gives each cell back.
    """
    import pandas as pd

    sentences = run.sentences
    columns: dict[str, Any] = {"row": sentences.rows, "text": sentences.texts}
    for name, values in (("label", sentences.labels), ("split", sentences.splits)):
        if values is not None:
            columns[name] = values
    write_csv(pd.DataFrame(columns), path)
