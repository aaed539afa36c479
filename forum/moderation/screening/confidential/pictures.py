"""Pictures that show who somebody is: a face, a name left on a scan. To whom a patient is shown, the patient is named. Called by `details`."""

from collections.abc import Iterator

from forum.moderation.screening.confidential.tokens import Page
from forum.moderation.screening.confidential.verbs import SOMEONE
from forum.moderation.screening.confidential.words import BODY, HE, HIM, HIS, MY, OWN, PICTURE, SHOWN, SHOWS_WHO, UPLOADED

_REACH = 2


def find_pictures(page: Page) -> Iterator[tuple[int, int]]:
    """Yield, for every picture that is shown with what tells who it is, the word for it: the first token and the one after the last."""
    for number, (first, last) in enumerate(page.sentences):
        page.steps += 1
        summed = page.sums[number]
        wanted = PICTURE if summed & PICTURE else BODY | SOMEONE if summed & UPLOADED else 0
        if not wanted or not summed & SHOWN:
            continue
        around = summed
        for other in range(number + 1, min(number + _REACH, len(page.sums))):
            page.steps += 1
            if page.paragraphs[other] == page.paragraphs[number]:
                around |= page.sums[other]
        place = page.find(wanted, first, last)
        is_own = summed & MY and not summed & (HIS | HIM | SOMEONE) and page.has(MY | OWN, max(first, place - 3), place)
        is_somebodys = summed & UPLOADED or around & (HIS | HIM | HE | SOMEONE)
        if place >= 0 and around & SHOWS_WHO and is_somebodys and not is_own:
            yield place, page.until[place]
