"""What is believed of the sea while streams come and go: a filter over what was read and what may be broken."""
