"""Whatever is done to an export, it is read or refused in a sentence: cut off, bytes turned over or lost, pieces doubled, another program's file."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forum.transfer.bodies import make_body
from forum.transfer.formats import FORMATS, Format, recognise
from forum.transfer.opening import beginning
from forum.transfer.records import ImportRefused
from forum.transfer.report import Report
from forum.transfer.scratch import Scratch
from tests.transfer.json_samples import (
    comentario,
    comentario_comment,
    commento,
    commento_comment,
    generic,
    generic_comment,
    remark,
    remark_comment,
)

DATA = Path(__file__).parents[1] / "data" / "import"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "EXPECTED.json").read_text())
READABLE = [name for name, expected in EXPECTED.items() if "error" not in expected]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def judge(file: Path, format_: Format) -> int:
    """Read a file, put it in order and make its texts as an import does, without a database; return how many comments it would bring in."""
    with Scratch(Report(format_.name, file.name), NOW) as scratch:
        for record in format_.read(file, lambda _: None, **({"base_url": "https://blog.example"} if format_.takes_base else {})):
            scratch.add(record)
        count = scratch.arrange()
        for batch in scratch.batches(100):
            for planned in batch:
                scratch.article(planned.article_external_id)
                make_body(planned.body_md, planned.body_html)
    return count


def read_or_refuse(file: Path, format_: Format) -> None:
    try:
        judge(file, format_)
    except ImportRefused as refused:
        said = str(refused)
    else:
        return
    assert said
    assert said.strip() == said
    assert "\n" not in said


@st.composite
def spoiled(draw: st.DrawFn, content: bytes) -> bytes:
    """The content, cut off, or with some bytes changed, lost, or a piece of it doubled."""
    at = draw(st.integers(0, len(content) - 1))
    length = draw(st.integers(1, 40))
    piece = draw(st.sampled_from(["cut", "lost", "doubled", "turned", "written"]))
    if piece == "cut":
        return content[:at]
    if piece == "lost":
        return content[:at] + content[at + length :]
    if piece == "doubled":
        return content[: at + length] + content[at:]
    if piece == "turned":
        return content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
    return content[:at] + draw(st.binary(min_size=1, max_size=8)) + content[at + length :]


@pytest.mark.parametrize("name", READABLE)
@given(data=st.data())
@QUICK
def test_a_spoiled_file_is_read_or_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    format_ = recognise(beginning(DATA / name))
    assert format_ is not None
    file = tmp_path / Path(name).name
    file.write_bytes(data.draw(spoiled((DATA / name).read_bytes())))
    read_or_refuse(file, format_)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["1", "root", "\0", "\ud800", "x" * 300]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def _exports(comments: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    yield "remark42", remark(*(remark_comment(str(number), **more) for number, more in enumerate(comments)))
    yield "commento", commento(*(commento_comment(str(number), **more) for number, more in enumerate(comments)), commenters=comments)
    yield "comentario", comentario(*(comentario_comment(str(number), **more) for number, more in enumerate(comments)), pages=comments)
    yield "isso-json", generic({"id": "/", "comments": [generic_comment(number, **more) for number, more in enumerate(comments)]})


FIELDS = [
    "id",
    "pid",
    "text",
    "orig",
    "user",
    "locator",
    "time",
    "edit",
    "pin",
    "delete",
    "votes",
    "score",
    "commentHex",
    "url",
    "markdown",
    "html",
]
FIELDS += [
    "parentHex",
    "parentId",
    "state",
    "creationDate",
    "createdTime",
    "editedTime",
    "pageId",
    "path",
    "isSticky",
    "isDeleted",
    "created",
    "author",
    "name",
]


@given(comments=st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_any_field_is_read_or_refused(tmp_path: Path, comments: list[dict[str, Any]]) -> None:
    for name, text in _exports(comments):
        file = tmp_path / "export.json"
        file.write_text(text, encoding="utf-8")
        read_or_refuse(file, FORMATS[name])


@pytest.mark.parametrize("name", READABLE)
def test_one_systems_file_is_refused_by_every_other_reader(name: str) -> None:
    own = recognise(beginning(DATA / name))
    for format_ in FORMATS.values():
        # What Commento wrote Comentario reads as well; which of the two a file is for is said before.
        if own is None or format_ is own or {format_.name, own.name} == {"commento", "comentario"} or format_.name == "forum":
            continue
        with pytest.raises(ImportRefused):
            judge(DATA / name, format_)


def test_parents_in_a_circle_orphans_twins_and_the_future_of_every_format(tmp_path: Path) -> None:
    above = {"remark42": "pid", "commento": "parentHex", "comentario": "parentId"}
    when = {"remark42": "time", "commento": "creationDate", "comentario": "createdTime"}
    for name, parent in above.items():
        tangle: list[dict[str, Any]] = [
            {parent: "1"},
            {parent: "0"},
            {parent: "2"},
            {parent: "99"},
            {when[name]: "2999-01-01T00:00:00Z"},
            {when[name]: "2100-01-01T00:00:00Z"},
        ]
        text = (
            dict(_exports([*tangle, {"id": "0", "commentHex": "0"}]))[name]
            if name != "comentario"
            else comentario(*(comentario_comment(str(number), **more) for number, more in enumerate(tangle)), comentario_comment("0"))
        )
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        report = Report(name, file.name)
        with Scratch(report, NOW) as scratch:
            for record in FORMATS[name].read(
                file, lambda _: None, **({"base_url": "https://blog.example"} if FORMATS[name].takes_base else {})
            ):
                scratch.add(record)
            assert scratch.arrange() == 6
        changed = {reason.why: reason.count for reason in report.changed.values()}
        assert changed["it answers its own replies in a circle: it stands at the top level"] == 1
        # One names nobody, one itself.
        assert changed["what it answers is not in the file under its article: it stands at the top level"] == 2
        assert changed["it is dated in the future: the time of the import is used"] == 1
        assert changed["its date cannot be read: the article's is used, or the time of the import"] == 1
        assert [reason.why for reason in report.left_out.values()] == ["its id stands twice in the file: the first one is taken"]
