"""One door to both databases: SQLite files on a laptop, PostgreSQL schemas in a farm, same code above.

Tables and statements are SQLAlchemy Core. Open a :class:`Database` per service, do all writing inside
``transaction()`` and all other reading inside ``reading()``.
"""

from shared.db.database import Database, open_database, open_service_database
from shared.db.insert import insert_if_absent
from shared.db.tables import Json, NaiveDateTimeError, UtcDateTime, new_metadata

__all__ = [
    "Database",
    "Json",
    "NaiveDateTimeError",
    "UtcDateTime",
    "insert_if_absent",
    "new_metadata",
    "open_database",
    "open_service_database",
]
