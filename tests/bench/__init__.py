"""How fast, at what cost of CPU and memory: this tool beside others, against one fast server."""
