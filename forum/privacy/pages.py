"""HTML doors of erasure, deletion of an account and the export of one's data."""

from forum.web.pages import PageDoors

doors = PageDoors("privacy")
