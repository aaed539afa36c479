"""A self-hosted discussion backend for articles whose claims are contested."""

from forum.app import create_app

__all__ = ["create_app"]
