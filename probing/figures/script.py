"""What draws figures in a browser."""


def plotly_js() -> str:
    """The text of plotly.js as it comes with plotly (4.8 MB): no page of ours fetches it."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def plotly_version() -> str:
    """Plotly's version, which stands for its plotly.js."""
    import plotly

    return str(plotly.__version__)
