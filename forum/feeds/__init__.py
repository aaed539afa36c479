"""Atom feeds of what everybody may read, and a private one of the answers to a person."""
