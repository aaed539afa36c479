"""JSON doors of erasure, deletion of an account and the export of one's data."""

from forum.web.doors import ApiDoors

doors = ApiDoors("privacy")
