"""How knowledge passes from teacher to student."""
