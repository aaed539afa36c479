"""What a link in a mail proves: that an address is somebody's. Confirmation, signing in by mail, a new password."""
