"""A month's tables as JSON shapes and as CSV (RFC 4180): the same figures under the same codes."""

import csv
from io import StringIO

from sqlalchemy.orm import Session

from forum.transparency.figures import Figure, Share, Span, Table
from forum.transparency.queries import tally
from forum.transparency.schemas import CellOut, ColumnOut, ListedMonthOut, MonthOut, MonthsOut, RowOut, TableOut
from forum.transparency.small_cells import SHOWN_FROM, SMALL, Count
from forum.transparency.steps import Calendar, Reported
from forum.transparency.tables import build_tables

CSV_TYPE = "text/csv; charset=utf-8; header=present"
CSV_HEAD = ("month", "table", "row", "column", "unit", "value", "least", "most")


def read_tables(session: Session, reported: Reported) -> tuple[Table, ...]:
    """Return the tables of a month as they may be shown."""
    return build_tables(tally(session, reported.calendar.site_id, reported.month))


def present_months(calendar: Calendar) -> MonthsOut:
    """Return the months for which there is a report, newest first."""
    months = calendar.newest_first()
    return MonthsOut([ListedMonthOut(str(month), calendar.is_complete(month), f"/transparency/{month}") for month in months])


def present_month(reported: Reported, tables: tuple[Table, ...]) -> MonthOut:
    """Return a month's report."""
    return MonthOut(str(reported.month), reported.calendar.is_complete(reported.month), [_present_table(table) for table in tables])


def write_csv(report: MonthOut) -> str:
    """Return a report as CSV, one figure a line under the codes of its table, row and column; ``value`` is ``<3`` for a small number, empty where it is not told."""
    out = StringIO()
    lines = csv.writer(out)
    lines.writerow(CSV_HEAD)
    for table in report.tables:
        units = {column.code: column.unit for column in table.columns}
        for row in table.rows:
            for code, cell in row.cells.items():
                lines.writerow((report.month, table.code, row.code, code, units[code], *_csv_cells(cell)))
    return out.getvalue()


def _csv_cells(cell: CellOut) -> tuple[str, str, str]:
    value = f"<{SHOWN_FROM}" if (cell.value, cell.least, cell.most) == (None, SMALL.least, SMALL.most) else _csv_text(cell.value)
    return value, _csv_text(cell.least), _csv_text(cell.most)


def _csv_text(value: float | None) -> str:
    return "" if value is None else str(value)


def _present_table(table: Table) -> TableOut:
    return TableOut(
        table.code,
        [ColumnOut(column.code, column.unit.value) for column in table.columns],
        [
            RowOut(row.code, {column.code: _present_figure(figure) for column, figure in zip(table.columns, row.figures, strict=True)})
            for row in table.rows
        ],
    )


def _present_figure(figure: Figure) -> CellOut:
    match figure:
        case Count():
            return CellOut(figure.value, figure.least, figure.most)
        case Share():
            return CellOut(figure.value, None, None)
        case Span():
            return CellOut(figure.seconds, None, None)
