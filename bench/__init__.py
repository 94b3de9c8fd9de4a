"""Speed claims, each measured side by side with its peers in one run: ``script/bench NAME``."""
