"""One server of a federation: three life stories (call, deposit, submission) and what they need."""
