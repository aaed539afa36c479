"""Atom feeds of discussions."""
