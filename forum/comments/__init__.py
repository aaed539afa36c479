"""What is said: comments, revisions, threads."""
