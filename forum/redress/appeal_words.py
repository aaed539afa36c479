"""What appeals are called on pages: how one stands, what each outcome means and does, in words for the appellant and for moderators. Data.

The rule: an outcome's consequences are said before it is chosen.
"""

from collections.abc import Mapping

from forum.redress.models import Appeal, Outcome, Part
from forum.redress.restoring import Effect
from forum.sentences import Sentence, sentence

DECLINED = sentence("Your report was turned down.")
WAITS = sentence("Your appeal waits for a moderator.")
ASKED = sentence("A moderator asks you something about your appeal.")
ANSWERED = sentence("Your answer is with the moderators.")
OUTCOME_WORDS: Mapping[tuple[Part, Outcome], Sentence] = {
    (Part.WRITER, Outcome.UPHELD): sentence("The decision stands."),
    (Part.WRITER, Outcome.OVERTURNED): sentence("The decision was overturned."),
    (Part.WRITER, Outcome.CHANGED): sentence("The decision was replaced by another."),
    (Part.REPORTER, Outcome.UPHELD): sentence("The decision stands: the comment is within the rules."),
    (Part.REPORTER, Outcome.OVERTURNED): sentence("The decision was overturned: a moderator agreed with your report and acted on it."),
    (Part.REPORTER, Outcome.CHANGED): sentence("The decision was overturned: a moderator agreed with your report and acted on it."),
}
OUTCOME_MEANINGS: Mapping[tuple[Part, Outcome], Sentence] = {
    (Part.WRITER, Outcome.UPHELD): sentence(
        "Everything stays as it is. This was the one appeal that there is here; it takes no other legal way from you."
    ),
    (Part.WRITER, Outcome.OVERTURNED): sentence("What was decided first holds no more and does not count against you."),
    (Part.WRITER, Outcome.CHANGED): sentence(
        "What was decided first holds no more. Another decision has taken its place, which you can appeal in turn."
    ),
    (Part.REPORTER, Outcome.UPHELD): sentence("Nothing about the comment has changed. It takes no other legal way from you."),
    (Part.REPORTER, Outcome.OVERTURNED): sentence("Thank you for insisting."),
    (Part.REPORTER, Outcome.CHANGED): sentence("Thank you for insisting."),
}
# What a moderator reads beside the choice to overturn, by what it would do now.
CONSEQUENCES: Mapping[Effect, Sentence] = {
    Effect.SHOWN: sentence("Everybody can read the comment, with its tags and replies as they were."),
    Effect.SHOWN_LATER: sentence("The writer has withdrawn it; when they bring it back, everybody can read it at once."),
    Effect.TEXT_BACK: sentence("The passage that was taken out is back, for everybody to read."),
    Effect.TEXT_GONE: sentence(
        "The original text has been destroyed, so it cannot come back; the decision counts no more against the writer."
    ),
    Effect.UNLOCKED: sentence("The branch takes new replies again."),
    Effect.NOTICE_GONE: sentence("The notice below the comment goes away."),
    Effect.CHANGE_PUBLISHED: sentence("The change is published in place of the text before it."),
    Effect.CHANGE_AGAIN: sentence("The comment has changed since; the writer may send the change once more."),
    Effect.STILL_RESTRICTED: sentence("Only this decision falls: a later one on the comment still holds."),
    Effect.NOTHING_LEFT: sentence("It has no effect on the comment any more; the decision counts no more against the writer."),
}
STRIKE_GONE = sentence("It counts no more against the writer, and reports that it had upheld are declined.")
SANCTION_LIFTED = sentence("The sanction ends now and counts no more against the person; their tags count again where they did not.")


def standing_words(appeal: Appeal) -> Sentence:
    """Return how an appeal stands, in a sentence for its appellant."""
    if appeal.outcome is not None:
        return OUTCOME_WORDS[Part(appeal.part), Outcome(appeal.outcome)]
    if appeal.question is None:
        return WAITS
    return ASKED if appeal.answer is None else ANSWERED
