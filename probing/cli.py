"""The command line: ``python -m probing run CSV``, and what is done with a finished run."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from probing.commands import add_commands, default_folder, described
from probing.environment import settle_threads
from probing.errors import ProbingError, SettingsError
from probing.representations import POOLINGS
from probing.settings import DEPTHS, MAPS, TARGETS, Settings
from probing.terminal import ProgressLine, inert, table


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
        print("error:", inert(str(error)), file=sys.stderr)
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
        raise SettingsError("{message}. See {prog} --help.", message=message, prog=self.prog)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m probing",
        description="What does the [CLS] vector of an encoder know, and at which layer?",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    add_commands(commands)
    return parser


def _add_run(commands: Any) -> None:
    run = described(
        commands,
        "run",
        "probe the sentences of a CSV file",
        "Probe the [CLS], pooled and mean vectors of every layer on a CSV's sentences.",
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
    out = Path(chosen.out) if chosen.out else default_folder(chosen.csv)
    sentences = read_csv(chosen.csv, text=chosen.text, label=chosen.label, split=chosen.split)
    show = ProgressLine(not chosen.quiet)
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
