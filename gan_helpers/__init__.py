"""What the lessons of Adversarial Digits share. Read a lesson first, then the module it imports."""
