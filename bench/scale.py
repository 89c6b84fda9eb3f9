"""The site of 10, 100 and 1,000 runs: how long it takes, how large it is, and what a reader's browser has to load."""

import gzip
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from statistics import median

from bench.many import ORIGINALS, write_copy, write_many
from bench.mkdocs import SITE_URL, Taken, build, without_us
from generator.folders import CACHE, CHECKOUT

COUNTS = (10, 100)
LARGE = 1000
# Each is a measurement of a whole process, and of a thousand runs they take minutes.
ROUNDS = 3
ADDED = "2026-11-24-llama-3.1-8b-synthetic-3"

# What a browser loads by itself; other links are followed by a reader.
_LOADED = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "preconnect", "dns-prefetch"}


def lines(rounds: int, counts: Sequence[int] = COUNTS) -> Iterator[str]:
    """A line for each number of runs, and lines on the pages. First: nothing is kept from before. Again: nothing
    changed. Added: one run more than before."""
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            yield from _of(count, Path(name), min(rounds, ROUNDS))
    shutil.rmtree(CACHE, ignore_errors=True)


def _of(count: int, folder: Path, rounds: int) -> Iterator[str]:
    records, site, plain = folder / "measurements", folder / "ours", folder / "plain"
    write_many(count, records)
    environment = {"QUANTPRESS_MEASUREMENTS": str(records)}
    taken: dict[str, list[Taken]] = {}
    equal = True
    without_us(plain, records)
    for _ in range(rounds):
        shutil.rmtree(records / ".cache", ignore_errors=True)  # see folders.CACHE
        taken.setdefault("first", []).append(build(CHECKOUT, site, environment))
        first, size_mb = _digest(site), _size_mb(site)
        taken.setdefault("again", []).append(build(CHECKOUT, site, environment))
        equal = equal and first == _digest(site)
        taken.setdefault("MkDocs alone", []).append(build(plain, folder / "theirs"))
        added = write_copy(ORIGINALS / ADDED, records, count)
        taken.setdefault("one run added", []).append(build(CHECKOUT, site, environment))
        shutil.rmtree(added)
    alone = taken.pop("MkDocs alone")
    yield f"{count:,} runs: {'; '.join(_told(what, times, alone) for what, times in taken.items())}"
    yield (
        f"{count:,} runs: MkDocs alone on the same finished Markdown {_s(alone)}; "
        f"goal: ratios ≤ 1.2{', seconds ≤ 10' if count == LARGE else ''}; medians of {rounds}"
    )
    yield f"{count:,} runs: output {size_mb:,.0f} MB{' (goal ≤ 300 MB)' if count == LARGE else ''}"
    yield (
        f"{count:,} runs: built from nothing and from what was kept, the outputs are "
        f"{'equal' if equal else 'NOT EQUAL'}, byte for byte"
    )
    yield from _pages(count, site)


def _told(what: str, times: Sequence[Taken], alone: Sequence[Taken]) -> str:
    wall, processor = (
        median(getattr(ours, name) / getattr(theirs, name) for ours, theirs in zip(times, alone, strict=True))
        for name in ("wall_s", "processor_s")
    )
    return f"{what} {_s(times)}, {wall:.2f} times MkDocs alone ({processor:.2f} by processor time)"


def _s(times: Sequence[Taken]) -> str:
    wall, processor = (median(getattr(one, name) for one in times) for name in ("wall_s", "processor_s"))
    return f"{wall:.2f} s (processor {processor:.2f} s)"


def _digest(site: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(site)}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def _size_mb(site: Path) -> float:
    return sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6


def _pages(count: int, site: Path) -> Iterator[str]:
    home = _Loads((site / "index.html").read_text(encoding="utf-8"))
    (plotly,) = (site / "assets").glob("plotly*.min.js")
    page, more = _zipped_kb(site / "index.html"), sum(_zipped_kb(site / path) for path in set(home.own))
    library = _zipped_kb(plotly)
    yield (
        f"{count:,} runs: home page {page:.0f} KB gzipped (goal ≤ 60 KB before the charting library), with it "
        f"{page + library:.0f} KB (goal ≤ 550 KB); beside it, style sheets, scripts and images of theme and site "
        f"{more:.0f} KB"
    )
    foreign = {
        address for path in site.rglob("*.html") for address in _Loads(path.read_text(encoding="utf-8")).foreign
    } | {
        address
        for path in site.rglob("*.css")
        for address in re.findall(r"(?:url\(|@import )[\"']?(https?://[^\"')]+)", path.read_text(encoding="utf-8"))
    }
    yield f"{count:,} runs: requests to other hosts that pages and style sheets name: {len(foreign)} (goal 0)"


def _zipped_kb(path: Path) -> float:
    return len(gzip.compress(path.read_bytes(), mtime=0)) / 1e3


class _Loads(HTMLParser):
    """What a page loads by itself: of its own site, by path, and of others."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.own: list[str] = []
        self.foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        its = dict(attrs)
        loads = tag != "link" or _LOADED & set((its.get("rel") or "").split())
        address = (its.get("href") if tag == "link" else its.get("src") or its.get("srcset") or its.get("data")) or ""
        if not loads or not address or address.startswith(("data:", "#")):
            return
        if re.match(r"(https?:)?//", address) and not address.startswith(SITE_URL):
            self.foreign.append(address)
        else:
            self.own.append(address.removeprefix(SITE_URL).split("?")[0])
