"""Written text: what may be stored, how Markdown becomes safe HTML, who is mentioned, when two texts are the same.

Pure functions of strings, safe in threads; costs are bounded by `limits`. Used by every room that takes words from people.
"""
