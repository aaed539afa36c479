"""What whoever runs the place does at a terminal: checks, repairs, moves and merges articles, looks after accounts."""
