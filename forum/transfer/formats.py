"""The formats that can be imported; another one is one new file with a ``read`` and one line here. Called by the command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from forum.transfer import comentario, disqus, isso, isso_json, own, remark, wordpress
from forum.transfer.records import Reader


@dataclass(frozen=True)
class Format:
    """A format: its name on the command line and in the database, what a person calls it, and its reader.

    ``recognises`` says whether a file that begins so is of this format. ``takes_base``: its pages may be named by their paths alone, and the
    reader is told ``base_url``, where they are.
    """

    name: str
    title: str
    read: Reader
    recognises: Callable[[bytes], bool] = lambda _: False
    takes_base: bool = False


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("disqus", "Disqus export (XML)", disqus.read, disqus.recognises),
        Format("wordpress", "WordPress export (WXR 1.0 to 1.2)", wordpress.read, wordpress.recognises),
        Format("isso", "Isso's database (SQLite)", isso.read, isso.recognises, takes_base=True),
        Format("isso-json", "JSON for Isso's generic importer", isso_json.read, isso_json.recognises, takes_base=True),
        Format("remark42", "Remark42 backup (one JSON record a line, packed or not)", remark.read, remark.recognises),
        Format("commento", "Commento export (JSON, version 1)", comentario.read, comentario.recognises_commento, takes_base=True),
        Format("forum", "An archive of a forum like this one ('forum export', 'forum backup')", own.read),
        Format(
            "comentario", "Comentario export (JSON, versions 1 and 3)", comentario.read, comentario.recognises_comentario, takes_base=True
        ),
    )
}


def recognise(head: bytes) -> Format | None:
    """Return the format of a file that begins with ``head``, or None where that is not plain to see."""
    return next((format_ for format_ in FORMATS.values() if format_.recognises(head)), None)
