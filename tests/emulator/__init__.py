"""Tests of the local Batch service, over a real socket with a client of their own."""
