"""Tests, a folder for each concept; what several of them use is in tests.support."""
