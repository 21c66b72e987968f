"""What the machine at hand reaches: the models that show it, the time they get, and the figures made of their times."""
