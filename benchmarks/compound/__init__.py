"""Floods of the sea, of rain and of a river on simulated coasts: does the student map them, and by which input?"""
