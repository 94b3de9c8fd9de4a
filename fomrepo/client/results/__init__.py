"""Results: the container that came over the wire, as one Python object of its declared type."""
