"""One request: encode, sign, send, decode, and a value or an error at the end."""
