"""What keeps a person from writing, tagging or reporting for a time, and what each such measure means; who imposes one is moderation's matter."""
