"""What an import did: counts by kind, and what was left out or changed, counted by reason with a few samples.

Made by the engine, printed by the command. Whatever stands in the file is counted exactly once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from forum.transfer.records import Changed, Kind, LeftOut, tidy

SAMPLES = 5
ID_SHOWN = 120


@dataclass
class Counts:
    """How many there are in the file and what became of them: ``in_file`` is the sum of the others."""

    in_file: int = 0
    created: int = 0
    matched: int = 0
    already_here: int = 0
    placeholders: int = 0
    left_out: int = 0


@dataclass
class Reason:
    """How often something happened for one reason, and the first few it happened to."""

    kind: Kind
    why: str
    count: int = 0
    samples: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Report:
    """The account of one import; with ``dry_run`` of one that would have been. The same file again is all ``already_here``."""

    format: str
    file: str
    dry_run: bool = False
    articles: Counts = field(default_factory=Counts)
    people: Counts = field(default_factory=Counts)
    comments: Counts = field(default_factory=Counts)
    left_out: dict[tuple[Kind, str], Reason] = field(default_factory=dict)
    changed: dict[tuple[Kind, str], Reason] = field(default_factory=dict)

    def note(self, what: LeftOut | Changed) -> None:
        """Count something left out or changed."""
        reasons = self.left_out if isinstance(what, LeftOut) else self.changed
        reason = reasons.setdefault((what.kind, what.why), Reason(what.kind, what.why))
        reason.count += 1
        if len(reason.samples) < SAMPLES:
            # Both come from the file, and a terminal must not obey what stands there.
            reason.samples.append((tidy(what.external_id)[:ID_SHOWN], tidy(what.sample)))
        if isinstance(what, LeftOut) and what.kind is Kind.COMMENT:
            self.comments.left_out += 1
        elif isinstance(what, LeftOut) and what.kind is Kind.ARTICLE:
            self.articles.left_out += 1

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        counted = {"articles": self.articles, "people": self.people, "comments": self.comments}
        return {
            "format": self.format,
            "file": self.file,
            "dry_run": self.dry_run,
            **{name: dict(vars(counts)) for name, counts in counted.items()},
            "left_out": [_reason(reason) for reason in self.left_out.values()],
            "changed": [_reason(reason) for reason in self.changed.values()],
        }

    def as_text(self) -> str:
        """Return the report as lines for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.file}, read as {self.format}" + (": a dry run, nothing was written." if self.dry_run else ".")
        yield ""
        yield f"{'':<10}{'in file':>9}{'new':>9}{'matched':>9}{'here already':>14}{'places kept':>13}{'left out':>10}"
        for name, counts in (("articles", self.articles), ("people", self.people), ("comments", self.comments)):
            cells = f"{counts.in_file:>9,}{counts.created:>9,}{counts.matched:>9,}{counts.already_here:>14,}"
            yield f"{name:<10}{cells}{counts.placeholders:>13,}{counts.left_out:>10,}"
        for title, reasons in (("Left out", self.left_out), ("Changed", self.changed)):
            if reasons:
                yield ""
                yield f"{title}:"
            for reason in sorted(reasons.values(), key=lambda reason: -reason.count):
                yield f"{reason.count:>9,}  {reason.kind.value}: {reason.why}"
                for external_id, sample in reason.samples:
                    yield f"{'':>11}{external_id}{'  ' + sample if sample else ''}".rstrip()


def _reason(reason: Reason) -> dict[str, Any]:
    samples = [{"external_id": external_id, "sample": sample} for external_id, sample in reason.samples]
    return {"kind": reason.kind.value, "why": reason.why, "count": reason.count, "samples": samples}
