"""Every room that has doors, and every one that has tables but none that its doors import: read by ``app.py``, which registers them."""

from forum.accounts import api as accounts_api
from forum.accounts import pages as accounts_pages
from forum.articles import api as articles_api
from forum.articles import pages as articles_pages
from forum.desk import api as desk_api
from forum.desk import mark_pages
from forum.desk import models as desk_models
from forum.desk import pages as desk_pages
from forum.embed import api as embed_api
from forum.embed import oembed_pages, site_pages
from forum.embed import pages as embed_pages
from forum.embed import reading_pages as embed_reading_pages
from forum.factors import api as factors_api
from forum.factors import models as factors_models
from forum.factors import pages as factors_pages
from forum.factors import sign_in_pages as second_step_pages
from forum.feeds import api as feeds_api
from forum.feeds import download_api, download_pages
from forum.feeds import pages as feeds_pages
from forum.jobs import api as jobs_api
from forum.jobs import models as jobs_models
from forum.jobs import pages as jobs_pages
from forum.mail import models as mail_models
from forum.mailbox import api as mailbox_api
from forum.mailbox import models as mailbox_models
from forum.mailbox import pages as mailbox_pages
from forum.moderation import api as moderation_api
from forum.moderation import (
    batch_pages,
    item_pages,
    log_api,
    log_pages,
    report_api,
    report_pages,
    rule_api,
    rule_pages,
    sanction_api,
    sanction_pages,
)
from forum.moderation import models as moderation_models
from forum.moderation import pages as moderation_pages
from forum.notifications import api as notifications_api
from forum.notifications import mail_pages as notification_mail_pages
from forum.notifications import pages as notifications_pages
from forum.operating import models as operating_models
from forum.posting import api as posting_api
from forum.posting import guest_pages, reading_pages, series_api, series_pages, stance_map_api, stance_map_pages
from forum.posting import models as posting_models
from forum.posting import pages as posting_pages
from forum.privacy import api as privacy_api
from forum.privacy import models as privacy_models
from forum.privacy import pages as privacy_pages
from forum.redress import api as redress_api
from forum.redress import appeal_pages, decision_pages
from forum.redress import models as redress_models
from forum.redress import pages as redress_pages
from forum.sanctions import models as sanctions_models
from forum.search import api as search_api
from forum.search import models as search_models
from forum.search import pages as search_pages
from forum.sso import admin_pages as sso_admin_pages
from forum.sso import api as sso_api
from forum.sso import models as sso_models
from forum.sso import oidc_pages
from forum.sso import pages as sso_pages
from forum.stances import api as stances_api
from forum.transfer import models as transfer_models
from forum.transparency import api as transparency_api
from forum.transparency import pages as transparency_pages
from forum.web import metrics, service
from forum.webhooks import api as webhooks_api
from forum.webhooks import models as webhooks_models
from forum.webhooks import pages as webhooks_pages

API_ROOMS = (
    service.doors,
    metrics.doors,
    accounts_api.doors,
    articles_api.doors,
    posting_api.doors,
    stance_map_api.doors,
    series_api.doors,
    stances_api.doors,
    report_api.doors,
    moderation_api.doors,
    log_api.doors,
    rule_api.doors,
    sanction_api.doors,
    redress_api.doors,
    transparency_api.doors,
    privacy_api.doors,
    mailbox_api.doors,
    factors_api.doors,
    sso_api.doors,
    jobs_api.doors,
    notifications_api.doors,
    embed_api.doors,
    desk_api.doors,
    webhooks_api.doors,
    feeds_api.doors,
    download_api.doors,
    search_api.doors,
)
PAGE_ROOMS = (
    service.pages,
    accounts_pages.doors,
    articles_pages.doors,
    reading_pages.doors,
    posting_pages.doors,
    guest_pages.doors,
    stance_map_pages.doors,
    series_pages.doors,
    moderation_pages.doors,
    item_pages.doors,
    batch_pages.doors,
    log_pages.doors,
    rule_pages.doors,
    report_pages.doors,
    decision_pages.doors,
    sanction_pages.doors,
    redress_pages.doors,
    appeal_pages.doors,
    transparency_pages.doors,
    privacy_pages.doors,
    mailbox_pages.doors,
    factors_pages.doors,
    second_step_pages.doors,
    sso_pages.doors,
    oidc_pages.doors,
    sso_admin_pages.doors,
    jobs_pages.doors,
    notifications_pages.doors,
    notification_mail_pages.doors,
    desk_pages.doors,
    mark_pages.doors,
    embed_pages.doors,
    embed_reading_pages.doors,
    oembed_pages.doors,
    site_pages.doors,
    webhooks_pages.doors,
    feeds_pages.doors,
    download_pages.doors,
    search_pages.doors,
)
# Named so that its tables are known to migrations; its commands are the command line's.
TABLES_WITHOUT_DOORS = (
    operating_models,
    transfer_models,
    moderation_models,
    jobs_models,
    sanctions_models,
    redress_models,
    privacy_models,
    search_models,
    mail_models,
    mailbox_models,
    factors_models,
    sso_models,
    desk_models,
    webhooks_models,
    posting_models,
)
