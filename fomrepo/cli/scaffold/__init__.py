"""Bundles written for authors: ``fomrepo method new``."""
