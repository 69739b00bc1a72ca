"""Reading sources again: who ordered it, which run holds a source, what is asked and told of it."""
