"""catalog3d: product photographs into 3D models, in batches, each bought once."""

__version__ = "0.1.0"
