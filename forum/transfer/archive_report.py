"""What became of an archive's rows, table by table; printed by the commands like any import's report."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from forum.transfer.report import Counts

# What an import of another format counts, by the table in which it stands.
COUNTED = {"articles": "articles", "people": "accounts", "comments": "comments"}


@dataclass
class Rows:
    """A table's rows: ``in_file`` is the sum of the others. ``differs``: it is here, and has changed since; ``missing``: it is not here."""

    in_file: int = 0
    created: int = 0
    already_here: int = 0
    differs: int = 0
    missing: int = 0


@dataclass
class ArchiveReport:
    """The account of one archive that was read; with ``dry_run`` of one that would have been. ``notes`` are sentences for whoever goes on from here."""

    file: str
    dry_run: bool = False
    tables: dict[str, Rows] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> Rows:
        """The sums of all tables."""
        rows = self.tables.values()
        return Rows(*(sum(vars(one)[name] for one in rows) for name in vars(Rows())))

    @property
    def is_known(self) -> bool:
        """Whether anything that people made is here as it stands in the file: then it is the same discussion."""
        return any(self.tables[table].already_here for table in ("accounts", "articles", "comments") if table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values: what the report of every import has, and each table."""
        counted = {name: self.tables.get(table, Rows()) for name, table in COUNTED.items()}
        counts = {
            name: Counts(one.in_file, one.created, 0, one.already_here + one.differs, 0, one.missing) for name, one in counted.items()
        }
        return {
            "format": "forum",
            "file": self.file,
            "dry_run": self.dry_run,
            **{name: dict(vars(one)) for name, one in counts.items()},
            "left_out": [],
            "changed": [],
            "tables": {name: dict(vars(rows)) for name, rows in self.tables.items()},
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """Return the report as lines for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.file}, read as an archive" + (": a dry run, nothing was written." if self.dry_run else ".")
        yield ""
        yield f"{'':<20}{'in file':>11}{'new':>11}{'here already':>14}{'differs here':>14}{'missing here':>14}"
        for name, rows in [*self.tables.items(), ("in all", self.total)]:
            if rows.in_file:
                yield f"{name:<20}{rows.in_file:>11,}{rows.created:>11,}{rows.already_here:>14,}{rows.differs:>14,}{rows.missing:>14,}"
        if self.notes:
            yield ""
            yield from self.notes
