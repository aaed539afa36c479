"""Confidentiality: what in a text could tell who somebody in care is. Pure rules over tokens; the words are files, one folder a language."""

from forum.moderation.screening.confidential.details import find_details
from forum.moderation.screening.confidential.found import Detail, Details

__all__ = ["Detail", "Details", "find_details"]
