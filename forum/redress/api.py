"""JSON doors of appeals, statements of reasons and sanctions as their subjects see them."""

from forum.web.doors import ApiDoors

doors = ApiDoors("redress")
