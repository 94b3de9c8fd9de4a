"""A module that nobody should get."""
