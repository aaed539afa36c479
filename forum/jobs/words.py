"""What each kind of job is for, in words for an admin who finds one that failed. Data; a test compares it with the handlers."""

from forum.sentences import Sentence, sentence

JOB_WORDS: dict[str, Sentence] = {
    "tell": sentence("Telling people and programs what happened"),
    "fan-out": sentence("Telling followers, one part of many"),
    "tell-restricted": sentence("Telling somebody why they were restricted"),
    "age-item": sentence("Letting a case age in the review queue"),
    "restore-undecided": sentence("Showing a comment again on which nobody decided"),
    "purge-originals": sentence("Destroying the original of a redacted text"),
    "leave": sentence("Deleting an account"),
    "tidy-files": sentence("Tidying up the database after something was destroyed"),
    "mail-sign-in": sentence("Mailing a link to sign in"),
    "mail-reset": sentence("Mailing a link to a new password"),
    "mail-guest": sentence("Mailing a link that posts a guest’s comment"),
    "claim-guest": sentence("Giving a guest’s comments to their account"),
}
