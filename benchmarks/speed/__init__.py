"""How fast the tool is, beside what the machine could do at best."""
