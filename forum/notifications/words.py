"""When mail comes, in words. Data."""

from forum.notifications.models import Delivery
from forum.sentences import sentence

DELIVERY_WORDS = {
    Delivery.AT_ONCE: sentence("At once"),
    Delivery.HOURLY: sentence("Gathered, once an hour"),
    Delivery.DAILY: sentence("Gathered, once a day"),
    Delivery.NONE: sentence("No mail, only the inbox here"),
}
