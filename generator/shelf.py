"""All runs, oldest first: each in brief, with the files that were made of it alone, and whole when it is asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

from generator.analyse.brief import Brief
from generator.analyse.findings import run_findings
from generator.analyse.run import RunFindings
from generator.kept import Content, Kept, in_bytes, recall, sweep
from generator.measurements import read_run
from generator.press import Press


class Shelf(Sequence[RunFindings]):
    """Of a run that nobody touched, what is kept is enough for lists; its records are read again only by `[]`.

    `keys` are the hashes of the runs, by their folders; `press` makes each that is not kept under `root`.
    Raises `RecordError` at a record that is not as it must be.
    """

    def __init__(self, keys: Mapping[Path, str], root: Path, press: Press) -> None:
        recalled = {folder: recall(root, folder.name, key) for folder, key in keys.items()}
        new = [(folder, key) for folder, key in keys.items() if recalled[folder] is None]
        made = {folder: one for (folder, _), one in zip(new, press.make_all(new, root), strict=True)}
        kept = {folder: one for folder, one in recalled.items() if one is not None} | made
        sweep(root, {folder.name for folder in keys})
        self._folders = sorted(kept, key=lambda folder: (kept[folder].brief.manifest.created_at, folder.name))
        self._kept: list[Kept] = [kept[folder] for folder in self._folders]
        self._whole: dict[int, RunFindings] = {}

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """In the order of the runs."""
        return tuple(one.brief for one in self._kept)

    @property
    def rows(self) -> list[str]:
        """Each run's rows of the table of all cells, see `cells.rows_json`."""
        return [one.rows for one in self._kept]

    @property
    def files(self) -> dict[str, Content]:
        """Every run's files."""
        return {path: content for one in self._kept for path, content in one.files.items()}

    def texts(self, path_of: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Of each run, its id and what is in the file at `path_of` its id."""
        for one in self._kept:
            yield one.brief.run_id, in_bytes(one.files[path_of(one.brief.run_id)]).decode()

    def __len__(self) -> int:
        return len(self._folders)

    @overload
    def __getitem__(self, at: int) -> RunFindings: ...
    @overload
    def __getitem__(self, at: slice) -> list[RunFindings]: ...
    def __getitem__(self, at: int | slice) -> RunFindings | list[RunFindings]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        folder = self._folders[at]
        at %= len(self)
        if at not in self._whole:
            self._whole[at] = run_findings(read_run(folder), self._kept[at].brief.contradictions)
        return self._whole[at]
