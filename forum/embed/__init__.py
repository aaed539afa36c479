"""The discussion on other sites' pages: frame, loader, counts, allowed origins, what crawlers and servers read."""
