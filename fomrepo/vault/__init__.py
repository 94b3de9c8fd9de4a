"""The bytes of a site: content-addressed objects, the way they come in, and whether they are still what they were."""
