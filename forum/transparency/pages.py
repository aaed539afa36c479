"""HTML doors of the monthly reports."""

from forum.web.pages import PageDoors

doors = PageDoors("transparency")
