"""Keys and certificates for the peers' servers, of the same kind as a site's."""

from __future__ import annotations

from pathlib import Path

from fomrepo.site.certificates import new_authority, new_site_certificate


def write_tls(folder: Path) -> dict[str, str]:
    """Write an authority's certificate, a server's key and its certificate; returns their paths by name."""
    authority = new_authority("bench")
    server = new_site_certificate(authority, "peer", ("localhost", "127.0.0.1"))
    contents = {"ca": authority.certificate, "key": server.key, "certificate": server.certificate}
    for name, content in contents.items():
        (folder / f"{name}.pem").write_bytes(content)
    return {name: str(folder / f"{name}.pem") for name in contents}
