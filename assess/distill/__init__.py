"""Making students: recipes are run here. PyTorch is imported in this room only, and comes with the extra `distill`."""
