"""One request, from its arguments to a value or an error: over a real socket wherever a socket matters."""
