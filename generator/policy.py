"""What a page allows its reader's browser: its own files, and no script that somebody put into a record.

Content-Security-Policy Level 3, https://www.w3.org/TR/CSP3/, as an element of the page, because a static host lets
nobody set headers. Styles may stand in elements: Plotly sets them there
(https://github.com/plotly/plotly.js/issues/2355).
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

_CHARSET: Final = '<meta charset="utf-8">'
_SCRIPT: Final = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_HAS_SOURCE: Final = re.compile(r"\ssrc\s*=", re.IGNORECASE)
_IS_DATA: Final = re.compile(r"\stype\s*=\s*[\"']?application/(ld\+)?json", re.IGNORECASE)


def guarded(html: str, records: str = "", scripts: Iterable[str] = ()) -> str:
    """The page with its policy. Scripts that stand in it may run, by their hashes, but for those in `records`, the part
    of it that was made from records, where none belongs. `scripts` are the addresses from which the author's
    configuration brings some; those of other hosts are allowed with their host. A page that is all the author's may
    also show pictures and frames of other hosts."""
    theirs = set(_inline(records))
    hashes = sorted({f"'sha256-{_hash(text)}'" for text in _inline(html) if text not in theirs})
    hosts = sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, scripts) if parts.netloc})
    elsewhere = () if records else ("https:",)
    policy = {
        "default-src": ("'none'",),
        "script-src": ("'self'", *hashes, *hosts),
        "style-src": ("'self'", "'unsafe-inline'", *hosts),
        "img-src": ("'self'", "data:", "blob:", *elsewhere),
        "media-src": ("'self'", *elsewhere),
        "frame-src": elsewhere or ("'none'",),
        "font-src": ("'self'", "data:"),
        "connect-src": ("'self'",),
        "worker-src": ("'self'", "blob:"),
        "base-uri": ("'none'",),
        "form-action": ("'none'",),
    }
    content = "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())
    return html.replace(_CHARSET, f'{_CHARSET}<meta http-equiv="Content-Security-Policy" content="{content}">', 1)


def _inline(html: str) -> list[str]:
    """The scripts that stand in the page itself; data is none."""
    others = (_HAS_SOURCE, _IS_DATA)
    return [text for attributes, text in _SCRIPT.findall(html) if not any(one.search(attributes) for one in others)]


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
