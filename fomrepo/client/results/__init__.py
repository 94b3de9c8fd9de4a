"""Results: the container that came over the wire, as one Python object for each declared type."""
