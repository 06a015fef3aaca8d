"""Sequences as they come: lists, arrays, Arrow columns, files; padded or kept ragged."""
