"""The command ``figures``: a run's charts as files."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from probing.progress import Listener, Reporter


def add_figures(commands: Any, listener: Callable[[bool], Listener]) -> None:
    """Add it to the command line's ``commands``; ``listener`` shows progress, if it is wanted."""

    def act(chosen: argparse.Namespace) -> None:
        from probing import load_run
        from probing.exports.figure_files import write_figures

        shown = listener(not chosen.quiet)
        names = None if chosen.names is None else _listed(chosen.names)
        write_figures(
            load_run(chosen.run),
            chosen.out,
            _listed(chosen.formats),
            names=names,
            report=Reporter(shown).stage("picture"),
        )
        sys.stdout.write(f"{chosen.out}\n")

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
    figures.set_defaults(act=act)


def _listed(given: str) -> list[str]:
    return [part.strip() for part in given.split(",") if part.strip()]
