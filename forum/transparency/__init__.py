"""What moderation did in a month, in numbers that name nobody."""
