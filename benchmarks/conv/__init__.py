"""Convolutions: kernels, and models beside their peers."""
