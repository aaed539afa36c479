"""Second factors as their owner gets them."""

from sqlalchemy.orm import Session

from forum.factors.models import Factor
from forum.factors.queries import count_codes_left, list_factors
from forum.factors.schemas import FactorOut, FactorsOut


def present_factors(session: Session, account_id: int) -> FactorsOut:
    """Return the account's second factors and how many recovery codes are left."""
    return FactorsOut([present_factor(factor) for factor in list_factors(session, account_id)], count_codes_left(session, account_id))


def present_factor(factor: Factor) -> FactorOut:
    """Return a factor without its secret."""
    return FactorOut(factor.id, factor.kind, factor.name, factor.created_at, factor.last_used_at)
