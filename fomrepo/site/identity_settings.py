"""Which identity providers a site trusts: tables ``[[providers]]`` in its settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fomrepo.model.identities import Provider
from fomrepo.wire.providers import is_provider_address


class ProviderSettings(BaseModel):
    """What an operator says of one provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: In addresses and commands, such as ``orcid``.
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    #: For people; empty: the name.
    title: str = Field(default="", max_length=60)
    #: As its discovery document spells it, such as ``https://orcid.org``.
    issuer: str
    #: What the provider knows the pages as, and programs on people's machines (empty: they cannot log in with it).
    client_id: str = Field(min_length=1, max_length=200)
    device_client_id: str = Field(default="", max_length=200)
    #: What is asked for, separated by spaces; only who somebody is is ever used.
    scopes: str = "openid"
    #: Hours for which a login is good.
    token_hours: float = Field(default=12.0, gt=0, le=168)
    #: Whether it may be asked over HTTP, on this machine alone: for tests.
    loopback_http: bool = False

    @model_validator(mode="after")
    def _check(self) -> ProviderSettings:
        if not is_provider_address(self.issuer, loopback_http=self.loopback_http):
            raise ValueError("an issuer is an address that begins with https://")
        if "openid" not in self.scopes.split():
            raise ValueError("the scopes must hold openid")
        return self

    @property
    def provider(self) -> Provider:
        """What everybody may know of it."""
        return Provider(
            self.name,
            self.title or self.name,
            self.issuer,
            self.client_id,
            self.device_client_id,
            self.scopes,
            self.loopback_http,
        )


def _distinct(found: tuple[ProviderSettings, ...]) -> tuple[ProviderSettings, ...]:
    if len({one.name for one in found}) < len(found) or len({one.issuer for one in found}) < len(found):
        raise ValueError("two providers have the same name or issuer")
    return found


#: All of a site's.
Providers = Annotated[tuple[ProviderSettings, ...], AfterValidator(_distinct)]
