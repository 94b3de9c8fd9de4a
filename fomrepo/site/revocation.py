"""What a site does about methods that were revoked: their results go."""

from __future__ import annotations

from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts


class RevokedResults:
    """Removes the results of revoked methods from one site; nobody was given them since the revocation was known."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        #: How often the results of a bundle were removed.
        self._removed: dict[str, int] = {}

    def remove(self) -> None:
        """Remove what is there; a second time at the next beat, since a run may have ended in between."""
        for digest, known in self._site.registry.revoked().items():
            if (times := self._removed.get(digest, 0)) < 2:
                blobs = self._site.catalog.calls.forget_method(self._site.name, digest)
                for blob in blobs:
                    self._site.results.discard(blob)
                self._removed[digest] = times + 1
                schema = known.verified.bundle.schema
                logger.info("revoked", method=schema.name, version=schema.version, results=len(blobs))
