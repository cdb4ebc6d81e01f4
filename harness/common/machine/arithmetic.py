"""Settings of torch's arithmetic in a trial, whatever the process did before."""

import torch


def settle(threads: int) -> None:
    """Set torch's CPU threads and restore torch's defaults wherever another choice rounds differently.

    Matrix products in fp32 use no TF32 on a GPU. Non-deterministic kernels are allowed.
    """
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_float32_matmul_precision("highest")
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.allow_tf32 = True  # for convolutions, which few encoders have
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = False
