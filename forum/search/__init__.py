"""Full text: finding what everybody may read."""
