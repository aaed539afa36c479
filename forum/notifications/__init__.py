"""Who is told of what: followers, the inbox, mails and digests."""
