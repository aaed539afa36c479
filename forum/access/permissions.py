"""What can be permitted, a sentence each, and the token scopes they belong to. The table of who has them is in ``table.py``."""

from enum import Enum, StrEnum

from forum.sentences import sentence


class Scope(StrEnum):
    """What a personal token may be used for."""

    READ = "read"
    COMMENT = "comment"
    TAG = "tag"
    MODERATE = "moderate"
    ADMIN = "admin"


class Permission(Enum):
    """Each permission's value is the sentence that the documentation shows."""

    SERVICE_READ = sentence("Read health, documentation and problem explanations.")
    ARTICLE_LIST = sentence("See which articles are discussed, and their counts.")
    ARTICLE_READ = sentence("Read an article and its discussion.")
    ARTICLE_CREATE = sentence("Add an article.")
    ARTICLE_EDIT = sentence("Change an article's title, text, claim, question, authors or whether it is open.")
    COMMENT_READ = sentence("Read a comment, its branch and its history.")
    COMMENT_CREATE = sentence("Comment on an article or answer a comment.")
    COMMENT_PREVIEW = sentence("See how a text will look.")
    COMMENT_EDIT = sentence("Edit a comment or its stance.")
    COMMENT_WITHDRAW = sentence("Withdraw a comment, or undo that.")
    TAG_READ = sentence("See one's own tag on a comment.")
    TAG_SET = sentence("Tag a comment, change the tag or remove it.")
    PERSON_READ = sentence("See a person's public page.")
    ACCOUNT_CREATE = sentence("Sign up.")
    SESSION_CREATE = sentence("Sign in.")
    SESSION_READ = sentence("See who is signed in.")
    SESSION_END = sentence("Sign out.")
    SELF_READ = sentence("See one's own account, and one's own marks on a page.")
    SELF_EDIT = sentence("Change one's own profile.")
    SECURITY_EDIT = sentence("Change one's password, end sign-ins, make and revoke tokens.")
