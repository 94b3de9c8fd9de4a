"""The repository browser: web pages over a federation, which read through the client and have no other door."""
