"""What somebody who was restricted can do about it: read why, acknowledge, appeal, and be answered by another person."""
