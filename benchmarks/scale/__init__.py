"""How fast and how large: this service beside the same server returning ready bytes, and beside Isso, in one interleaved run (``make bench``)."""
