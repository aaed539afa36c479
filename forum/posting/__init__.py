"""A comment's life: from draft to stored, edited, withdrawn; the doors of a discussion."""
