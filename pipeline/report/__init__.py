"""Listeners: what people and logs see of a run. The core knows none of them."""
