"""What one pooling has over another, by layer, around a line at zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import plotly.graph_objects as go

from probing.contrasts import cell_of, opposite
from probing.errors import SettingsError
from probing.evidence import Conditional, Contrast, Detectable, Metric
from probing.figures.chart import BETWEEN, Chart
from probing.figures.style import BOTTOM, DARK, LIGHT, TOP, Style
from probing.figures.texts import NAMES, safe
from probing.figures.traces import SHOWN, filled
from probing.figures.values import Line, Scale, point
from probing.language import Spoken, later, tr

PAIRS = (("cls", "mean"), ("cls", "pooled"), ("pooled", "mean"))
SURE = 0.05
PANEL = 170  # pixels of one pair's panel
UNITS: Mapping[Metric, str] = Spoken(
    {
        "accuracy": later("points of accuracy"),
        "balanced_accuracy": later("points of balanced accuracy"),
        "r2": "R²",
    }
)


@dataclass(frozen=True)
class Step:
    """A contrast of two poolings at one layer, the way round it is drawn."""

    layer: int
    contrast: Contrast


def comparisons(
    contrasts: Sequence[Contrast],
    detectable: Detectable | None = None,
    *,
    metric: Metric = "accuracy",
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Differences between poolings by layer with 95 % intervals, a panel per pair.

    ``contrasts`` may hold others too: those of two poolings at the same layer are drawn. A marker
    is filled where p (max-T over all contrasts of the run) is at most 0.05. The grey band, of
    accuracies only, is what this sample would miss more often than one time in five. SettingsError
    where no contrast is of two poolings.
    """
    found = _pairs(contrasts)
    if not found:
        raise SettingsError("this run has one pooling, so it has nothing to compare; choose two.")
    style = DARK if dark else LIGHT
    factor, unit, written, ticks = _in_points(metric)
    scales = [
        Scale(_title(i, pair, metric, names), written, unit, ticks, lowest=-inf, highest=inf)
        for i, pair in enumerate(found)
    ]
    chart = Chart(
        scales,
        [step.layer for steps in found.values() for step in steps],
        dark=dark,
        height=TOP + BOTTOM + PANEL * len(found) + BETWEEN * (len(found) - 1),
        notes=_notes(found, detectable, metric),
        title_colours=[style.poolings[a] for a, _ in found],
    )
    for number, (pair, steps) in enumerate(found.items()):
        if detectable is not None and metric == "accuracy":
            _undetectable(chart, detectable.difference * factor, number)
        _zero(chart, number)
        chart.add(_differences(steps, pair, names, factor, scales[number], style), number)
        ends = [v for s in steps for v in (s.contrast.difference.low, s.contrast.difference.high)]
        chart.panels[number].values += [factor * v for v in ends] + [0.0]
    return chart.finish()


def gains(
    contrasts: Mapping[str, Sequence[Contrast]],
    runs: tuple[str, str],
    *,
    metric: Metric = "accuracy",
    alpha: float = SURE,
    dark: bool = False,
) -> go.Figure:
    """What run b has over run a by layer with 95 % intervals, a panel per pooling.

    ``contrasts`` are those of ``between.Comparison`` by pooling, a − b: they are turned round.
    ``runs`` are the names of a and b. A marker is filled where p (max-T over all contrasts of the
    two runs) is at most ``alpha``. SettingsError where there is none.
    """
    if not any(contrasts.values()):
        raise SettingsError("these runs have no cell in common that they predict differently with.")
    style, (first, second) = DARK if dark else LIGHT, runs
    factor, unit, written, ticks = _in_points(metric)
    scales = []
    for number, pooling in enumerate(contrasts):
        title = f"<b>{NAMES[pooling]}</b>"
        if not number:
            title = tr("{pooling}: gain in {unit}").format(pooling=title, unit=UNITS[metric])
        scales.append(Scale(title, written, unit, ticks, lowest=-inf, highest=inf))
    steps = {
        pooling: [Step(found[1], _turned(c)) for c in some if (found := cell_of(c.a)) is not None]
        for pooling, some in contrasts.items()
    }
    tested = any(c.p_max_t is not None for some in contrasts.values() for c in some)
    chart = Chart(
        scales,
        [step.layer for some in steps.values() for step in some],
        dark=dark,
        height=TOP + BOTTOM + PANEL * len(steps) + BETWEEN * (len(steps) - 1),
        notes=[
            tr("Filled: holds after correction for all comparisons of the two runs (max-T).")
            if tested
            else tr("Open: not tested, because there are fewer than 100 sentences.")
        ],
        title_colours=[style.poolings[pooling] for pooling in steps],
    )
    for number, (pooling, some) in enumerate(steps.items()):
        names = {pooling: safe(second, 40), "": safe(first, 40)}
        _zero(chart, number)
        drawn = _differences(some, (pooling, ""), names, factor, scales[number], style, alpha)
        chart.add(drawn, number)
        ends = [v for s in some for v in (s.contrast.difference.low, s.contrast.difference.high)]
        chart.panels[number].values += [factor * v for v in ends] + [0.0]
    return chart.finish()


def _in_points(metric: Metric) -> tuple[float, str, str, str]:
    """Factor, unit, format of figures and of ticks of a difference."""
    if metric == "r2":
        return 1.0, "", "{:+.3f}", ".2f"
    return 100.0, later(" points"), "{:+.1f}", ""


def _pairs(contrasts: Sequence[Contrast]) -> dict[tuple[str, str], list[Step]]:
    """Contrasts of poolings at one layer, turned round where needed, by pair and then layer."""
    found: dict[tuple[str, str], list[Step]] = {}
    for contrast in contrasts:
        a, b = cell_of(contrast.a), cell_of(contrast.b)
        if a is None or b is None or a[1] != b[1] or a[0] == b[0]:
            continue
        pair = (a[0], b[0])
        turned = pair not in PAIRS and (pair[1], pair[0]) in PAIRS
        key = (pair[1], pair[0]) if turned else pair
        found.setdefault(key, []).append(Step(a[1], _turned(contrast) if turned else contrast))
    order = [p for p in PAIRS if p in found] or list(found)
    return {pair: sorted(found[pair], key=lambda s: s.layer) for pair in order}


def _turned(contrast: Contrast) -> Contrast:
    return replace(
        contrast,
        a=contrast.b,
        b=contrast.a,
        difference=opposite(contrast.difference),
        only_a=contrast.only_b,
        only_b=contrast.only_a,
    )


def _title(number: int, pair: tuple[str, str], metric: Metric, names: Mapping[str, str]) -> str:
    title = f"<b>{names[pair[0]]} − {names[pair[1]]}</b>"
    if number:
        return title
    return tr("{pair}, {unit}").format(pair=title, unit=UNITS[metric])


def _notes(
    found: Mapping[tuple[str, str], Sequence[Step]], detectable: Detectable | None, metric: Metric
) -> list[str]:
    tested = any(s.contrast.p_max_t is not None for steps in found.values() for s in steps)
    notes = [
        tr("Filled: holds after correction for all comparisons of the run (max-T, p ≤ 0.05).")
        if tested
        else tr("Open: not tested, because there are fewer than 100 sentences.")
    ]
    if detectable is not None and metric == "accuracy":
        grey = tr("Grey: under {points} points, more than {n} sentences would be needed.")
        points = f"{100 * detectable.difference:.1f}"
        notes.append(grey.format(points=points, n=f"{detectable.n:,}"))
    return notes


def _undetectable(chart: Chart, half: float, panel: int) -> None:
    left, right = chart.across
    chart.add(
        filled(
            [left, right, right, left],
            [half, half, -half, -half],
            chart.style.quiet,
            0.16,
            tr("too small to be found"),
        ),
        panel,
    )
    chart.panels[panel].values += [half, -half]


def _zero(chart: Chart, panel: int = 0) -> None:
    chart.add(
        go.Scatter(
            x=list(chart.across),
            y=[0, 0],
            mode="lines",
            line={"color": chart.style.quiet, "width": 1.25},
            hoverinfo="skip",
            name=tr("no difference"),
        ),
        panel,
    )


def _differences(
    steps: Sequence[Step],
    pair: tuple[str, str],
    names: Mapping[str, str],
    factor: float,
    scale: Scale,
    style: Style,
    alpha: float = SURE,
) -> go.Scatter:
    values = [s.contrast.difference for s in steps]
    colour = style.poolings[pair[0]]
    sure = [s.contrast.p_max_t is not None and s.contrast.p_max_t <= alpha for s in steps]
    return go.Scatter(
        x=[s.layer for s in steps],
        y=[factor * v.value for v in values],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [factor * (v.high - v.value) for v in values],
            "arrayminus": [factor * (v.value - v.low) for v in values],
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        mode="markers",
        marker={
            "size": 7,
            # an open marker hides its own interval's bar
            "color": [colour if s else style.paper for s in sure],
            "line": {"width": 2, "color": colour},
        },
        customdata=[[_said(s, pair, names, factor, scale), s.layer, pair[0]] for s in steps],
        hovertemplate=SHOWN,
        name=safe(f"{names[pair[0]]} − {names[pair[1]]}", 60),
    )


def _said(
    step: Step, pair: tuple[str, str], names: Mapping[str, str], factor: float, scale: Scale
) -> str:
    c, (a, b) = step.contrast, (names[pair[0]], names[pair[1]])
    d = c.difference
    said = scale.between(factor * d.value, factor * d.low, factor * d.high)
    text = tr(
        "<b>{a} − {b}, layer {layer}</b><br>{difference}, n = {n}<br>"
        "only {a} right: {only_a} · only {b}: {only_b}"
    ).format(
        a=a,
        b=b,
        layer=step.layer,
        difference=said,
        n=f"{d.n:,}",
        only_a=f"{c.only_a:,}",
        only_b=f"{c.only_b:,}",
    )
    if c.p_max_t is not None:
        text += "<br>" + tr("{p} over all comparisons (max-T)").format(p=_p(c.p_max_t))
    if c.p_mcnemar is not None:
        text += "<br>" + tr("{p} for this one alone (McNemar)").format(p=_p(c.p_mcnemar))
    return text


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def conditional(
    conditionals: Sequence[Conditional],
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Bits about the label that CLS adds to the mean, and the mean to CLS, by layer.

    At zero the one knows nothing that the other does not. Hewitt et al. 2021.
    """
    ordered = sorted(conditionals, key=lambda c: c.layer)
    cls, mean, adds = names["cls"], names["mean"], tr("{pooling} adds")
    drawn = [
        Line(adds.format(pooling=cls), "cls", tuple(point(c.layer, c.cls_adds) for c in ordered)),
        Line(
            adds.format(pooling=mean), "mean", tuple(point(c.layer, c.mean_adds) for c in ordered)
        ),
    ]
    scale = Scale(
        later("bits about the label beyond the other"),
        "{:+.3f}",
        later(" bits"),
        ".2f",
        lowest=-inf,
        highest=inf,
    )
    chart = Chart([scale], [c.layer for c in ordered], dark=dark)
    _zero(chart)
    chart.panels[0].values.append(0.0)
    chart.lines(drawn)
    return chart.finish()
