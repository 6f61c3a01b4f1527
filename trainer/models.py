"""The models: a BiLSTM on frozen word vectors, and pretrained encoders and decoders with a linear classifier.

Source: section 3.1 and appendix A.1 of the paper. Every model maps ids [B, T] and the mask of its tokens [B, T]
to logits [B, C], and calls its last layer `classifier`.
Shapes: B examples, T tokens, C classes, H hidden units, V vectors, D dimensions.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.encoding import EncodedDataset
from trainer.errors import StudyError
from trainer.settings import BiLSTM, Pretrained
from trainer.streams import seed_global


class BiLSTMClassifier(nn.Module):
    """A bidirectional LSTM whose last forward and first backward output go through linear layers with ReLU."""

    vectors_VD: Tensor

    def __init__(
        self, vectors_VD: Tensor, num_classes: int, hidden_size: int, num_layers: int, head_sizes: Sequence[int]
    ) -> None:
        super().__init__()
        # Not a parameter, and not in the checkpoint: the vectors are frozen.
        self.register_buffer("vectors_VD", vectors_VD, persistent=False)
        self.lstm = nn.LSTM(vectors_VD.shape[1], hidden_size, num_layers, batch_first=True, bidirectional=True)
        sizes = [2 * hidden_size, *head_sizes]
        self.head = nn.ModuleList(nn.Linear(size, next_size) for size, next_size in pairwise(sizes))
        self.classifier = nn.Linear(sizes[-1], num_classes)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor | None = None) -> Tensor:
        _, (last_LBH, _) = self.lstm(functional.embedding(ids_BT, self.vectors_VD))
        features = torch.cat([last_LBH[-2], last_LBH[-1]], dim=1)
        for layer in self.head:
            features = functional.relu(layer(features))
        logits_BC: Tensor = self.classifier(features)
        return logits_BC


class EncoderClassifier(nn.Module):
    """A BERT-like encoder with its pooler (without one: its first token) and a linear classifier."""

    def __init__(self, backbone: Any, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(backbone.config.hidden_size, num_classes)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor | None = None) -> Tensor:
        outputs = self.backbone(input_ids=ids_BT, attention_mask=mask_BT)
        pooled_BH = getattr(outputs, "pooler_output", None)
        logits_BC: Tensor = self.classifier(outputs.last_hidden_state[:, 0] if pooled_BH is None else pooled_BH)
        return logits_BC


class DecoderClassifier(nn.Module):
    """A decoder (GPT-2, Llama and such) whose last token that is not padding goes through a linear classifier."""

    def __init__(self, backbone: Any, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(backbone.config.hidden_size, num_classes, bias=False)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor | None = None) -> Tensor:
        hidden_BTH = self.backbone(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False).last_hidden_state
        lengths_B = torch.full((len(ids_BT),), ids_BT.shape[1]) if mask_BT is None else mask_BT.sum(dim=1)
        rows_B = torch.arange(len(ids_BT), device=ids_BT.device)
        logits_BC: Tensor = self.classifier(hidden_BTH[rows_B, (lengths_B - 1).clamp(min=0).to(ids_BT.device)])
        return logits_BC


def build_model(architecture: BiLSTM | Pretrained, data: EncodedDataset, seed: int) -> nn.Module:
    """The model of a run before its first step: the same for every run of that seed."""
    # The layers' own initialization draws from the global stream, which is put back afterwards.
    with torch.random.fork_rng():
        seed_global(seed, "initialization")
        if isinstance(architecture, Pretrained):
            from trainer.pretrained import backbone

            classifier = EncoderClassifier if architecture.name == "bert" else DecoderClassifier
            return classifier(backbone(architecture), data.num_classes)
        if data.vectors_VD is None:
            raise StudyError("The dataset was encoded without word vectors; encode it for a BiLSTM.")
        return BiLSTMClassifier(
            torch.from_numpy(data.vectors_VD),
            data.num_classes,
            architecture.hidden_size,
            architecture.num_layers,
            architecture.head_sizes,
        )


def prunable_tensors(model: nn.Module, *, prune_layer_norm: bool = True) -> dict[str, nn.Parameter]:
    """The parameters that may be pruned, by name: every weight outside embeddings and the final classifier.

    Biases never are; the norms' weights (LayerNorm, RMSNorm) are unless `prune_layer_norm` is false.
    """
    return {
        f"{path}.{name}": parameter
        for path, module in model.named_modules()
        if not _is_excluded(path, module) and (prune_layer_norm or not _is_norm(module))
        for name, parameter in module.named_parameters(recurse=False)
        if name == "weight" or name.startswith("weight_")
    }


def num_parameters(model: nn.Module) -> int:
    """Number of parameters; frozen word vectors are none."""
    return sum(parameter.numel() for parameter in model.parameters())


def _is_excluded(path: str, module: nn.Module) -> bool:
    parts = path.split(".")
    return isinstance(module, nn.Embedding) or "embeddings" in parts or parts[0] == "classifier"


def _is_norm(module: nn.Module) -> bool:
    return type(module).__name__.endswith("Norm")
