"""HTML doors of appeals, statements of reasons and sanctions as their subjects see them."""

from forum.web.pages import PageDoors

doors = PageDoors("redress")
