"""`pie plan` and `pie train` as they are typed."""

import json
from pathlib import Path

import pytest

from store import main
from tests.trainer.tiny import write_study, write_vectors


def pie(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    """Exit status, output and error output of `pie` with these arguments."""
    monkeypatch.setattr("sys.argv", ["pie", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_all_studies_of_the_paper_are_9840_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        f"paper-{dataset}-{model}" for dataset in ("imdb", "snli", "reuters", "aapd") for model in ("bert", "bilstm")
    ]
    status, out, err = pie(monkeypatch, capsys, "plan", *names)
    assert status == 0
    assert "9,840 runs; 597,870 epochs to train." in out
    assert "saves 164,250 of 762,120 epochs (21.6%)." in out
    assert err.count("No run is taken as done: No warehouse at './warehouse'") == 1


def test_a_plan_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = write_study(tmp_path / "study.toml", write_vectors(tmp_path / "vectors.txt"))
    status, out, _ = pie(monkeypatch, capsys, "plan", study, "--json", "--warehouse", tmp_path / "none")
    plan = json.loads(out)
    assert status == 0
    assert [plan[key] for key in ("num_runs", "num_epochs", "num_epochs_saved", "num_epochs_to_train")] == [
        6,
        24,
        2 * 2,
        20,
    ]
    runs = plan["studies"][0]["runs"]
    assert len({run["run_id"] for run in runs}) == 6
    assert {run["status"] for run in runs} == {"planned"}
    shards = [pie(monkeypatch, capsys, "plan", study, "--json", "--shard", f"{index}/3")[1] for index in (1, 2, 3)]
    assert sum(json.loads(shard)["num_runs"] for shard in shards) == 6


def test_a_plan_by_pruner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = write_study(tmp_path / "study.toml", write_vectors(tmp_path / "vectors.txt"))
    status, out, _ = pie(monkeypatch, capsys, "plan", study, "--warehouse", tmp_path / "none")
    rows = [line.split() for line in out.splitlines()]
    assert status == 0
    assert rows[:4] == [
        ["pruner", "runs", "done", "failed", "epochs"],
        ["none", "2", "0", "0", "4"],
        ["IMP-WR", "2", "0", "0", "16"],
        ["RP-AI", "2", "0", "0", "4"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "none.toml"), "pie: Cannot read the study 'none.toml'"),
        (("train", "none.toml"), "pie: Cannot read the study 'none.toml'"),
        (("train", "paper-imdb-bert", "--shard", "3/2"), "pie: --shard 3/2 is not I/N"),
        (("train", "paper-imdb-bert", "--warehouse", "none"), "pie: No warehouse at 'none'"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_status_2(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = pie(monkeypatch, capsys, *arguments)
    assert status == 2
    assert err.startswith(said)
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
