"""Programs that the benchmarks start: references to measure against, and a server to measure with."""
