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
    ARTICLE_START = sentence("Open the discussion of a page of an allowed origin that has none yet, where the site lets its pages do so.")
    ARTICLE_EDIT = sentence("Change an article's title, text, claim, question, authors or whether it is open.")
    COMMENT_READ = sentence("Read a comment, its branch and its history.")
    COMMENT_CREATE = sentence("Comment on an article or answer a comment.")
    COMMENT_AS_GUEST = sentence("Comment with a name and an e-mail address, without an account, where the site takes guests.")
    COMMENT_CONTINUE = sentence("Say that a later part of the series answers a thread below an article of one's own, or take that back.")
    COMMENT_PREVIEW = sentence("See how a text will look.")
    COMMENT_EDIT = sentence("Edit a comment or its stance.")
    COMMENT_WITHDRAW = sentence("Withdraw a comment, or undo that.")
    COMMENT_MARK = sentence("Pin or feature a comment on one's own article, thank for it, or set it aside.")
    TAG_READ = sentence("See one's own tag on a comment.")
    TAG_SET = sentence("Tag a comment, change the tag or remove it.")
    FOLLOW = sentence("Follow a discussion, a thread, an author or new articles; without an account by a confirmed address.")
    REPORT_CREATE = sentence("Report a comment to the moderators.")
    REPORT_READ = sentence("See what became of a report whose reference one has.")
    NOTICE_CREATE = sentence("Give notice of illegal content or a breach of confidentiality, also without an account.")
    QUEUE_READ = sentence("Read the review queue, its items, and what moderators know of a person.")
    ITEM_DECIDE = sentence("Claim items of the review queue and decide on them.")
    ITEM_OPEN = sentence("Bring a comment before the moderators on one's own initiative.")
    NOTE_WRITE = sentence("Write private notes about people.")
    DECISION_READ = sentence("Read a decision on one's own comment or, as a moderator, on any.")
    TEXT_REVEAL = sentence("Read a text that is masked because it may identify a patient; each time is logged.")
    SANCTION_READ = sentence("Read a sanction of one's own or, as a moderator, any.")
    SANCTION_ACKNOWLEDGE = sentence("Say that one has read a warning or reminder.")
    SANCTION_IMPOSE = sentence("Remind, warn, mute or suspend a person, and lift that.")
    BAN_IMPOSE = sentence("Ban a person, and lift that.")
    APPEAL_CREATE = sentence("Appeal a decision by which one was restricted, or one's report was declined.")
    APPEAL_READ = sentence("Read an appeal of one's own or, as a moderator, any.")
    APPEAL_ANSWER = sentence("Answer the question that was asked about one's appeal.")
    APPEAL_DECIDE = sentence("Ask about an appeal, and decide on it; never on one against a decision of one's own.")
    NOTICE_APPEAL = sentence("Appeal the declining of a notice whose reference one has.")
    ERASURE_ASK = sentence("Ask for a comment's text to be destroyed for good.")
    ERASURE_CONFIRM = sentence("Confirm an erasure that somebody else has asked for, or turn it down.")
    TRANSPARENCY_READ = sentence("Read the monthly transparency reports.")
    RULES_READ = sentence("Read the rules by which a site screens comments.")
    RULES_EDIT = sentence("Try out and change the rules by which a site screens comments.")
    SITE_EDIT = sentence("Change a site's settings, allowed origins, keys, tokens and webhooks.")
    JOBS_EDIT = sentence("See what was to be done later and never succeeded, have it tried again or give it up.")
    DESK_READ = sentence("See which comments on one's own articles wait for an answer.")
    DESK_EDIT = sentence("Keep templates of replies, and say that one is away.")
    PERSON_READ = sentence("See a person's public page.")
    MODLOG_READ = sentence("Read the public moderation log.")
    MODLOG_READ_INTERNAL = sentence("Read the whole moderation log of a site.")
    ACCOUNT_CREATE = sentence("Sign up.")
    SESSION_CREATE = sentence("Sign in.")
    LINK_FOLLOW = sentence("Follow a link from a mail, and so prove that one reads that mailbox.")
    SESSION_READ = sentence("See who is signed in.")
    SESSION_END = sentence("Sign out.")
    SELF_READ = sentence("See one's own account, and one's own marks on a page.")
    SELF_EDIT = sentence("Change one's own profile.")
    SELF_EXPORT = sentence("Take away everything that is held about one's account.")
    SELF_DELETE = sentence("Delete one's account, or undo that in time.")
    SECURITY_EDIT = sentence("Change one's password and second factors, end sign-ins, make and revoke tokens.")
