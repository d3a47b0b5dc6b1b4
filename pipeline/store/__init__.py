"""Results on disk: under their names only when complete, durable once said to be."""

from pipeline.store.folder import Store, fails
from pipeline.store.sink import Written, drop_pages

__all__ = ["Store", "Written", "drop_pages", "fails"]
