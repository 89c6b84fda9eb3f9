"""Charts on their way into pages: each as its picture, its figure, its table and its files for download."""

from dataclasses import dataclass

from markupsafe import Markup

from generator.render.chart import Chart
from generator.render.figure import figure_json
from generator.render.svg import patterns, picture, symbol
from generator.render.table import as_csv, as_json, columns, rows


@dataclass(frozen=True, slots=True)
class Hung:
    """A chart as a page has it. `csv` and `json` are addresses from that page, and `up` leads from it to the site's
    root; `legend` is empty where labels stand at the marks themselves; `runs` are those that it shows, each with the
    address of its page."""

    picture: Markup
    figure: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[tuple[Markup, str], ...]
    up: str
    csv: str
    json: str
    runs: tuple[tuple[str, str], ...]


class Gallery:
    """All charts of a site, as its pages are written one after the other: a chart's files get their names from the page
    that it hangs on and its place there. `files` are the files so far, by path."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._page = ""
        self._first = True

    def open(self, page: str) -> None:
        """The page whose charts come next, by its path without the suffix."""
        self._page, self._first = page, True

    def hang(self, chart: Chart, name: str) -> Hung:
        """The chart on the page that is open, as `name` there. The first one brings what pictures fill bars with."""
        path = f"data/charts/{self._page.replace('/', '-')}-{name}"
        self.files[f"{path}.csv"], self.files[f"{path}.json"] = as_csv(chart), as_json(chart)
        up = "../" * self._page.count("/")
        drawn = patterns() + picture(chart) if self._first else picture(chart)
        self._first = False
        named = chart.kind in {"stack", "curves"}
        return Hung(
            picture=drawn,
            figure=figure_json(chart),
            columns=columns(chart),
            rows=rows(chart),
            legend=tuple(
                (symbol(series, chart.kind), series.name) for series in chart.series if named and not series.is_apart
            ),
            up=up,
            csv=f"{up}{path}.csv",
            json=f"{up}{path}.json",
            runs=tuple((run, f"{up}runs/{run}.html") for run in chart.runs),
        )
