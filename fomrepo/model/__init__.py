"""What fomrepo speaks about, as frozen values: no input or output happens here."""
