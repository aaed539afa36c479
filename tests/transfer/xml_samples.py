"""Small exports built from the few facts a test is about."""

from xml.sax.saxutils import escape


def disqus(*parts: str) -> str:
    """A Disqus export of these threads and posts."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">' + "\n".join(parts) + "</disqus>"
    )


def thread(id_: str = "t1", *, link: str = "https://host.example/one", title: str = "One", more: str = "") -> str:
    """A Disqus thread."""
    where = f"<link>{escape(link)}</link><title>{title}</title>"
    return f'<thread dsq:id="{id_}"><id/>{where}<createdAt>2015-01-01T00:00:00Z</createdAt>{more}</thread>'


def post(
    id_: str,
    message: str = "<p>Hello.</p>",
    *,
    thread: str = "t1",
    parent: str = "",
    name: str = "Anna",
    email: str = "anna@host.example",
    created: str = "2015-02-01T00:00:00Z",
    more: str = "",
) -> str:
    """A Disqus post."""
    above = f'<parent dsq:id="{parent}"/>' if parent else ""
    author = f"<author><name>{name}</name><email>{email}</email><isAnonymous>true</isAnonymous></author>"
    return (
        f'<post dsq:id="{id_}"><id/><message>{escape(message)}</message><createdAt>{created}</createdAt>{author}'
        f'<thread dsq:id="{thread}"/>{above}{more}</post>'
    )


def wordpress(*items: str, version: str = "1.2", blog: str = "https://blog.example") -> str:
    """A WordPress export of these items."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<rss version="2.0" xmlns:wp="http://wordpress.org/export/{version}/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:excerpt="http://wordpress.org/export/{version}/excerpt/"><channel><title>Blog</title>'
        f"<wp:wxr_version>{version}</wp:wxr_version><wp:base_blog_url>{blog}</wp:base_blog_url>" + "\n".join(items) + "</channel></rss>"
    )


def item(number: int, *comments: str, title: str = "Post", more: str = "<wp:status>publish</wp:status>") -> str:
    """A WordPress post."""
    return (
        f"<item><title>{title}</title><link>https://blog.example/{number}/</link><content:encoded>long</content:encoded>"
        f"<wp:post_id>{number}</wp:post_id>"
        "<wp:post_date>2015-01-01 02:00:00</wp:post_date><wp:post_date_gmt>2015-01-01 00:00:00</wp:post_date_gmt>"
        f"{more}{''.join(comments)}</item>"
    )


def comment(
    number: str,
    content: str = "Hello.",
    *,
    parent: str = "0",
    approved: str = "1",
    type_: str = "comment",
    gmt: str = "2015-02-01 10:00:00",
    local: str = "2015-02-01 12:00:00",
    name: str = "Anna",
    email: str = "anna@host.example",
    url: str = "",
) -> str:
    """A WordPress comment."""
    fields = {
        "id": number,
        "author": name,
        "author_email": email,
        "author_url": url,
        "date": local,
        "date_gmt": gmt,
        "content": content,
        "approved": approved,
        "type": type_,
        "parent": parent,
    }
    inner = "".join(f"<wp:comment_{key}>{escape(value)}</wp:comment_{key}>" for key, value in fields.items())
    meta = "<wp:commentmeta><wp:meta_key>content</wp:meta_key><wp:meta_value>noise</wp:meta_value></wp:commentmeta>"
    return f"<wp:comment>{inner}{meta}</wp:comment>"
