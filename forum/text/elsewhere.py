"""Makes a rendered text fit for another site's page, where an address without a host would lead to that site.

The only such address in a text is a mention's. Called by ``embed``.
"""

from forum.text.links import REL

# As the sanitiser writes it; in a text "<" is escaped, and in an attribute the quotes are.
_MENTION = '<a class="mention" href="/'


def for_elsewhere(html: str, base_url: str) -> str:
    """Return the HTML of a comment with its mentions leading to ``base_url`` (scheme and host, without a slash at the end)."""
    return html.replace(_MENTION, f'<a class="mention" rel="{REL}" href="{base_url}/')
