"""Studies: what they hold, what names their runs, and each fault as a sentence that says where it is."""

import csv
import tomllib
from pathlib import Path

import pytest

from tests.trainer.test_models import PAPER
from tests.trainer.tiny import tiny_study, write_study, write_vectors
from trainer.errors import StudyError
from trainer.settings import BiLSTM, Pretrained, Training
from trainer.study import SHIPPED, load_study

STUDY = """\
name = "mine"
dataset = "reviews"
pruners = ["IMP-WR", "RP-AI"]
sparsities = [0.5, 0.99]
num_seeds = 3
epochs = 4
batch_size = 32
learning_rate = 0.001
max_tokens = 64

[architecture]
name = "bilstm"
vectors = "glove-6b-50d"
"""


def study_file(directory: Path, text: str) -> Path:
    path = directory / "study.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_study_holds_every_pruner_at_every_sparsity_and_the_unpruned_model(tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path, STUDY))
    configs = study.configs("abc")
    assert len(configs) == len({config.run_id for config in configs}) == 3 * (1 + 2 * 2)
    first = [(config.pruner, config.sparsity, config.seed) for config in configs[:6]]
    variants = [("none", 0.0), ("IMP-WR", 0.5), ("IMP-WR", 0.99), ("RP-AI", 0.5), ("RP-AI", 0.99)]
    assert first == [*((pruner, sparsity, 0) for pruner, sparsity in variants), ("none", 0.0, 1)]
    assert len({config.recipe_id for config in configs}) == 1


def test_a_run_keeps_its_name(tmp_path: Path) -> None:
    """An option added later, at its default, must rename no run."""
    study = load_study(study_file(tmp_path, STUDY))
    config = study.configs("abc")[1]
    assert config.settings == {
        "epochs": 4, "batch_size": 32, "learning_rate": 0.001, "max_tokens": 64,
        "architecture": {
            "name": "bilstm",
            "vectors": "sha256:5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
        },
    }  # fmt: skip
    assert config.run_id == "aef8535a7287"
    assert Training.of(config) == Training(epochs=4, batch_size=32, learning_rate=0.001, max_tokens=64)


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 3}, {"batch_size": 17}, {"learning_rate": 0.03}, {"max_tokens": 7}, {"prune_layer_norm": False},
        {"precision": "bfloat16"}, {"compile": True}, {"deterministic": True}, {"record": {"el2n": "every_epoch"}},
        {"architecture": {"name": "bilstm", "hidden_size": 5}}, {"architecture": {"name": "bert"}},
    ],
)  # fmt: skip
def test_whatever_changes_results_changes_the_recipe(changes: dict[str, object], tmp_path: Path) -> None:
    vectors = str(write_vectors(tmp_path / "vectors.txt"))
    one, other = (tiny_study(**values) for values in ({}, changes))
    recipes = set()
    for study in (one, other):
        architecture = study.architecture
        if isinstance(architecture, BiLSTM):
            architecture = architecture.model_copy(update={"vectors": vectors})
        recipes.add(study.model_copy(update={"architecture": architecture}).configs("abc")[0].recipe_id)
    assert len(recipes) == 2


def test_files_are_named_by_their_content(tmp_path: Path) -> None:
    one, other = (write_vectors(tmp_path / name) for name in ("one.txt", "other.txt"))
    assert BiLSTM(name="bilstm", vectors=str(one)).identity() == BiLSTM(name="bilstm", vectors=str(other)).identity()
    other.write_text(one.read_text() + "word 1 2 3 4 5\n")
    assert BiLSTM(name="bilstm", vectors=str(one)).identity() != BiLSTM(name="bilstm", vectors=str(other)).identity()
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text("{}")
    local = Pretrained(name="bert", checkpoint=str(checkpoint))
    before = local.identity()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    assert local.identity() != before
    assert Pretrained(name="bert").identity() == {"name": "bert", "checkpoint": "bert-base-uncased", "revision": "main"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs = 4", "epochs = 0", ":6: epochs: input should be greater than or equal to 1, not 0."),
        ("epochs = 4\n", "", ": epochs: the key is missing."),
        ("max_tokens", "max_token", ":9: max_token: there is no such key"),
        ("name = \"bilstm\"", "name = \"lstm\"", "'bilstm', 'bert', 'decoder'"),
        ("vectors =", "vector =", ":13: architecture.vector: there is no such key"),
        ("\"RP-AI\"", "\"RP-WR\"", ":3: pruners: pruner 'RP-WR' does not exist: a weight that is rewound"),
        ("\"RP-AI\"", "\"IRP-WR\"", ":3: pruners: pruner 'IRP-WR' does not exist: a weight that is rewound"),
        ("\"RP-AI\"", "\"OBD\"", ":3: pruners: unknown pruner 'OBD'; the pruners are IIBP-WR"),
        ("\"RP-AI\"", "\"IMP-WR\"", ":3: pruners: pruners has 'IMP-WR' more than once."),
        ("0.99", "99", ":4: sparsities: sparsity 99.0 is not between 0 and 1; write 0.9 for 90 %."),
        ("0.99", "1.0", ":4: sparsities: sparsity 1.0 is not between 0 and 1"),
        ("0.99", "0", ":4: sparsities: sparsity 0.0 is not between 0 and 1"),
        ("0.99", "0.5", ":4: sparsities: sparsities has 0.5 more than once."),
        ("[0.5, 0.99]", "[]", ":4: sparsities is empty; give at least one"),
        ("[\"IMP-WR\", \"RP-AI\"]", "[]", ":3: pruners is empty; give at least one"),
        ("num_seeds = 3", "num_seeds = 0", ":5: num_seeds = 0 is not a whole number above 0."),
        ("num_seeds = 3", "seeds = []", ":5: seeds: seeds is empty"),
        ("num_seeds = 3", "seeds = [1, 1]", ":5: seeds: seeds has 1 more than once."),
        ("num_seeds = 3", "seeds = [-1]", ":5: seeds: seed -1 is not from 0 to"),
        ("num_seeds = 3", "num_seeds = 3\nseeds = [1]", "both seeds and num_seeds are given; keep one of them."),
        ("learning_rate = 0.001", "learning_rate = \"fast\"", ":8: learning_rate: input should be a valid number"),
        ("learning_rate = 0.001", "learning_rate = inf", ":8: learning_rate: "),
        ("name = \"mine\"", "name = \"my study\"", ":1: name: string should match pattern"),
        ("epochs = 4", "epochs 4", "is not TOML: Expected '=' after a key in a key/value pair (at line 6"),
        ("[architecture]", "[tune]\nepochs = [5, 2]\nlearning_rate = [1e-5, 1e-4]\n[architecture]", "epochs = [5, 2] is not a range"),
    ],
)  # fmt: skip
def test_a_fault_is_a_sentence_with_file_line_key_and_value(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in STUDY
    path = study_file(tmp_path, STUDY.replace(old, new, 1))
    with pytest.raises(StudyError) as error:
        load_study(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)
    assert str(error.value).endswith(".")


def test_a_study_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"Cannot read the study '.*none.toml': No such file or directory"):
        load_study(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes('name = "Müller"'.encode("latin-1"))
    with pytest.raises(StudyError, match="is not UTF-8 text"):
        load_study(path)


def test_the_studies_of_the_paper_have_the_values_of_its_tables() -> None:
    if not PAPER.exists():
        pytest.skip("the paper's tables are not here")
    lengths = {
        row["dataset"]: int(row["truncate_at"])
        for row in csv.DictReader((PAPER / "table7_datasets.csv").read_text().splitlines())
    }
    rows = list(csv.DictReader((PAPER / "table8_hyperparameters.csv").read_text().splitlines()))
    assert len(rows) == len(list(SHIPPED.glob("paper-*.toml"))) == 8
    for row in rows:
        study = load_study(f"paper-{row['dataset']}-{row['architecture']}")
        assert (study.dataset, study.architecture.name) == (row["dataset"], row["architecture"])
        assert (study.batch_size, study.epochs) == (int(row["batch_size"]), int(row["best_epochs"]))
        assert study.learning_rate == float(row["best_lr"])
        assert study.max_tokens == lengths[row["dataset"]]
        assert study.tune is not None
        assert study.tune.epochs == (int(row["epochs_min"]), int(row["epochs_max"]))
        assert study.tune.learning_rate == (float(row["lr_min"]), float(row["lr_max"]))


def test_the_tiny_study_of_the_tests_is_one(tmp_path: Path) -> None:
    path = write_study(tmp_path / "tiny.toml", write_vectors(tmp_path / "vectors.txt"))
    assert load_study(path).pruners == ("IMP-WR", "RP-AI")
    assert tomllib.loads(path.read_text())["architecture"]["hidden_size"] == 4
