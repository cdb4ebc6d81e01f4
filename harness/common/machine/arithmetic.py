"""How torch computes in a trial, whatever the process did before."""

import torch


def settle(threads: int) -> None:
    """Set torch's CPU threads, and torch's own defaults where another choice would round otherwise.

    fp32 is fp32: matrix products on a GPU take no TF32. Kernels may be those that do not promise the same result twice.
    """
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_float32_matmul_precision("highest")
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.allow_tf32 = True  # of convolutions, which few encoders have
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = False
