"""The models: the paper's parameter totals, what may be pruned, and padding that changes nothing."""

import csv
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModel, BertConfig, DistilBertConfig, GPT2Config, LlamaConfig, PreTrainedConfig

from tests.trainer.tiny import NUM_CLASSES, tiny_data, tiny_study
from trainer.models import (
    BiLSTMClassifier,
    DecoderClassifier,
    EncoderClassifier,
    build_model,
    num_parameters,
    prunable_tensors,
)

PAPER = Path(__file__).parents[3] / "shared" / "paper"
NUM_CLASSES_OF = {"imdb": 2, "snli": 3, "reuters": 23, "aapd": 54}
TABLE_5 = {
    ("bert", "imdb"): 109_483_778, ("bert", "snli"): 109_484_547,
    ("bert", "reuters"): 109_499_927, ("bert", "aapd"): 109_523_766,
    ("bilstm", "imdb"): 647_810, ("bilstm", "snli"): 647_939,
    ("bilstm", "reuters"): 650_519, ("bilstm", "aapd"): 654_518,
}  # fmt: skip
TINY = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


def paper_model(architecture: str, num_classes: int) -> nn.Module:
    """A model of the paper's size, without memory for its weights."""
    with torch.device("meta"):
        if architecture == "bert":
            return EncoderClassifier(AutoModel.from_config(BertConfig()), num_classes)
        return BiLSTMClassifier(torch.empty(10, 300), num_classes, 100, 2, (256, 128))


def num_prunable(model: nn.Module, *, prune_layer_norm: bool = True) -> int:
    return sum(tensor.numel() for tensor in prunable_tensors(model, prune_layer_norm=prune_layer_norm).values())


@pytest.mark.parametrize(("architecture", "dataset"), TABLE_5)
def test_parameters_are_those_of_table_5(architecture: str, dataset: str) -> None:
    model = paper_model(architecture, NUM_CLASSES_OF[dataset])
    assert num_parameters(model) == TABLE_5[architecture, dataset]
    assert num_prunable(model) == {"bert": 85_542_912, "bilstm": 643_968}[architecture]


def test_table_5_is_the_papers() -> None:
    file = PAPER / "table5_parameters.csv"
    if not file.exists():
        pytest.skip("the paper's 'table5_parameters.csv' is not here")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {(row["architecture"], row["dataset"]): int(row["num_parameters"]) for row in rows} == TABLE_5
    for row in rows:
        share = num_prunable(paper_model(row["architecture"], NUM_CLASSES_OF[row["dataset"]])) / int(
            row["num_parameters"]
        )
        for sparsity in (20, 50, 70, 90, 99):
            # The table cuts what others would round, here and there.
            assert abs(int(row[f"removed_at_{sparsity}"]) - sparsity * share) < 1.01


def test_layer_norm_may_be_left_out() -> None:
    bert = paper_model("bert", 2)
    assert num_prunable(bert) - num_prunable(bert, prune_layer_norm=False) == 12 * 2 * 768
    bilstm = paper_model("bilstm", 2)
    assert num_prunable(bilstm, prune_layer_norm=False) == num_prunable(bilstm)


def test_the_rule_of_what_may_be_pruned_by_name() -> None:
    names = set(prunable_tensors(EncoderClassifier(AutoModel.from_config(BertConfig(**TINY)), 2)))
    assert "backbone.encoder.layer.0.attention.self.query.weight" in names
    assert "backbone.encoder.layer.1.output.LayerNorm.weight" in names
    assert "backbone.pooler.dense.weight" in names
    assert not [name for name in names if "embeddings" in name or "classifier" in name or "bias" in name]
    assert len(names) == 2 * 8 + 1
    lstm = {
        f"lstm.weight_{kind}_l{layer}{way}" for kind in ("ih", "hh") for layer in (0, 1) for way in ("", "_reverse")
    }
    assert set(prunable_tensors(paper_model("bilstm", 2))) == lstm | {"head.0.weight", "head.1.weight"}


@pytest.mark.parametrize(
    ("config", "num_tensors"),
    [
        (GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=2, n_positions=32), 2 * 6 + 1),
        (LlamaConfig(**TINY, num_key_value_heads=2), 2 * 9 + 1),
    ],
)
def test_decoders_are_pruned_by_the_same_rule(config: PreTrainedConfig, num_tensors: int) -> None:
    model = DecoderClassifier(AutoModel.from_config(config), NUM_CLASSES)
    tensors = prunable_tensors(model)
    assert len(tensors) == num_tensors
    assert not [
        name for name in tensors if "wte" in name or "wpe" in name or "embed_tokens" in name or "classifier" in name
    ]
    assert 0 < num_prunable(model, prune_layer_norm=False) < num_prunable(model)


@pytest.mark.parametrize(
    "config",
    [
        BertConfig(**TINY),
        DistilBertConfig(vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=24),
        GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=2, n_positions=32, pad_token_id=0),
        LlamaConfig(**TINY, num_key_value_heads=2),
    ],
)
def test_padding_changes_no_logits_and_every_parameter_is_tuned(config: PreTrainedConfig) -> None:
    classifier = DecoderClassifier if config.model_type in ("gpt2", "llama") else EncoderClassifier
    model = classifier(AutoModel.from_config(config), NUM_CLASSES).eval()
    ids_BT = torch.randint(2, 50, (2, 5))
    alone_BC = torch.cat(
        [
            model(ids_BT[:1], torch.ones(1, 5, dtype=torch.bool)),
            model(ids_BT[1:, :3], torch.ones(1, 3, dtype=torch.bool)),
        ]
    )
    mask_BT = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0, 0]], dtype=torch.bool)
    padded_BT = torch.zeros(2, 7, dtype=torch.int64)
    padded_BT[:, :5] = ids_BT
    padded_BT[~mask_BT] = 0
    logits_BC = model(padded_BT, mask_BT)
    torch.testing.assert_close(logits_BC, alone_BC, rtol=1e-4, atol=1e-6)
    logits_BC.square().sum().backward()
    assert all(parameter.requires_grad and parameter.grad is not None for parameter in model.parameters())


def test_the_bilstm_reads_the_last_forward_and_the_first_backward_output() -> None:
    model = BiLSTMClassifier(torch.randn(20, 5), 3, hidden_size=4, num_layers=2, head_sizes=(6, 5))
    ids_BT = torch.randint(0, 20, (2, 7))
    outputs_BTH, _ = model.lstm(model.vectors_VD[ids_BT])
    features = torch.cat([outputs_BTH[:, -1, :4], outputs_BTH[:, 0, 4:]], dim=1)
    for layer in model.head:
        features = torch.relu(layer(features))
    torch.testing.assert_close(model(ids_BT), model.classifier(features))


def test_word_vectors_are_neither_parameters_nor_part_of_a_checkpoint() -> None:
    model = build_model(tiny_study().architecture, tiny_data(), seed=0)
    names = {name for name, _ in model.named_parameters()} | set(model.state_dict())
    assert names
    assert not [name for name in names if "vectors" in name]


def test_building_a_model_leaves_the_global_stream_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one, other = (build_model(tiny_study().architecture, tiny_data(), seed).state_dict() for seed in (0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert not torch.equal(one["classifier.weight"], other["classifier.weight"])
