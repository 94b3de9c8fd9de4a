"""The first start of one's own site: a home, a user, a profile."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from fomrepo.client.profile import DEFAULT_PROFILE, Profile, authority_text, profile_path, read_profiles, write_profile
from fomrepo.model.files import slug_of
from fomrepo.site.administration import open_administration
from fomrepo.site.founding import init_site


def prepare_own_site(home: Path) -> Iterator[str]:
    """Make the site if it is not there, and a profile for whoever starts it; yields what was done.

    A default profile that leads elsewhere is left alone: the new one then has the site's name.
    """
    profiles = read_profiles()  # first: nothing is made where they cannot be read
    if not (home / "site.toml").exists():
        init_site(home, name=slug_of(socket.gethostname()))
        yield f"made a site in {home}"
    user = slug_of(_login_name())
    with open_administration(home) as administration:
        settings = administration.settings
        if any(settings.address in one.sites for one in profiles.values()):
            return
        if administration.catalog.people.principal(user) is None:
            administration.catalog.people.add_principal(user)
        token = administration.new_token(user, label="fomrepo up")
    name = settings.name if DEFAULT_PROFILE in profiles else DEFAULT_PROFILE
    write_profile(name, Profile((settings.address,), token, authority_text(home / "federation.pem")))
    yield f"you are its user {user}; your token is kept in {profile_path()} as profile {name!r}"
    yield (
        "in Python: import fomrepo; repo = fomrepo.connect()"
        if name == DEFAULT_PROFILE
        else (f'in Python: import fomrepo; repo = fomrepo.connect(profile="{name}")')
    )


def _login_name() -> str:
    """Name of whoever runs this; a number where the machine has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user-{os.getuid()}"
