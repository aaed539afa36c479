"""JSON doors of the monthly reports."""

from forum.web.doors import ApiDoors

doors = ApiDoors("transparency")
