"""HOST: the history of the catalog's schema."""
