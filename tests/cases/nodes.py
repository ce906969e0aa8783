"""The nodes of exported programs that are worth comparing: those that compute floating-point numbers."""

import operator

import torch

COPIES = {"aten::clone", "aten::_unsafe_view"}  # and those whose names end in _copy


def computing(program):
    """The names of the nodes that compute a floating-point or complex tensor, those of bodies with their path, in order.

    A node that only shows an operand in another shape is none of them, copied or not. Of a node with several results those
    are meant that a getitem node takes, under that node's name.
    """
    return list(within(program.graph_module, ""))


def within(module, path):
    for node in module.graph.nodes:
        if node.op == "get_attr":
            body = getattr(module, node.target, None)
            if isinstance(body, torch.fx.GraphModule):
                yield from within(body, f"{path}{node.target}/")
        elif node.op == "call_function" and is_float(node.meta.get("val")) and not is_view(node):
            yield path + node.name


def is_float(value):
    return isinstance(value, torch.Tensor) and (value.dtype.is_floating_point or value.dtype.is_complex)


def is_view(node):
    if node.target is operator.getitem:
        first = next(user for user in node.args[0].users if user.target is operator.getitem and user.args[1] == node.args[1])
        return first is not node or not node.users or shows_operand(node.args[0])
    return shows_operand(node)


def shows_operand(node):
    """Whether a node's first result has the elements of its operand, by the operator's schema."""
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.returns:
        return False
    source, value = node.args[0] if node.args else None, node.meta["val"]
    if isinstance(source, torch.fx.Node) and isinstance(value, torch.Tensor) and source.meta["val"].dtype != value.dtype:
        return False  # it rounds
    alias = schema.returns[0].alias_info
    copies = schema.name in COPIES or schema.name.endswith("_copy") and schema.name != "aten::index_copy"
    return copies or alias is not None and not alias.is_write
