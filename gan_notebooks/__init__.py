"""What runs lessons: the command `gan-notebooks`, tables of results, stored outputs.

No lesson imports it.
"""
