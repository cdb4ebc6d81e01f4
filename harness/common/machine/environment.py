"""Variables by which launchers, jobs and pods tell libraries how to compute. No study names them, so none may count."""

import os
import re

from harness.common.errors import UserError

LAUNCHERS = re.compile(
    r"(ACCELERATE|FSDP|DEEPSPEED|MEGATRON_LM|PARALLELISM_CONFIG|TORCHELASTIC|PET|PMI|OMPI_COMM_WORLD|MV2_COMM_WORLD)_.*"
    r"|(LOCAL_|GROUP_|ROLE_)?(RANK|WORLD_SIZE)|NODE_RANK|ROLE_NAME|MASTER_(ADDR|PORT)"
    r"|DEEPSPEED|FORK_LAUNCHED|SMDATAPARALLEL_LOCAL_RANK|SM_(HP_MP|FRAMEWORK)_PARAMS|SM_HP_MP_PARAMETERS"
)
"""How many processes train together, how they find each other, and in which precision: of torchrun, ``accelerate
launch``, DeepSpeed, MPI and SageMaker."""
ARITHMETIC = re.compile(
    r"(TRANSFORMERS|TORCH|TORCHDYNAMO|TORCHINDUCTOR|CUBLAS|CUBLASLT|ONEDNN|DNNL)_.*"
    r"|NVIDIA_TF32_OVERRIDE|FLASH_ATTENTION_DETERMINISTIC|ATEN_CPU_CAPABILITY|XLA_(USE|DOWNCAST)_BF16"
    r"|MKL_(CBWR|DEBUG_CPU_TYPE|DISABLE_FAST_MM|DYNAMIC|ENABLE_INSTRUCTIONS|NUM_STRIPES)|OMP_(DYNAMIC|THREAD_LIMIT)"
)
"""How numbers are rounded: TF32, kernels, instructions, threads."""
KEPT = re.compile(
    r"TRANSFORMERS_(CACHE|OFFLINE|VERBOSITY|NO_ADVISORY_WARNINGS)"
    r"|TORCH_(HOME|LOGS|LOGS_FORMAT|LOGS_OUT|TRACE|CPP_LOG_LEVEL|SHOW_CPP_STACKTRACES|EXTENSIONS_DIR|CUDA_ARCH_LIST)"
    r"|TORCH_DEVICE_BACKEND_AUTOLOAD|TORCHINDUCTOR_CACHE_DIR|(ONEDNN|DNNL)_(VERBOSE|PRIMITIVE_CACHE_CAPACITY)"
)
"""Those of the same libraries that name places and logs: the user's to set."""


def clear() -> None:
    """Take away what would change a training, before a library reads it: some read it once, when they are imported."""
    for name in list(os.environ):
        if (LAUNCHERS.fullmatch(name) or ARITHMETIC.fullmatch(name)) and not KEPT.fullmatch(name):
            del os.environ[name]


def refuse_launchers() -> None:
    """Refuse to be one of several processes of torchrun: each would run the whole study.

    A ``WORLD_SIZE`` alone is no such launch, as shells, jobs and pods leave it behind.
    """
    processes = os.environ.get("WORLD_SIZE", "1")
    if "TORCHELASTIC_RUN_ID" in os.environ and processes != "1":
        raise UserError(
            f"torchrun: {processes} processes are not allowed; start steadytune without torchrun and accelerate, "
            "it runs trials side by side itself"
        )
