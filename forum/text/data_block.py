"""Writes data for programs into a page: a script element that holds JSON and is never run (JSON-LD 1.1, section 7).

The rule: whatever stands in the data, the element ends where we end it. Called by ``posting`` and ``embed``; a page shows it as HTML that is trusted.
"""

import json
from collections.abc import Mapping
from typing import Any

# Inside a script element only "<" can end it; the others keep the JSON valid in XML and in old JavaScript as well.
_ESCAPED = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


def write_data_block(data: Mapping[str, Any]) -> str:
    """Return ``data`` (text, numbers, lists, mappings) as the HTML of a script element of the type ``application/ld+json``."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f'<script type="application/ld+json">{text.translate(_ESCAPED)}</script>'
