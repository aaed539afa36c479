"""Links: blocked domains, words in addresses, links of new accounts, and many of them. Trusted domains are never looked at."""

from forum.moderation.screening.addresses import domain_set, is_on
from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import sentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find blocked domains and addresses with suspect words (held), a new account's link to an untrusted domain (held), many links (reported).

    The article's author may link to anything.
    """
    rules = context.rules
    if context.writer.is_article_author:
        return ()
    strange = context.strange_addresses
    hosts = tuple(dict.fromkeys(address.host for address in strange))
    found = []
    if blocked := tuple(host for host in hosts if is_on(host, domain_set(rules.blocked_domains))):
        detail = sentence("Links to blocked domains: %(domains)s.", domains=blocked)
        found.append(Finding("links", Outcome.HOLD, "blocked-domain", detail, "promotion", blocked))
    if suspect := context.words_in_addresses:
        detail = sentence("Words in addresses: %(words)s.", words=suspect)
        found.append(Finding("links", Outcome.HOLD, "address-words", detail, "promotion", suspect))
    if hosts and is_new(context):
        detail = sentence("A new account links to domains that are not trusted: %(domains)s.", domains=hosts)
        found.append(Finding("links", Outcome.HOLD, "new-account-link", detail, "promotion", hosts))
    if len(strange) >= rules.many_links:
        detail = sentence("There are %(count)s links to domains that are not trusted.", count=len(strange))
        found.append(Finding("links", Outcome.REPORT, "many-links", detail, "promotion", hosts))
    return tuple(found)


def is_new(context: ScreeningContext) -> bool:
    """Tell whether the writer's account is younger than ``new_account_days`` or has fewer accepted comments than ``new_account_comments``."""
    rules, writer = context.rules, context.writer
    return writer.account_age.days < rules.new_account_days or writer.accepted_count < rules.new_account_comments
