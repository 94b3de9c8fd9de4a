"""What tests of fomrepo and of methods use; shipped, so that authors and operators can use it, too."""

from fomrepo.testing.federation import LocalFederation, LocalSite

__all__ = ["LocalFederation", "LocalSite"]
