"""People: accounts, passwords, sign-ins, tokens, roles."""
