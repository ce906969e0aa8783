"""What processes that export programs have in common."""

import concurrent.futures as cf
import contextlib
import io
import logging
import multiprocessing
import signal
import warnings

import torch


def start():
    """Makes a process quiet, one thread wide, and able to `limit` itself."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, on_alarm)


def on_alarm(*_):
    raise TimeoutError("took too long")


@contextlib.contextmanager
def limit(seconds):
    """Raises TimeoutError after some seconds. Neither gradients nor what PyTorch writes to stderr are kept."""
    signal.alarm(seconds)
    try:
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        signal.alarm(0)


def pool(jobs):
    """Workers that have what this process has now."""
    return cf.ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), start)


def first_line(e):
    return f"{type(e).__name__}: " + (str(e).strip().splitlines() or [""])[0][:100]
