"""Lesson 00's game."""
