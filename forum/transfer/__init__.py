"""Bringing discussions in from other systems: one reader per format, one engine that matches, orders, sanitises and stores."""
