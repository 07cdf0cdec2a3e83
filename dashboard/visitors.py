"""Who is who among the visitors: a random id in a cookie that no script can read.

It is no login and says nothing about a person. Whoever deletes it is somebody else, so what has to
hold against scripts (the queue, the bytes held) does not rest on it.
"""

import re
import secrets
from collections.abc import Mapping
from hashlib import blake2b

COOKIE = "cls_probe_visitor"
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_YEAR = 365 * 24 * 3600  # seconds
_SALT = secrets.token_bytes(16)


def new_id() -> str:
    """128 random bits, 22 characters."""
    return secrets.token_urlsafe(16)


def of_cookies(cookies: Mapping[str, str]) -> str | None:
    """The id among a request's cookies; None where there is none, or none of ours."""
    found = cookies.get(COOKIE, "")
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def cookie(visitor: str, *, secure: bool, framed: bool, path: str = "/") -> str:
    """The value of ``Set-Cookie``. ``framed``: another site shows the page, which needs TLS."""
    site = "SameSite=None; Secure; Partitioned" if framed else "SameSite=Lax"
    safe = "; Secure" if secure and not framed else ""
    return f"{COOKIE}={visitor}; Path={path}; Max-Age={_YEAR}; HttpOnly; {site}{safe}"


def mark(visitor: str) -> str:
    """What a log may say of a visitor: the same within one start of the server, no way back."""
    return blake2b(visitor.encode(), key=_SALT, digest_size=4).hexdigest()


def owner(visitor: str) -> str:
    """Under which a visitor's vectors are kept, "" for nobody; no way back to the cookie."""
    if not visitor:
        return ""
    return blake2b(visitor.encode(), digest_size=16, person=b"cls-probe-cache").hexdigest()
