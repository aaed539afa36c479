"""Who may do what: plain values and predicates, no database, no framework."""
