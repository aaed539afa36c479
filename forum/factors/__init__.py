"""Second factors and passkeys: what proves who signs in besides, or instead of, a password."""
