"""What can be permitted, a sentence each, and the token scopes they belong to. The table of who has them is in ``table.py``."""

from enum import Enum, StrEnum


class Scope(StrEnum):
    """What a personal token may be used for."""

    READ = "read"
    COMMENT = "comment"
    TAG = "tag"
    MODERATE = "moderate"
    ADMIN = "admin"


class Permission(Enum):
    """Each permission's value is the sentence that the documentation shows."""

    SERVICE_READ = "Read health, documentation and problem explanations."
    ARTICLE_LIST = "See which articles are discussed, and their counts."
    ARTICLE_READ = "Read an article and its discussion."
    ARTICLE_CREATE = "Add an article."
    ARTICLE_EDIT = "Change an article's title, text, claim, question, authors or whether it is open."
    COMMENT_READ = "Read a comment, its branch and its history."
    COMMENT_CREATE = "Comment on an article or answer a comment."
    COMMENT_PREVIEW = "See how a text will look."
    COMMENT_EDIT = "Edit a comment or its stance."
    COMMENT_WITHDRAW = "Withdraw a comment, or undo that."
    TAG_READ = "See one's own tag on a comment."
    TAG_SET = "Tag a comment, change the tag or remove it."
    PERSON_READ = "See a person's public page."
    ACCOUNT_CREATE = "Sign up."
    SESSION_CREATE = "Sign in."
    SESSION_READ = "See who is signed in."
    SESSION_END = "Sign out."
    SELF_READ = "See one's own account, and one's own marks on a page."
    SELF_EDIT = "Change one's own profile."
    SECURITY_EDIT = "Change one's password, end sign-ins, make and revoke tokens."
