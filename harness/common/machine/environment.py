"""Environment variables by which launchers, jobs and pods control the arithmetic of libraries.

They are not part of a study, so none of them may change a score.
"""

import os
import re

from harness.common.errors import UserError

LAUNCHERS = re.compile(
    r"(ACCELERATE|FSDP|DEEPSPEED|MEGATRON_LM|PARALLELISM_CONFIG|TORCHELASTIC|PET|PMI|OMPI_COMM_WORLD|MV2_COMM_WORLD)_.*"
    r"|(LOCAL_|GROUP_|ROLE_)?(RANK|WORLD_SIZE)|NODE_RANK|ROLE_NAME|MASTER_(ADDR|PORT)"
    r"|DEEPSPEED|FORK_LAUNCHED|SMDATAPARALLEL_LOCAL_RANK|SM_(HP_MP|FRAMEWORK)_PARAMS|SM_HP_MP_PARAMETERS"
)
"""Variables for the number, addresses and precision of processes that train together.

They belong to torchrun, ``accelerate launch``, DeepSpeed, MPI and SageMaker.
"""
ARITHMETIC = re.compile(
    r"(TRANSFORMERS|TORCH|TORCHDYNAMO|TORCHINDUCTOR|CUBLAS|CUBLASLT|ONEDNN|DNNL)_.*"
    r"|NVIDIA_TF32_OVERRIDE|FLASH_ATTENTION_DETERMINISTIC|ATEN_CPU_CAPABILITY|XLA_(USE|DOWNCAST)_BF16"
    r"|MKL_(CBWR|DEBUG_CPU_TYPE|DISABLE_FAST_MM|DYNAMIC|ENABLE_INSTRUCTIONS|NUM_STRIPES)|OMP_(DYNAMIC|THREAD_LIMIT)"
)
"""Variables for the rounding of numbers: TF32, kernels, instructions, threads."""
KEPT = re.compile(
    r"TRANSFORMERS_(CACHE|OFFLINE|VERBOSITY|NO_ADVISORY_WARNINGS)"
    r"|TORCH_(HOME|LOGS|LOGS_FORMAT|LOGS_OUT|TRACE|CPP_LOG_LEVEL|SHOW_CPP_STACKTRACES|EXTENSIONS_DIR|CUDA_ARCH_LIST)"
    r"|TORCH_DEVICE_BACKEND_AUTOLOAD|TORCHINDUCTOR_CACHE_DIR|(ONEDNN|DNNL)_(VERBOSE|PRIMITIVE_CACHE_CAPACITY)"
)
"""Variables of the same libraries that change no score, such as folders and logs. They stay as the user sets them."""


def clear() -> None:
    """Remove variables that would change a training.

    It must run before the libraries are imported, because some read a variable once at import.
    """
    for name in list(os.environ):
        if (LAUNCHERS.fullmatch(name) or ARITHMETIC.fullmatch(name)) and not KEPT.fullmatch(name):
            del os.environ[name]


def refuse_launchers() -> None:
    """Refuse to be one of several torchrun processes, since each would run the whole study.

    A ``WORLD_SIZE`` alone is no such launch, because shells, jobs and pods leave it behind.
    """
    processes = os.environ.get("WORLD_SIZE", "1")
    if "TORCHELASTIC_RUN_ID" in os.environ and processes != "1":
        raise UserError(
            f"torchrun: {processes} processes are not allowed; start steadytune without torchrun and accelerate: "
            "steadytune itself runs trials side by side"
        )
