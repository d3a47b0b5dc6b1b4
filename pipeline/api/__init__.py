"""The provider's API: what goes over the wire, what comes back, and what it means."""
