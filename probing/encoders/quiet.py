"""Silence for the libraries that load models; what matters is said in EncoderInfo and errors."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, log lines or warnings of transformers and the hub within.

    What was set before is set again afterwards. One thread at a time, since the settings are the
    process's own.
    """
    from huggingface_hub.utils import are_progress_bars_disabled, enable_progress_bars
    from transformers.utils import logging as hf_logging

    loggers = [logging.getLogger(name) for name in ("transformers", "huggingface_hub")]
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        levels = [logger.level for logger in loggers]
        bars, hub_bars = hf_logging.is_progress_bar_enabled(), not are_progress_bars_disabled()
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        hf_logging.disable_progress_bar()
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
            if bars:
                hf_logging.enable_progress_bar()
            if hub_bars:
                enable_progress_bars()
