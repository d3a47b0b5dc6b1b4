"""Ways to spread jobs over workers."""

from pipeline.executors.local import drain

__all__ = ["drain"]
