"""Cases of operators outside PyTorch's own; each file has a list `case`."""
