"""Empty databases of both kinds."""

from tests.catalog.conftest import empty_database, postgres

__all__ = ["empty_database", "postgres"]
