"""The tide of a place from the stations around it, beside the tide that was read there."""
