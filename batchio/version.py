"""The version of batchio."""

__version__ = "0.1.0"
