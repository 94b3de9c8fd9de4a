"""The private cache of results: the key (pure), the blobs, and what makes an answer old."""
