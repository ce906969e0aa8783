"""Cases of models that other packages quantized; each file has a list `case`."""
