"""What exists: people, records, replicas, methods, results, operations, sites. The only place that knows SQLAlchemy.

Frozen values of ``fomrepo.model`` go in and come out; each operation is one transaction; no session or row leaves.
"""

from fomrepo.catalog.catalog import Catalog, open_catalog
from fomrepo.catalog.engine import sqlite_file
from fomrepo.catalog.schema import upgrade_catalog

__all__ = ["Catalog", "open_catalog", "sqlite_file", "upgrade_catalog"]
