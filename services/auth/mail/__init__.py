"""Letters to people: a closed set of templates, and the ways out."""
