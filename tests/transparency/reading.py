"""Reads a month's report in its three forms – JSON, CSV, page – as the same kind of thing: a figure for each table, row and column.

The rule: over the doors that everybody uses. Called by the tests of this folder.
"""

import csv
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta

from tests.conftest import ApiClient
from tests.journeys.reader import Element, parse

Place = tuple[str, str, str]
Cell = dict[str, Any]


def read_json(caller: ApiClient, month: str) -> dict[Place, Cell]:
    """Return the figures of a month, each with ``value``, ``least`` and ``most``."""
    answer = caller.get(f"/transparency/{month}")
    assert answer.status_code == 200, answer.text
    tables = answer.json["tables"]
    for table in tables:
        assert all(list(row["cells"]) == [column["code"] for column in table["columns"]] for row in table["rows"]), table
    return {
        (table["code"], row["code"], column): cell for table in tables for row in table["rows"] for column, cell in row["cells"].items()
    }


def read_csv(caller: ApiClient, month: str) -> dict[Place, list[str]]:
    """Return what the CSV says of each figure: its value, least and most, as text."""
    answer = caller.get(f"//transparency/{month}.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv"), answer.text
    head, *lines = csv.reader(answer.text.splitlines())
    assert head == ["month", "table", "row", "column", "unit", "value", "least", "most"]
    assert {line[0] for line in lines} == {month}
    return {(line[1], line[2], line[3]): line[5:] for line in lines}


def read_page(caller: ApiClient, month: str) -> Element:
    """Return the main part of a month's page."""
    answer = caller.get(f"//transparency/{month}")
    assert answer.status_code == 200, answer.text
    return parse(answer.text).one("main")


def figures_of(page: Element) -> dict[str, list[list[str]]]:
    """Return what stands in the cells of each table on the page, row by row."""
    found = {}
    for table in page.all("table"):
        code = table.one("caption").one("b").attributes["id"].removeprefix("t-")
        found[code] = [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]
    return found


def in_words(cell: Cell, unit: str) -> str:
    """Return how the page writes a figure, in English."""
    value, least, most = cell["value"], cell["least"], cell["most"]
    if unit == "count":
        if value is not None:
            return f"{value:,}"
        return "<3" if (least, most) == (1, 2) else f"{least:,} or more" if most is None else f"{least:,}–{most:,}"
    if value is None:
        return "not shown"
    if unit == "share":
        return f"{round(100 * value, 1):g}%"
    return format_timedelta(timedelta(seconds=value), granularity="minute", threshold=3, locale="en")


def check_alike(caller: ApiClient, month: str) -> Mapping[Place, Cell]:
    """Assert that page, CSV and JSON say the same, and return it."""
    figures = read_json(caller, month)
    lines = read_csv(caller, month)
    assert list(lines) == list(figures)
    for place, cell in figures.items():
        value = "<3" if (cell["value"], cell["least"], cell["most"]) == (None, 1, 2) else cell["value"]
        assert lines[place] == ["" if each is None else str(each) for each in (value, cell["least"], cell["most"])], place
    shown = figures_of(read_page(caller, month))
    for table in caller.get(f"/transparency/{month}").json["tables"]:
        units = [column["unit"] for column in table["columns"]]
        rows = [[in_words(cell, unit) for cell, unit in zip(row["cells"].values(), units, strict=True)] for row in table["rows"]]
        is_empty = {text for row in rows for text in row} <= {"0", "not shown"}
        assert shown.pop(table["code"], None) == (None if is_empty else rows), table["code"]
    assert shown == {}
    return figures
