"""Bring a service's tables up to date: Alembic, one history and one version table per service."""

from shared.migrate.drafts import draft, draft_into
from shared.migrate.history import HistoryError, migrate, services_with_history
from shared.migrate.models import differences

__all__ = ["HistoryError", "differences", "draft", "draft_into", "migrate", "services_with_history"]
