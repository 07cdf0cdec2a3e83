"""The command line: ``python -m probing run CSV``, and what is done with a finished run."""

import argparse
import contextlib
import io
import os
import re
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from probing.environment import settle_threads
from probing.errors import ProbingError, SettingsError
from probing.progress import NAMES, Progress
from probing.representations import POOLINGS
from probing.settings import DEPTHS, MAPS, TARGETS, Settings
from probing.verdict import describe

if TYPE_CHECKING:
    from probing.record import Run

_EPILOG = """\
The result table goes to standard output, progress to standard error. Exit status: 0 done; 2 the
input or an argument is bad (one line "error: …" says what and what to do); 130 interrupted.
"""

_COLUMNS = {
    "classes": (
        *("layer", "pooling", "accuracy", "ci_low", "ci_high", "balanced_accuracy", "macro_f1"),
        *("log_loss_bits", "noisy", "selectivity", "cosine", "C", "n", "constant"),
    ),
    "numbers": ("layer", "pooling", "r2", "ci_low", "ci_high", "spearman", "C", "n", "constant"),
}
"""Columns of the table that a run prints."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status."""
    settle_threads()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a label the terminal cannot show is no failure
    try:
        chosen = _parser().parse_args(arguments)
        chosen.act(chosen)
        sys.stdout.flush()
    except ProbingError as error:
        print("error:", _inert(str(error)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader of the table went away (… | head): nothing left to tell it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m probing",
        description="What does the [CLS] vector of an encoder know, and at which layer?",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="probe the sentences of a CSV file",
        description="Probe the [CLS], pooled and mean vectors of every layer on a CSV's sentences.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("csv", metavar="CSV", help="file with a sentence a row, and a label if any")
    run.add_argument("--text", metavar="COLUMN", help="column of the sentences (default: guessed)")
    run.add_argument(
        "--label", metavar="COLUMN", help="column of the labels (default: guessed); none: maps only"
    )
    run.add_argument(
        "--split",
        metavar="COLUMN",
        help="column of train/dev/test (default: guessed); none: cross-validation",
    )
    run.add_argument(
        "--encoder",
        metavar="ID|PATH",
        default="bundled",
        help="hub id or local folder (default: the bundled all-MiniLM-L6-v2)",
    )
    run.add_argument("--revision", metavar="NAME", help="branch, tag or commit of a hub id")
    run.add_argument(
        "--poolings",
        default="cls,pooled,mean",
        metavar="LIST",
        help=f"some of {','.join(POOLINGS)} (default: %(default)s)",
    )
    run.add_argument("--folds", type=int, default=5, metavar="N", help="outer folds (default: 5)")
    run.add_argument("--seed", type=int, default=0, metavar="N", help="of folds and maps")
    run.add_argument(
        "--maps",
        choices=MAPS,
        default="last",
        help="maps to draw: none, of the last layer (default), or of all layers in 2-D and 3-D",
    )
    run.add_argument(
        "--depth",
        choices=DEPTHS,
        default="quick",
        help="full adds what takes long: the encoder with random weights, permutation tests, "
        "description lengths (default: quick)",
    )
    run.add_argument(
        "--target",
        choices=TARGETS,
        default="auto",
        help="what labels are: classes, numbers (ridge regression), or auto (default): numbers "
        "where there are more than 20 different ones",
    )
    run.add_argument("--out", metavar="DIR", help="the run's folder (default: runs/NAME-TIME)")
    run.add_argument(
        "--slim", action="store_true", help="leave out the representations and the report"
    )
    run.add_argument("--quiet", action="store_true", help="no progress on standard error")
    run.set_defaults(act=_run)
    inside = commands.add_parser(
        "inside",
        help="measure how information enters [CLS] in a finished run's encoder",
        description="Measure attention ledger, knockout and gradients on the sentences of a "
        "finished run, into the folder mechanism/ of that run.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inside.add_argument("run", metavar="RUN", help="folder of a finished run")
    inside.add_argument("--quiet", action="store_true", help="no progress on standard error")
    inside.set_defaults(act=_inside)
    _archives(commands)
    _vectors_of(commands)
    warm = commands.add_parser(
        "warm",
        help="compile what maps and probes need, once a machine",
        description="Compile UMAP's and the solver's kernels into numba's cache, so that no run "
        "waits for it.",
    )
    warm.set_defaults(act=_warm)
    return parser


def _archives(commands: Any) -> None:
    """A run as one file, and back."""
    out = commands.add_parser(
        "export",
        help="pack a finished run into a zip file",
        description="Pack a finished run into a zip file that another installation can import.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    out.add_argument("run", metavar="RUN", help="folder of a finished run")
    out.add_argument("zip", metavar="ZIP", help="the file to write; it must not exist yet")
    what = out.add_mutually_exclusive_group()
    what.add_argument(
        "--without-sentences", action="store_true", help="figures only: sentences stay here"
    )
    what.add_argument("--representations", action="store_true", help="the vectors too: much larger")
    out.set_defaults(act=_export)
    back = commands.add_parser(
        "import",
        help="make a run of such a zip file",
        description="Unpack and check an exported run, whoever made it. Sizes are held to "
        "PROBING_MAX_ROWS, PROBING_MAX_TEXT and ten times PROBING_MAX_UPLOAD_MB.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    back.add_argument("zip", metavar="ZIP", help="a file that export, or the dashboard, wrote")
    back.add_argument("--out", metavar="DIR", help="the run's folder (default: runs/NAME-TIME)")
    back.set_defaults(act=_import)


def _vectors_of(commands: "argparse._SubParsersAction[_Parser]") -> None:
    """The command ``vectors``: a cell in the form that another tool reads."""

    def act(chosen: argparse.Namespace) -> None:
        from probing import load_run

        run, cell = load_run(chosen.run), (chosen.layer, chosen.pooling)
        if chosen.to == "projector":
            from probing.exports.projector import projector

            projector(run, chosen.out, *cell)
        else:
            from probing.exports.sbert import sentence_transformers

            sentence_transformers(run, chosen.out, *cell)
        print(chosen.out)

    vectors = commands.add_parser(
        "vectors",
        help="a layer and pooling of a finished run for another tool",
        description="Write one layer and pooling of a finished run for TensorFlow's Embedding "
        "Projector (vectors.tsv and metadata.tsv) or for sentence-transformers (a folder that "
        "SentenceTransformer loads; below the last layer the encoder is cut off behind it).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    vectors.add_argument("run", metavar="RUN", help="folder of a finished run")
    vectors.add_argument("--layer", type=int, default=-1, metavar="N", help="default: the last, -1")
    vectors.add_argument("--pooling", default="cls", metavar="NAME", help="default: cls")
    vectors.add_argument("--to", choices=("projector", "sentence-transformers"), required=True)
    vectors.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    vectors.set_defaults(act=act)


def _run(chosen: argparse.Namespace) -> None:
    from probing.reading import read_csv
    from probing.runs import run

    settings = Settings(
        encoder=chosen.encoder,
        revision=chosen.revision,
        poolings=tuple(part.strip() for part in chosen.poolings.split(",") if part.strip()),
        folds=chosen.folds,
        seed=chosen.seed,
        maps=chosen.maps,
        depth=chosen.depth,
        target=chosen.target,
    )
    out = Path(chosen.out) if chosen.out else _default_folder(chosen.csv)
    sentences = read_csv(chosen.csv, text=chosen.text, label=chosen.label, split=chosen.split)
    show = _Progress(not chosen.quiet)
    source = sentences.source
    show.line(
        f"{source.name}: {len(sentences):,} of {source.rows_read:,} rows; text {source.text_column}"
        f", label {source.label_column or '–'}, split {source.split_column or '–'}"
    )
    result = run(sentences, settings=settings, out=out, slim=chosen.slim, listener=show)
    show.clear()
    for dropped in result.sentences.source.dropped:
        show.line(f"left out: {len(dropped.rows):,} rows: {dropped.reason}")
    for notice in result.record["notices"]:
        show.line(f"note: {notice}")
    print(table(result))
    show.line(f"run folder: {out}")


def _inside(chosen: argparse.Namespace) -> None:
    from probing.mechanism.exploring import explore_folder
    from probing.mechanism.wording import summary

    show = _Progress(not chosen.quiet)
    inside = explore_folder(Path(chosen.run), listener=show)
    show.clear()
    for sentence in summary(inside):
        print(textwrap.fill(sentence, 100))
    show.line(f"kept in: {Path(chosen.run) / 'mechanism'}")


def _export(chosen: argparse.Namespace) -> None:
    from probing import archive

    folder, target = Path(chosen.run), Path(chosen.zip)
    with archive.export(
        folder, texts=not chosen.without_sentences, representations=chosen.representations
    ) as made:
        archive.write(made, target)
    print(target)


def _import(chosen: argparse.Namespace) -> None:
    from probing import archive, environment

    source = Path(chosen.zip)
    out = Path(chosen.out) if chosen.out else _default_folder(chosen.zip)
    archive.import_archive(source, out, environment.limits())
    print(out)


def _warm(chosen: argparse.Namespace) -> None:
    from probing.probes import nested
    from probing.projections import warm_up

    nested.warm_up()
    warm_up()


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
        f"{name} baseline{'' if name != 'majority' else f' ({_inert(str(most))})'}: {score:.3f}"
        + ("" if low is None or high is None else f" [{low:.3f}, {high:.3f}]")
        for name, score, low, high in rivals
    ]
    foot[0] += f", n = {run.table['n'].iloc[0]:,}; {run.record['scoring']}"
    verdict = textwrap.fill(describe(run), 100)
    return "\n".join([shown.to_string(index=False), *foot, "", verdict])


class _Progress:
    """One line on standard error that says how far the run is."""

    def __init__(self, wanted: bool) -> None:
        self.wanted, self.width, self.shown = wanted, 0, (0.0, "")
        self.terminal = sys.stderr.isatty()

    def __call__(self, progress: Progress) -> None:
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
        self.write(_inert(text) + "\n")

    def write(self, text: str) -> None:
        """Say it, if it is wanted and somebody still listens."""
        if self.wanted:
            with contextlib.suppress(BrokenPipeError):
                print(text, end="", file=sys.stderr, flush=True)


def _inert(text: str) -> str:
    """On one line, and without what a terminal would obey: colours, bells, reversed writing."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _default_folder(csv: str) -> Path:
    stem = re.sub(r"[^\w.-]+", "-", Path(csv).stem) or "run"
    return Path("runs") / f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
