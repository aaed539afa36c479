"""Work that is recorded in the same transaction as its cause, run afterwards, retried, and buried with a trace when it never succeeds."""
