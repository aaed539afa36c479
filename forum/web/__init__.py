"""What every door shares: doors, problems, parsing, limits, caching, the OpenAPI document."""
