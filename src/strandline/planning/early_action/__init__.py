"""Early action: protocols, triggers, their verification, and the value of acting."""
