"""The demo discussion: a text worth reading, and how it is loaded into an empty database."""
