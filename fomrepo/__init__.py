"""Files are objects: call methods on trajectories where the data is."""
