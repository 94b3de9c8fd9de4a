"""HOST: the steps, in order."""
