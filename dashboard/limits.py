"""Whether an installation takes on what a person asks for: said before anything is computed.

Every refusal says what came, what is allowed and what to do; nothing of the person's is lost by
it. How long a run may take, how many workers there are and how long runs are kept is read in
``probing.environment`` too, and held by the queue and the store.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from dashboard.sizes import estimate, machine_memory, shape_of, word_pieces
from probing.encoders import BUNDLED, understand
from probing.environment import Limits, limits
from probing.errors import DataError, SettingsError
from probing.language import say, say_n, spoken, tr, tr_n
from probing.reading import Limits as ReadingLimits
from probing.sentences import Sentences
from probing.settings import Settings

HOUR = 3600.0  # seconds
HELD = 25
"""Files of the greatest size that all visitors of a public host may have in its memory at once."""
LEAST = 65_536
"""Bytes that a file counts as at least: the smallest ones are work too."""


class Meter:
    """What each visitor used in the last hour. Safe from any thread.

    Of the last ``most`` visitors only: anybody may come as a thousand.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = 10_000) -> None:
        self._clock, self._most, self._lock = clock, most, Lock()
        self._used: OrderedDict[str, list[tuple[float, int]]] = OrderedDict()

    def used(self, visitor: str) -> int:
        """The sum of what was added for a visitor within the hour."""
        with self._lock:
            return sum(amount for _, amount in self._of(visitor))

    def take(self, visitor: str, allowed: int, more: int = 1) -> float:
        """Add ``more`` where it fits into what is allowed an hour, and give 0; else the seconds
        until it will, infinite where it never will."""
        with self._lock:
            kept = self._of(visitor)
            excess = sum(amount for _, amount in kept) + more - allowed
            if excess <= 0:
                self._used[visitor] = [*kept, (self._clock(), more)]
                self._used.move_to_end(visitor)
                self._forget()
                return 0.0
            for then, amount in kept:
                excess -= amount
                if excess <= 0:
                    return max(0.0, then + HOUR - self._clock())
            return math.inf

    def _of(self, visitor: str) -> list[tuple[float, int]]:
        """What a visitor added within the hour, and when."""
        before = self._clock() - HOUR
        return [one for one in self._used.get(visitor, ()) if one[0] > before]

    def _forget(self) -> None:
        """Nobody is remembered for much longer than an hour. Who added last stands last."""
        before = self._clock() - HOUR
        while self._used:
            visitor, kept = next(iter(self._used.items()))
            if kept[-1][0] > before and len(self._used) <= self._most:
                return
            del self._used[visitor]


runs = Meter()
"""Runs started, by visitor."""
uploads = Meter()
"""Bytes uploaded, by visitor."""


class Refused:
    """Why files were not taken, by the id of the file; of the last ones only. Safe from threads."""

    def __init__(self, most: int = 1_000) -> None:
        self._most, self._lock = most, Lock()
        self._words: dict[str, str] = {}

    def note(self, file: str, words: str) -> None:
        """Keep why a file was refused; ids are the browser's, so long ones are cut."""
        with self._lock:
            self._words[file[:64]] = words
            while len(self._words) > self._most:
                del self._words[next(iter(self._words))]

    def why(self, file: str) -> str:
        """What was noted of a file; of one that nothing is known of, that it is not here."""
        unknown = say("The server does not have this file. Choose it again.")
        return spoken(self._words.get(file[:64], unknown))


refused = Refused()


def reading_limits() -> ReadingLimits:
    """How much of a file is read."""
    now = limits()
    return ReadingLimits(
        max_bytes=now.upload_mb * 2**20, max_rows=now.rows, max_text_chars=now.text_chars
    )


def check_start(
    sentences: Sentences, settings: Settings, visitor: str, meter: Meter = runs
) -> None:
    """Refuse a run that is too large, or comes too soon; count one that may start.

    Whether it may wait is the queue's to say, first. Raises a ``ProbingError``.
    """
    now = limits()
    check_encoder(settings.encoder, now)
    check_size(sentences, settings, now)
    if now.runs_per_hour is not None:
        seconds = meter.take(visitor, now.runs_per_hour)
        if seconds:
            used = meter.used(visitor)
            raise SettingsError(
                tr(
                    "You started {runs} within the last hour, and this server allows {most}. Your "
                    "sentences and settings are kept: press the button again in {minutes}."
                ).format(
                    runs=tr_n("{n} run", "{n} runs", used).format(n=f"{used:,}"),
                    most=f"{now.runs_per_hour:,}",
                    minutes=_minutes(seconds),
                )
            )


def check_queue(waiting: int, own: int = 0, now: Limits | None = None) -> None:
    """Refuse one more job where ``waiting`` ones are as many as this server lets wait, or ``own``
    ones, of the visitor who asks, are half as many: nobody fills the queue alone."""
    now = now or limits()
    if now.queue is None:
        return
    most = max(1, now.queue // 2)
    if own >= most:
        text = tr_n(
            "{n} job of yours waits already, and this server lets {most} of one visitor wait. "
            "Nothing of yours is lost: try again when one of them is done.",
            "{n} jobs of yours wait already, and this server lets {most} of one visitor wait. "
            "Nothing of yours is lost: try again when one of them is done.",
            own,
        )
        raise SettingsError(text.format(n=f"{own:,}", most=f"{most:,}"))
    if waiting >= now.queue:
        text = tr_n(
            "{n} job waits already, and this server lets {most} wait. Nothing of yours is lost: "
            "try again in a few minutes.",
            "{n} jobs wait already, and this server lets {most} wait. Nothing of yours is lost: "
            "try again in a few minutes.",
            waiting,
        )
        raise SettingsError(text.format(n=f"{waiting:,}", most=f"{now.queue:,}"))


def check_text(text: str, now: Limits | None = None) -> None:
    """Refuse a typed sentence that is longer than those of a file may be."""
    now = now or limits()
    if len(text) > now.text_chars:
        raise DataError(
            tr(
                "That sentence has {n} characters, and this server takes {most}. Type a shorter "
                "one."
            ).format(n=f"{len(text):,}", most=f"{now.text_chars:,}")
        )


def check_encoder(name: str, now: Limits | None = None) -> None:
    """Refuse an encoder that this server does not load."""
    now = now or limits()
    target = understand(name) if not (now.public and _is_folder(name)) else None
    if now.public and (target is None or target.source == "folder"):
        raise SettingsError(
            tr(
                "That is a folder, and a public server loads none of its own. Choose one of the "
                "encoders listed, or run CLS Probe on your computer."
            )
        )
    names = {"bundled" if n in ("bundled", BUNDLED) else n.lower() for n in now.encoders or ()}
    asked = "bundled" if target and target.source == "bundled" else name.lower()
    if now.encoders is not None and asked not in names:
        raise SettingsError(
            tr(
                "This server does not load the encoder {name}. It loads {names}. Choose one of "
                "these, or run CLS Probe on your computer."
            ).format(name=ascii(name[:100]), names=", ".join(now.encoders))
        )


def _is_folder(name: str) -> bool:
    """Whether a path is meant; asked first, so that a stranger cannot learn which paths exist."""
    return name.startswith(("/", "\\", ".", "~")) or name.count("/") > 1 or "\\" in name


def check_size(sentences: Sentences, settings: Settings, now: Limits | None = None) -> None:
    """Refuse more sentences, word pieces or memory than this server takes."""
    now, n = now or limits(), len(sentences)
    if n > now.rows:
        raise DataError(
            tr(
                "These are {n} sentences, and this server takes {most}. Give a random part of them."
            ).format(n=f"{n:,}", most=f"{now.rows:,}")
        )
    longest = max(map(len, sentences.texts), default=0)
    if longest > now.text_chars:
        raise DataError(
            tr(
                "The longest sentence has {n} characters, and this server takes {most}. Leave it "
                "out."
            ).format(n=f"{longest:,}", most=f"{now.text_chars:,}")
        )
    pieces = word_pieces(sentences.texts)
    if now.tokens is not None and pieces > now.tokens:
        raise DataError(
            tr(
                "These sentences are about {n} word pieces, and this server takes {most}. About "
                "{fitting} of them would fit: give a random part."
            ).format(
                n=f"{pieces:,}", most=f"{now.tokens:,}", fitting=f"{n * now.tokens // pieces:,}"
            )
        )
    _check_memory(n, len(sentences.classes), settings, now)


def memory_each(now: Limits) -> float | None:
    """Bytes of memory that one worker may take; None where that is unknown."""
    if now.memory_gb is not None:
        return now.memory_gb * 1e9
    machine = machine_memory()
    return None if machine is None else machine / now.workers


def _check_memory(n: int, classes: int, settings: Settings, now: Limits) -> None:
    shape, folds = shape_of(settings.encoder), max(1, settings.folds)
    allowed = memory_each(now)

    def needed(n: int) -> int:
        deep = settings.depth == "full"
        return estimate(n, shape, len(settings.poolings), classes, folds, deep=deep)

    if allowed is None or needed(n) <= allowed:
        return
    fitting = _largest(n, lambda n: needed(n) <= allowed)
    advice = (
        tr("About {fitting} of them would fit: give a random part.").format(fitting=f"{fitting:,}")
        if fitting >= 2
        else tr("No number of them would fit: choose a smaller encoder or fewer classes.")
    )
    raise DataError(
        tr(
            "{n} sentences with this encoder need about {needed} GB of memory, and {allowed} GB "
            "are allowed. {advice}"
        ).format(
            n=f"{n:,}",
            needed=f"{needed(n) / 1e9:.1f}",
            allowed=f"{allowed / 1e9:.1f}",
            advice=advice,
        )
    )


def _largest(n: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to ``n`` that fits, 0 for none, by halving."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def upload_trouble(
    visitor: str, size: int, held: int, now: Limits | None = None, meter: Meter = uploads
) -> str | None:
    """Why a file of ``size`` bytes is not taken, or None: then it is counted.

    ``held`` bytes of all visitors' files are in memory now.
    """
    now = now or limits()
    if size > now.upload_mb * 2**20:
        return say(
            "The file is larger than {most:,} MB, the most that this server takes. Give "
            "a part of its rows.",
            most=now.upload_mb,
        )
    if is_full(held + size, now):
        return say("This server holds as many files as it can. Try again in a few minutes.")
    if now.uploads_mb_per_hour is None:
        return None
    seconds = meter.take(visitor, now.uploads_mb_per_hour * 2**20, max(size, LEAST))
    if not seconds:
        return None
    when = say("with a smaller file")
    if seconds < math.inf:
        when = say_n("in {n:,} minute", "in {n:,} minutes", math.ceil(seconds / 60))
    return say(
        "You uploaded {mb:,.0f} MB within the last hour, and this server takes "
        "{most:,} MB. Try again {when!s}.",
        mb=meter.used(visitor) / 2**20,
        most=now.uploads_mb_per_hour,
        when=when,
    )


def is_full(held: int, now: Limits) -> bool:
    """Whether so many bytes of all visitors' files are more than a public host holds."""
    return now.public and held > HELD * now.upload_mb * 2**20


def uploads_used(visitor: str, now: Limits | None = None, meter: Meter = uploads) -> str | None:
    """What a visitor should know before choosing a file; None where any file will be taken."""
    now = now or limits()
    if now.uploads_mb_per_hour is None:
        return None
    used = meter.used(visitor) / 2**20
    if used + now.upload_mb <= now.uploads_mb_per_hour:
        return None
    return tr(
        "You uploaded {mb} MB within the last hour, and this server takes {most} MB: a file "
        "that goes beyond is refused. Wait a while, or choose a smaller one."
    ).format(mb=f"{used:,.0f}", most=f"{now.uploads_mb_per_hour:,}")


def _minutes(seconds: float) -> str:
    n = math.ceil(seconds / 60)
    return tr_n("{n} minute", "{n} minutes", n).format(n=f"{n:,}")
