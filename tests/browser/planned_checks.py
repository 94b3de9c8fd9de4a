"""Quality checks of versions whose site checks nothing at deposit, which would take long."""

from __future__ import annotations

from contextlib import closing

from fomrepo.catalog.database import Database
from fomrepo.catalog.quality import plan_checks
from fomrepo.model.files import RecordName
from fomrepo.model.quality import PlannedCheck
from fomrepo.site.administration import open_administration
from tests.browser.conftest import World


def plan(world: World, user: str, versioned: str, file: str, *planned: PlannedCheck) -> None:
    """Let a version have checks, as one has that came to a site which checks what is deposited."""
    with open_administration(world.federation.home) as administration:
        owner = administration.catalog.people.principal(user)
        assert owner is not None
        version = administration.catalog.records.find(RecordName.parse(versioned), owner.id)
        assert version is not None
        with closing(Database(administration.settings.catalog)) as database:
            database.write(lambda one: plan_checks(one, version.version_id, "site-a", [(file, of) for of in planned]))
