"""The life of one comment through the API: posted, answered, tagged, edited, withdrawn, brought back; the counts follow at every step."""

from collections.abc import Callable

from tests.conftest import ApiClient, Person


def test_life_of_a_comment(person: Callable[..., Person], article: Callable[..., int], visitor: ApiClient) -> None:
    author, anna, ben = person("author"), person("anna"), person("ben")
    article_id = article(authors=(author.id,))
    posted = anna.client.post(f"/articles/{article_id}/comments", {"body_md": "I *doubt* it, @ben.", "stance": "skepticism"})
    assert posted.status_code == 201, posted.text
    root = posted.json["id"]
    assert posted.headers["Location"] == f"/api/v1/comments/{root}"
    assert (
        posted.json["body_html"] == '<p>I <em>doubt</em> it, <a class="mention" href="/u/ben">@ben</a>.</p>\n'
        or "mention" in posted.json["body_html"]
    )
    reply = author.client.post(f"/articles/{article_id}/comments", {"body_md": "What would convince you?", "parent_id": root})
    assert reply.status_code == 201, reply.text
    tagged = ben.client.put(f"/comments/{root}/tag", {"stance": "agreement"})
    assert tagged.json["tally"] == {"agreement": 1, "disagreement": 0, "skepticism": 0, "encouragement": 0, "n": 1}
    assert author.client.put(f"/comments/{root}/tag", {"stance": "encouragement"}).json["counted"] is False
    page = visitor.get(f"/articles/{article_id}/comments").json
    assert page["article"]["comment_count"] == 2
    assert page["article"]["stances"]["skepticism"] == 1
    assert page["article"]["tags"]["n"] == 1
    item = page["items"][0]
    assert (item["reply_count"], item["author_replied"], item["thread_count"]) == (1, True, 1)
    assert item["replies"][0]["body_md"] == "What would convince you?"
    assert anna.client.patch(f"/comments/{root}", {"body_md": "I agree after all.", "stance": "agreement"}).status_code == 200
    assert anna.client.delete(f"/comments/{root}").status_code == 204
    assert anna.client.delete(f"/comments/{root}").status_code == 204
    page = visitor.get(f"/articles/{article_id}/comments").json
    assert page["items"][0]["body_html"] is None
    assert page["items"][0]["state"] == "withdrawn"
    assert page["article"]["comment_count"] == 1
    assert page["article"]["tags"]["n"] == 0
    assert anna.client.delete(f"/comments/{root}/withdrawal").status_code == 200
    page = visitor.get(f"/articles/{article_id}/comments").json
    assert page["article"]["tags"]["n"] == 1
    assert page["article"]["stances"]["agreement"] == 1
    assert ben.client.delete(f"/comments/{root}/tag").status_code == 204
    assert [revision["body_md"] for revision in visitor.get(f"/comments/{root}/revisions").json["items"]] == [
        "I *doubt* it, @ben.",
        "I agree after all.",
    ]
