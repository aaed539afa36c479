"""JSON doors by which moderators impose and lift sanctions."""

from forum.web.doors import ApiDoors

doors = ApiDoors("sanctions")
