"""A chart as a piece of a page that needs no network, with buttons that save it as a picture.

The pictures are made by plotly.js in the reader's browser: nothing has to be installed for them.
"""

from html import escape
from typing import Any

HEIGHT = 460  # pixels of a chart that does not say how high it is
WIDTH = 800  # pixels of a saved picture
PLOTLY = "plotly.min.js"
"""Where ``page`` finds plotly.js: beside itself."""

STYLE = """
figure{margin:0}
.save{display:flex;gap:.4rem;align-items:center;justify-content:flex-end;margin:.3rem 0 0;
font-size:.85rem;color:#66717d}
.save button{font:inherit;color:#1f2933;background:none;border:1px solid #929ca6;
border-radius:.3rem;padding:.1rem .6rem;cursor:pointer}
.save button:hover,.save button:focus-visible{background:#eef1f4}
@media print{.save,.modebar{display:none!important}figure{break-inside:avoid}.chart{zoom:.78}}
"""
"""What ``piece`` needs of a page's style. On paper two charts have room on a page."""
SCRIPT = f"""
addEventListener("click", event => {{
  const button = event.target.closest("button[data-save]");
  if (!button) return;
  const figure = button.closest("figure"), plot = figure.querySelector(".js-plotly-plot");
  const format = button.dataset.save;
  Plotly.downloadImage(plot, {{format, filename: figure.dataset.name, width: {WIDTH},
    height: plot.clientHeight, scale: format === "png" ? 3 : 1}});
}});
const fit = width => document.querySelectorAll(".js-plotly-plot").forEach(plot =>
  Plotly.relayout(plot, {{width: width, autosize: width === null}}));
addEventListener("beforeprint", () => fit(858));
addEventListener("afterprint", () => fit(null));
"""
"""What ``piece`` needs at the end of a page. Plotly draws for the window; on paper a chart is as
wide as an A4 page leaves room for: 670 px, of its own .78 each."""
_PAGE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;background:#fff;max-width:62rem;
margin:1.5rem auto;padding:0 1rem}
@page{margin:15mm 14mm}
"""


def piece(
    figure: Any, name: str, plotly: bool | str = False, *, above: str = "", below: str = ""
) -> str:
    """A figure as HTML, with its buttons; ``above`` and ``below`` are HTML that stays with it.

    ``name``: of the files that the buttons save. ``plotly``: whether plotly.js comes with it
    (4.8 MB), or its address. The figure is given a white background: a picture may be looked at on
    any.
    """
    figure.update_layout(paper_bgcolor="#ffffff")
    drawn = figure.to_html(
        full_html=False,
        include_plotlyjs=plotly,
        default_height=f"{height(figure)}px",
        config={
            "responsive": True,
            "displaylogo": False,  # a link that leads out
            "toImageButtonOptions": {"format": "svg", "filename": name},
        },
    )
    return (
        f'<figure data-name="{escape(name)}">{above}<div class=chart>{drawn}</div>{below}'
        f"<p class=save>Save as {_button('svg')}{_button('png')}</p></figure>"
    )


def _button(kind: str) -> str:
    name = kind.upper()
    label = f'aria-label="Save this chart as {name}"'
    return f"<button type=button data-save={kind} {label}>{name}</button>"


def page(figure: Any, name: str, title: str, said: str = "") -> str:
    """A figure as a page of its own, beside which ``plotly.min.js`` lies; ``said``: below it."""
    below = f"<p>{escape(said)}</p>" if said else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_PAGE}{STYLE}</style></head><body>{piece(figure, name, PLOTLY, below=below)}"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def height(figure: Any) -> int:
    """Pixels that a figure is high."""
    return int(figure.layout.height or HEIGHT)
