"""The device that trains: a GPU when there is one, unless the study's user says otherwise."""

import torch

from trainer.errors import StudyError

DEVICES = ("auto", "cpu", "cuda")


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


def num_gpus() -> int:
    """How many GPUs torch can use."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0
