"""Measures this service side by side with a peer on the same discussion, in one run; run by ``make bench`` (``python -m benchmarks``).

The rule: both are real servers on 127.0.0.1 that hold the same comments and show the same ones, and what is reported is the ratio within a run.
"""
