"""HTML doors by which moderators impose and lift sanctions."""

from forum.web.pages import PageDoors

doors = PageDoors("sanctions")
