"""Parts of views: ``show(run, …) -> None`` each."""
