"""From a photograph to a closed, textured model of its object, by classical means."""
