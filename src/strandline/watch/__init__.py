"""The watch: streams → belief → decision, once an hour, with every step in a store."""
