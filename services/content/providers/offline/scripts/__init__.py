"""Scripts of the built-in writer: from a topic by the words of each language, or from the author's own text."""
