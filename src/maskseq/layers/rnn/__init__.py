"""Recurrent layers, and others that walk along the steps."""
