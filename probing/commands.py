"""The commands for a finished run: ``inside``, ``export``, ``import``, ``vectors``, ``figures``."""

import argparse
import os
import re
import textwrap
import time
from pathlib import Path
from typing import Any

from probing.progress import Reporter
from probing.terminal import ProgressLine

EPILOG = """\
The result table goes to standard output, progress to standard error. Exit status: 0 done; 2 the
input or an argument is bad (one line "error: …" says what and what to do); 130 interrupted.
"""


def add_commands(commands: Any) -> None:
    """Add them to the command line's ``commands``, and ``warm`` for the machine."""
    _add_inside(commands)
    _add_export(commands)
    _add_import(commands)
    _add_vectors(commands)
    _add_figures(commands)
    _add_warm(commands)


def described(commands: Any, name: str, about: str, description: str) -> argparse.ArgumentParser:
    """A command whose help ends with what goes where and the exit status."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=description,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def default_folder(source: str) -> Path:
    """Where a run goes that was given no folder: below runs, named after its file and the time."""
    stem = re.sub(r"[^\w.-]+", "-", Path(source).stem) or "run"
    return Path("runs") / f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


# ---- inside


def _add_inside(commands: Any) -> None:
    inside = described(
        commands,
        "inside",
        "measure how information enters [CLS] in a finished run's encoder",
        "Measure attention ledger, knockout and gradients on the sentences of a "
        "finished run, into the folder mechanism/ of that run.",
    )
    inside.add_argument("run", metavar="RUN", help="folder of a finished run")
    inside.add_argument("--quiet", action="store_true", help="no progress on standard error")
    inside.set_defaults(act=_inside)


def _inside(chosen: argparse.Namespace) -> None:
    from probing.mechanism.exploring import explore_folder
    from probing.mechanism.wording import summary

    show = ProgressLine(not chosen.quiet)
    inside = explore_folder(Path(chosen.run), listener=show)
    show.clear()
    for sentence in summary(inside):
        print(textwrap.fill(sentence, 100))
    show.line(f"kept in: {Path(chosen.run) / 'mechanism'}")


# ---- export and import


def _add_export(commands: Any) -> None:
    out = described(
        commands,
        "export",
        "pack a finished run into a zip file",
        "Pack a finished run into a zip file that another installation can import.",
    )
    out.add_argument("run", metavar="RUN", help="folder of a finished run")
    out.add_argument("zip", metavar="ZIP", help="the file to write; it must not exist yet")
    what = out.add_mutually_exclusive_group()
    what.add_argument(
        "--without-sentences", action="store_true", help="figures only: sentences stay here"
    )
    what.add_argument("--representations", action="store_true", help="the vectors too: much larger")
    out.set_defaults(act=_export)


def _export(chosen: argparse.Namespace) -> None:
    from probing import archive

    folder, target = Path(chosen.run), Path(chosen.zip)
    with archive.export(
        folder, texts=not chosen.without_sentences, representations=chosen.representations
    ) as made:
        archive.write(made, target)
    print(target)


def _add_import(commands: Any) -> None:
    back = described(
        commands,
        "import",
        "make a run of such a zip file",
        "Unpack and check an exported run, whoever made it. Sizes are held to "
        "PROBING_MAX_ROWS, PROBING_MAX_TEXT and ten times PROBING_MAX_UPLOAD_MB.",
    )
    back.add_argument("zip", metavar="ZIP", help="a file that export, or the dashboard, wrote")
    back.add_argument("--out", metavar="DIR", help="the run's folder (default: runs/NAME-TIME)")
    back.set_defaults(act=_import)


def _import(chosen: argparse.Namespace) -> None:
    from probing import archive, environment

    source = Path(chosen.zip)
    out = Path(chosen.out) if chosen.out else default_folder(chosen.zip)
    archive.import_archive(source, out, environment.limits())
    print(out)


# ---- vectors and figures for other tools


def _add_vectors(commands: Any) -> None:
    vectors = described(
        commands,
        "vectors",
        "a layer and pooling of a finished run for another tool",
        "Write one layer and pooling of a finished run for TensorFlow's Embedding "
        "Projector (vectors.tsv and metadata.tsv) or for sentence-transformers (a folder that "
        "SentenceTransformer loads; below the last layer the encoder is cut off behind it).",
    )
    vectors.add_argument("run", metavar="RUN", help="folder of a finished run")
    vectors.add_argument("--layer", type=int, default=-1, metavar="N", help="default: the last, -1")
    vectors.add_argument("--pooling", default="cls", metavar="NAME", help="default: cls")
    vectors.add_argument("--to", choices=("projector", "sentence-transformers"), required=True)
    vectors.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    vectors.set_defaults(act=_vectors)


def _vectors(chosen: argparse.Namespace) -> None:
    from probing import load_run

    run, cell = load_run(chosen.run), (chosen.layer, chosen.pooling)
    if chosen.to == "projector":
        from probing.exports.projector import projector

        projector(run, chosen.out, *cell)
    else:
        from probing.exports.sbert import sentence_transformers

        sentence_transformers(run, chosen.out, *cell)
    print(chosen.out)


def _add_figures(commands: Any) -> None:
    figures = commands.add_parser(
        "figures",
        help="the charts of a finished run as HTML, SVG and PNG",
        description="Write the charts of a finished run into a folder: as pages that need no "
        "network and have buttons that save SVG and PNG, and as SVG and PNG straight away where "
        "Chrome or Chromium is on this machine.",
    )
    figures.add_argument("run", metavar="RUN", help="folder of a finished run")
    figures.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    figures.add_argument(
        "--formats",
        default="html",
        metavar="LIST",
        help="some of html,svg,png (default: %(default)s)",
    )
    figures.add_argument(
        "--names", metavar="LIST", help="some of the run's figures, e.g. accuracy,umap2_cls_6"
    )
    figures.add_argument("--quiet", action="store_true", help="no progress on standard error")
    figures.set_defaults(act=_figures)


def _figures(chosen: argparse.Namespace) -> None:
    from probing import load_run
    from probing.exports.figure_files import write_figures

    shown = ProgressLine(not chosen.quiet)
    names = None if chosen.names is None else _listed(chosen.names)
    write_figures(
        load_run(chosen.run),
        chosen.out,
        _listed(chosen.formats),
        names=names,
        report=Reporter(shown).stage("picture"),
    )
    print(chosen.out)


def _listed(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]


# ---- the machine


def _add_warm(commands: Any) -> None:
    warm = commands.add_parser(
        "warm",
        help="compile what maps and probes need, once a machine",
        description="Compile UMAP's and the solver's kernels into numba's cache, so that no run "
        "waits for it.",
    )
    warm.set_defaults(act=_warm)


def _warm(chosen: argparse.Namespace) -> None:
    from probing.probes import nested
    from probing.projections import warm_up

    nested.warm_up()
    warm_up()
