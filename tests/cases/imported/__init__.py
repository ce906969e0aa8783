"""Cases of programs that change memory, keep state or return odd things; each file has a list `case`."""
