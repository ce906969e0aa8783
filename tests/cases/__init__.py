"""What the test scripts in tests/ share, and the cases that they make.

A case is a program that torch.export saves, inputs, and what PyTorch computes from them:

    NAME.pt2              the program
    NAME.in.safetensors   in<i> for the i-th input, s<k>.in<i> in the k-th of several calls
    NAME.out.safetensors  out<i> for the i-th output, mut<i> for an input that was changed, buf:<name> for a buffer
    manifest.jsonl        a line of JSON per case: its name, tolerances and what else its script states

files       these files, and the archives they are packed in
calls       what a module computes, by these names
compare     runs aiopt on a case and holds what it gives to what PyTorch gave
programs    makes a case of a function that gives a module and its calls; imported/ and external/ are lists of those
dynamic/    programs with dynamic sizes
opinfo      PyTorch's operator samples, and how each operator is called
workers     what processes that export have in common

Nothing here knows the command lines; the scripts have these.
"""
