"""What is destroyed for good, and what a person may have or take away: erasure, purging of originals, deletion of an account, the export of one's data."""
