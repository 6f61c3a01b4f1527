"""The device that trains: a GPU when there is one, unless the study's user says otherwise."""

import torch

from trainer.errors import StudyError
from trainer.study import Study


def choose_device(name: str) -> str:
    """`cpu`, `cuda` or `cuda:1` and such. Raises StudyError when it is not here."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise StudyError(
            f"--device {name} is not a device; write auto, cpu, cuda, or cuda:1 for the second GPU."
        ) from error
    if device.type not in ("cpu", "cuda"):
        raise StudyError(f"--device {name} is not supported; write auto, cpu, cuda, or cuda:1 for the second GPU.")
    if device.type == "cuda" and (device.index or 0) >= num_gpus():
        raise StudyError(f"--device {name}, but torch finds {num_gpus()} GPUs; write --device cpu.")
    return name


def require_support(study: Study, device: str) -> None:
    """Raise StudyError when the device cannot train the study's model in its precision."""
    if device == "cpu" and study.precision == "bfloat16" and study.architecture.name == "bilstm":
        raise StudyError('precision = "bfloat16" needs a GPU for a BiLSTM; write "float32", or train on one.')


def num_gpus() -> int:
    """How many GPUs torch can use."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0
