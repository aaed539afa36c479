"""What can go wrong with a message to a webhook, a word each for programs and a sentence for admins; none holds anything of the receiver's answer."""

from enum import StrEnum

from forum.sentences import Sentence, sentence


class Trouble(StrEnum):
    """Why an attempt was none, or why no further one is made."""

    NO_ADDRESS = "no-address"
    PRIVATE_ADDRESS = "private-address"
    NO_CONNECTION = "no-connection"
    TLS = "tls"
    TOO_SLOW = "too-slow"
    NO_ANSWER = "no-answer"
    REDIRECT = "redirect"
    STATUS = "status"
    GONE = "gone"


TROUBLE_WORDS: dict[Trouble, Sentence] = {
    Trouble.NO_ADDRESS: sentence("The name of its host leads nowhere."),
    Trouble.PRIVATE_ADDRESS: sentence(
        "Its host is not in the public internet, or not asked for by https. FORUM_WEBHOOK_PRIVATE_HOSTS can allow it."
    ),
    Trouble.NO_CONNECTION: sentence("Its host could not be reached."),
    Trouble.TLS: sentence("Its certificate is not good for this host."),
    Trouble.TOO_SLOW: sentence("It did not answer in time."),
    Trouble.NO_ANSWER: sentence("It broke off, or answered something that is not HTTP."),
    Trouble.REDIRECT: sentence("It sent us elsewhere, and nothing is sent after a redirect: write the address to which it leads."),
    Trouble.STATUS: sentence("It did not answer with a status from 200 to 299."),
    Trouble.GONE: sentence("It answered that it is gone for good (410)."),
}


def words_of(trouble: str) -> Sentence:
    """Return the sentence for what went wrong, empty where nothing did."""
    return TROUBLE_WORDS[Trouble(trouble)] if trouble else sentence("")
