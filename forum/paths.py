"""Where the folders that lie beside the package in a checkout, and inside it in a wheel, are found.

Called by the application (templates) and by the database commands (migrations).
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return the folder ``name``: the one in the package (installed wheel), else the one beside it (checkout, editable install)."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
