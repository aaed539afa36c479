"""What was sent, as typed structures: JSON bodies, forms and query strings go through the same checks, and unknown fields are refused.

Every text is checked for characters that PostgreSQL cannot store (NUL) or UTF-8 cannot write (lone surrogates) before any rule sees it.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from flask import request
from werkzeug.datastructures import MultiDict

from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import Sentence, sentence

T = TypeVar("T")
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"`([^`]*)`")
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
MAX_NESTING = 32


def read_body() -> bytes:
    """Return the request's body, the same however often it is asked for. Raises Refusal ``too-large``."""
    body = request.get_data()
    # A body in chunks says no length beforehand: werkzeug stops reading at the limit and hands over what it has.
    if request.content_length is None and len(body) >= (request.max_content_length or math.inf):
        raise Refusal(Kind.TOO_LARGE, sentence("A request has at most %(most)s bytes here.", most=request.max_content_length or 0))
    return body


def read_json(kind: type[T]) -> T:
    """Return the JSON body as ``kind``. Raises Refusal: unsupported-media-type, malformed, too-large or validation."""
    if request.mimetype != "application/json":
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        # Unpacked here, a small body could become one without end.
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without a Content-Encoding.")
    try:
        raw = msgspec.json.decode(read_body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(Kind.MALFORMED, sentence("The body is not valid JSON in UTF-8: %(reason)s", reason=_reason(error))) from None
    refuse_impossible(raw)
    return _convert(raw, kind, strict=True)


def read_query(kind: type[T]) -> T:
    """Return the query string as ``kind``; an empty parameter counts as left out, one given twice is refused unless the field is a list. Raises Refusal."""
    given = MultiDict((name, value) for name, value in request.args.items(multi=True) if value != "")
    return _convert(_flatten(given, kind), kind, strict=False)


def read_form(kind: type[T], *, ignored: frozenset[str] = frozenset({"csrf_token"})) -> T:
    """Return the form as ``kind``; an empty field counts as left out. Raises Refusal."""
    given = MultiDict(
        (name, value.replace("\r\n", "\n")) for name, value in request.form.items(multi=True) if name not in ignored and value != ""
    )
    refuse_impossible(given.to_dict(flat=False))
    return _convert(_flatten(given, kind), kind, strict=False)


def refuse_impossible(value: Any, depth: int = 0) -> None:
    """Raise Refusal ``malformed`` when any text inside ``value`` holds NUL or a lone surrogate, or when it nests too deeply."""
    if depth > MAX_NESTING:
        raise Refusal(Kind.MALFORMED, sentence("The body nests more than %(most)s levels deep.", most=MAX_NESTING))
    if isinstance(value, str):
        if _IMPOSSIBLE.search(value):
            raise Refusal(Kind.MALFORMED, "A text holds a NUL character or half of a surrogate pair; take it out.")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            refuse_impossible(key, depth + 1)
            refuse_impossible(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            refuse_impossible(inner, depth + 1)


def _flatten(given: "MultiDict[str, str]", kind: type) -> dict[str, Any]:
    lists = {field.encode_name for field in msgspec.structs.fields(kind) if "list" in str(field.type)}
    flat: dict[str, Any] = {}
    for name, values in given.lists():
        if name not in lists and len(values) > 1:
            raise invalid(
                Fault(
                    f"/{name}", "repeated", sentence("'%(field)s' was given %(count)s times; give it once.", field=name, count=len(values))
                )
            )
        flat[name] = values if name in lists else values[0]
    refuse_impossible(flat)
    return flat


def _convert(raw: Any, kind: type[T], *, strict: bool) -> T:
    try:
        return msgspec.convert(raw, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid(_fault_of(str(error))) from None


def _fault_of(message: str) -> Fault:
    match = _WHERE.match(message)
    what, path = (match["what"], match["path"] or "$") if match else (message, "$")
    pointer = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", path.removeprefix("$")).replace(".", "/")
    field = _FIELD.search(what)
    if field and "unknown field" in what:
        return Fault(
            f"{pointer}/{field[1].replace('~', '~0').replace('/', '~1')}",
            "unknown-field",
            sentence("'%(field)s' is not a field here; leave it out.", field=field[1]),
        )
    if field and "missing required field" in what:
        return Fault(f"{pointer}/{field[1]}", "required", sentence("'%(field)s' is required.", field=field[1]))
    return Fault(pointer, "invalid", _what_is_expected(pointer.removeprefix("/") or sentence("The body"), what))


def _what_is_expected(name: str, what: str) -> Sentence:
    # What a person can meet in a form is said in words; the rest, in the words of msgspec, only a program can.
    if match := re.fullmatch(r"Expected `str` of length <= (\d+)", what):
        return sentence("%(field)s: at most %(most)s characters are allowed.", field=name, most=int(match[1]))
    if match := re.fullmatch(r"Expected `int` >= (-?\d+)", what):
        return sentence("%(field)s: at least %(least)s is expected.", field=name, least=int(match[1]))
    if match := re.fullmatch(r"Expected `int` <= (-?\d+)", what):
        return sentence("%(field)s: at most %(most)s is expected.", field=name, most=int(match[1]))
    if match := re.fullmatch(r"Invalid enum value (.*)", what, re.DOTALL):
        return sentence("%(field)s: %(value)s is not one of the choices.", field=name, value=match[1])
    if what.startswith("Expected `int"):
        return sentence("%(field)s: a whole number is expected.", field=name)
    return sentence("%(field)s: %(what)s.", field=name, what=f"{what[:1].lower()}{what[1:]}".replace("`", "'"))


def _reason(error: Exception) -> str:
    text = str(error) if not isinstance(error, RecursionError) else "it nests too deeply"
    return text if text.endswith(".") else f"{text}."
