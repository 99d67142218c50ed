"""The sender of warnings under kills: is a message lost or doubled?"""
