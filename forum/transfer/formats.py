"""The formats that can be imported; another one is one new file with a ``read`` and one line here. Called by the command."""

from collections.abc import Mapping
from dataclasses import dataclass

from forum.transfer import disqus, wordpress
from forum.transfer.records import Reader


@dataclass(frozen=True)
class Format:
    """A format: its name on the command line and in the database, what a person calls it, and its reader."""

    name: str
    title: str
    read: Reader


FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        Format("disqus", "Disqus export (XML)", disqus.read),
        Format("wordpress", "WordPress export (WXR 1.0 to 1.2)", wordpress.read),
    )
}
