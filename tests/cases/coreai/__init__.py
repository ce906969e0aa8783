"""Weights compressed by coreai-opt; each kind of compression has a file with a function `cases`."""
