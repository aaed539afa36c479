"""What may stay: screening, reports, the review queue, decisions and their log."""
