"""The long fuzzer of the tests, and a table of its counts."""
