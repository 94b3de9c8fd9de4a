"""Guest: the harness, the first code behind the wall."""
