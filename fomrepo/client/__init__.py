"""The client: a repository's records, files and methods as Python objects. Light: runs wherever Python runs."""
