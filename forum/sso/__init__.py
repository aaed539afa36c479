"""Signing in with an account from elsewhere: a host site's token, or a provider of OpenID Connect."""
