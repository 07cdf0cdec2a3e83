"""What a terminal shows: how far a run is, its table and verdict, nothing that a terminal obeys."""

import contextlib
import sys
import textwrap
import time
from typing import TYPE_CHECKING

from probing.progress import NAMES, Progress
from probing.verdict import describe

if TYPE_CHECKING:
    from probing.record import Run

_COLUMNS = {
    "classes": (
        *("layer", "pooling", "accuracy", "ci_low", "ci_high", "balanced_accuracy", "macro_f1"),
        *("log_loss_bits", "noisy", "selectivity", "cosine", "C", "n", "constant"),
    ),
    "numbers": ("layer", "pooling", "r2", "ci_low", "ci_high", "spearman", "C", "n", "constant"),
}
"""Columns of the table that a run prints."""


def table(run: "Run") -> str:
    """The result for a terminal, and the verdict; – where a figure does not exist."""
    if run.kind == "none":
        return "no labels: no probes; geometry and maps are in the run's folder"
    columns = list(_COLUMNS[run.kind])
    shown = run.table[columns].astype(object)
    for name in columns[2:]:
        if name not in ("C", "n", "constant"):
            shown[name] = [("–" if v is None or v != v else f"{v:.3f}") for v in shown[name]]
    shown["C"] = ["–" if v is None or v != v else f"{v:g}" for v in shown["C"]]
    shown["constant"] = ["constant" if v else "" for v in shown["constant"]]
    rivals: list[tuple[str, float, float | None, float | None]] = [
        *((b.name, b.accuracy, b.ci_low, b.ci_high) for b in run.baselines),
        *((b.name, b.r2, b.ci_low, b.ci_high) for b in run.numeric_baselines),
    ]
    most = run.record["baselines"].get("majority", {}).get("class")
    foot = [
        f"{name} baseline{'' if name != 'majority' else f' ({inert(str(most))})'}: {score:.3f}"
        + ("" if low is None or high is None else f" [{low:.3f}, {high:.3f}]")
        for name, score, low, high in rivals
    ]
    foot[0] += f", n = {run.table['n'].iloc[0]:,}; {run.record['scoring']}"
    verdict = textwrap.fill(describe(run), 100)
    return "\n".join([shown.to_string(index=False), *foot, "", verdict])


class ProgressLine:
    """One line on standard error that says how far the run is."""

    def __init__(self, wanted: bool) -> None:
        self.wanted, self.width, self.shown = wanted, 0, (0.0, "")
        self.terminal = sys.stderr.isatty()

    def __call__(self, progress: Progress) -> None:
        """Show it, unless something was shown a moment ago."""
        finished = progress.done == progress.total
        seconds, stage = self.shown
        often = 0.1 if self.terminal else 5.0
        if stage == progress.stage and not finished and time.monotonic() - seconds < often:
            return
        self.shown = (time.monotonic(), progress.stage)
        left = progress.seconds_left
        rest = f", {left:.0f} s left" if left and not finished else ""
        text = f"{NAMES[progress.stage]}: {progress.done:,}/{progress.total:,}{rest}"
        if self.terminal:
            self.write(f"\r{text:<{self.width}}")
            self.width = len(text)
        else:
            self.line(text)

    def clear(self) -> None:
        """Leave the terminal's line empty."""
        if self.terminal:
            self.write("\r" + " " * self.width + "\r")

    def line(self, text: str) -> None:
        """A line of its own."""
        self.write(inert(text) + "\n")

    def write(self, text: str) -> None:
        """Say it, if it is wanted and somebody still listens."""
        if self.wanted:
            with contextlib.suppress(BrokenPipeError):
                print(text, end="", file=sys.stderr, flush=True)


def inert(text: str) -> str:
    """On one line, and without what a terminal would obey: colours, bells, reversed writing."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
