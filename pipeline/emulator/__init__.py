"""A local stand-in for the paid API: the same answers, a pretended account, real models.

It imports nothing else of this project, so that it cannot share the client's misunderstandings
of the service; what it knows of the wire it has from the provider's public pages alone.
"""
