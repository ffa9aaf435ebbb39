"""What a person reads and writes, made of JSON: pure functions that know no connection and no wire."""
