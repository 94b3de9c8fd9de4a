"""Settings of a site: one TOML file in its home, each value replaceable by an environment variable."""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import Any

import tomli_w
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fomrepo.errors import SettingsError
from fomrepo.site.identity_settings import Providers
from fomrepo.site.replacing import replacing


def machine_memory_mib() -> int:
    """Memory of this machine, in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


class SiteSettings(BaseSettings):
    """What an operator may set. ``FOMREPO_SITE_SLOTS=8`` goes before ``slots = 4`` in ``site.toml``."""

    model_config = SettingsConfigDict(env_prefix="FOMREPO_SITE_", extra="forbid", frozen=True)

    #: Unique in the federation.
    name: str
    #: Of the federation that the site belongs to.
    federation: str
    #: SQLAlchemy's URL of the catalog; names the driver.
    catalog: str
    #: ``host:port`` for clients. Port 0: any free one.
    address: str = "127.0.0.1:0"
    #: ``host:port`` for sites. Port 0: any free one.
    peer_address: str = "127.0.0.1:0"
    #: ``host:port`` that clients and sites are told, where a gateway stands before the site; empty: where it listens.
    announced_address: str = ""
    announced_peer_address: str = ""
    #: Names and addresses by which others reach the site; they stand in its certificate.
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    #: Runs at the same time.
    slots: int = Field(default_factory=lambda: max(os.cpu_count() or 1, 1), ge=1, le=1024)
    #: Memory that all runs together may be promised, in MiB. Sites on one machine share it out by this setting.
    memory_mib: int = Field(default_factory=lambda: machine_memory_mib() // 2, ge=128)
    #: Memory of files that are held ready, in MiB; 0: none are. By default a quarter of the machine.
    holder_memory_mib: int = Field(default_factory=lambda: machine_memory_mib() // 4, ge=0)
    #: Whether a sandbox with everything imported is kept ready for the next file, in that memory, while there is room.
    spares: bool = True
    #: Whether the files of new versions are checked by methods of the library before they may be published.
    checks_on_deposit: bool = True
    #: Threads that answer clients.
    threads: int = Field(default=32, ge=4, le=512)
    #: Seconds without a byte after which an upload is ended, so that nobody holds a thread by sending nothing.
    upload_idle_s: float = Field(default=60.0, gt=0)
    #: Days after which the bytes of a draft that nobody continues, and bytes that no record has, are deleted.
    draft_days: float = Field(default=14.0, gt=0)
    #: Socket for commands on this machine; empty: ``door.sock`` in the site's home. It must lie where people can pass.
    door: str = ""
    #: Seconds for which a file must have rested before it is registered in place, where no lease says that none writes.
    stable_s: float = Field(default=10.0, ge=0)
    #: How fast files in place are read again behind everything else, in MiB/s; 0: never. 10 MiB/s are 26 TB a month.
    scrub_mib_s: float = Field(default=10.0, ge=0)
    #: Where guest environments are kept; empty: the machine's common folder.
    environments: str = ""
    #: Identity providers that people may log in with; none: with tokens alone.
    providers: Providers = ()
    #: User that a site started by root becomes.
    service_user: str = "fomrepo"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go before the file, which is passed as arguments."""
        return env_settings, init_settings


class SiteHome:
    """Folder of a site: where everything that it keeps lies.

    Parameters
    ----------
    folder
        Need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.settings_file = self.folder / "site.toml"
        self.secrets = self.folder / "secrets"
        self.vault = self.folder / "vault"
        self.cache = self.folder / "cache"
        self.bundles = self.folder / "bundles"
        #: Written when the site is ready: its name, addresses and process id.
        self.ready_file = self.folder / "ready.json"
        self.log_file = self.folder / "site.log"
        #: How this site last saw the audit log, where nobody reaches it who can only write to the catalog.
        self.audit_seal = self.folder / "audit-seal.json"

    def read_settings(self) -> SiteSettings:
        """Read ``site.toml``.

        Raises
        ------
        SettingsError
            If there is none, or a value in it is wrong.
        """
        try:
            return self.check_settings(tomllib.loads(self.settings_file.read_text()))
        except FileNotFoundError:
            raise SettingsError(
                f"{self.folder} is not the home of a site",
                remedy=f"make one: fomrepo site init --home {quote(str(self.folder))} --name site-a",
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self.settings_file} is not valid TOML: {error}") from None

    def check_settings(self, values: dict[str, Any]) -> SiteSettings:
        """Read settings out of values.

        Raises
        ------
        SettingsError
            If one of them is wrong; the message names it.
        """
        try:
            return SiteSettings(**values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            what, remedy = first["msg"], f"mend {key} in that file"
            if first["type"] == "extra_forbidden":
                close = get_close_matches(key, SiteSettings.model_fields, n=1)
                what, remedy = "means nothing", f"did you mean {close[0]}?" if close else f"take {key} out of that file"
            raise SettingsError(f"{key} in {self.settings_file}: {what}", remedy=remedy) from None

    def write_settings(self, values: dict[str, Any]) -> None:
        """Write ``site.toml`` for the first time, whole or not at all."""
        fresh = self.settings_file.with_suffix(".new")
        fresh.write_text(tomli_w.dumps(values))
        fresh.replace(self.settings_file)

    def read_secret(self, name: str) -> bytes:
        """Read one of the files under ``secrets``.

        Raises
        ------
        SettingsError
            If it cannot be read.
        """
        try:
            return (self.secrets / name).read_bytes()
        except OSError as error:
            lost = isinstance(error, FileNotFoundError)
            raise SettingsError(
                f"{self.secrets / name} cannot be read: {error.strerror}",
                remedy="put it back from a backup of the site's home"
                if lost
                else "run the command as the user who owns the site's home",
            ) from None

    def write_secret(self, name: str, content: bytes) -> None:
        """Write a file that nobody else may read."""
        self.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.secrets / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)

    def replace_secret(self, name: str, content: bytes) -> None:
        """Write a file that nobody else may read in the place of another; it is safe on the disk afterwards."""
        with replacing(self.secrets / name, content):
            pass
