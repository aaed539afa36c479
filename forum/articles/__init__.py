"""What is discussed: sites, articles and their addresses, series."""
