"""Publishing over HTTP: a spooled run as one archive, exactly once, and nothing else."""

import gzip
import io
import tarfile
from pathlib import Path

import httpx
import pytest

from api.settings import Settings
from tests.api.served import DATASET, assert_problem, serving
from tests.made_up import made_up_dataset, run_config, spool_run

CONFIG = run_config(DATASET, "MP-AI", 0.5, 0)


def archive_of(run: Path, prefix: str = ".") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(run, prefix)
    return stream.getvalue()


def archive_with(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, "/etc/passwd", 4 if kind == tarfile.REGTYPE else 0
        archive.addfile(member, io.BytesIO(b"evil"))
    return stream.getvalue()


def test_a_run_is_published_once_however_often_it_is_sent(tmp_path: Path, own_warehouse: Path) -> None:
    run = spool_run(tmp_path, DATASET, CONFIG)
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        first = client.post("/v1/runs", content=archive_of(run))
        assert first.status_code == 201, first.text
        assert first.json() == {"run_id": CONFIG.run_id, "published": True}
        again = client.post("/v1/runs", content=gzip.compress(archive_of(run, CONFIG.run_id)))
        assert again.status_code == 200 and again.json() == {"run_id": CONFIG.run_id, "published": False}
        assert client.get(f"/v1/runs/{CONFIG.run_id}").json()["status"] == "published"
        # The one who publishes reads what was published.
        assert {row["pruner"] for row in client.get("/v1/pie-rate").json()} == {"IMP-FT", "MP-AI", "RP-AI"}


def test_a_run_that_does_not_fit_is_refused(tmp_path: Path, own_warehouse: Path) -> None:
    run = spool_run(tmp_path, DATASET, CONFIG)
    next(run.glob("prediction*")).write_bytes(b"damaged")
    own_config = run_config(DATASET, "IMP-FT", 0.5, 0)
    stranger = made_up_dataset("stranger")
    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        assert_problem(client.post("/v1/runs", content=archive_of(run)), 422, "damaged")
        changed = archive_of(spool_run(tmp_path, DATASET, own_config, splits=("test",)))
        assert_problem(client.post("/v1/runs", content=changed), 422, own_config.run_id, "published with other content")
        other = archive_of(spool_run(tmp_path, stranger, run_config(stranger)))
        assert_problem(client.post("/v1/runs", content=other), 404, "'stranger'", "pie data add")
        assert len(client.get("/v1/runs?status=published").json()) == 6


def test_archives_that_are_none_or_reach_out(tmp_path: Path, own_warehouse: Path) -> None:
    with serving(Settings(warehouse=str(own_warehouse), sql=False, max_upload_mb=1)) as client:
        for content in (b"", b"nothing", gzip.compress(b"nothing"), archive_of(tmp_path)[:700]):
            assert_problem(client.post("/v1/runs", content=content), 422)
        for name in ("../../evil", "/tmp/evil", "a/b/evil", "a/../evil"):
            assert_problem(client.post("/v1/runs", content=archive_with(name)), 422, "evil", "plain files")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            assert_problem(client.post("/v1/runs", content=archive_with("manifest.json", kind)), 422, "plain files")
        assert not Path("/tmp/evil").exists()
        assert_problem(client.post("/v1/runs", content=b"x" * (2**20 + 1)), 413, "1048576")


def test_a_bomb_in_an_archive_is_not_unpacked(own_warehouse: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("prediction.parquet")
        member.size = 64 * 2**20
        archive.addfile(member, io.BytesIO(b"\0" * member.size))
    with serving(Settings(warehouse=str(own_warehouse), sql=False, max_upload_mb=1)) as client:
        assert len(stream.getvalue()) < 2**20
        assert_problem(client.post("/v1/runs", content=stream.getvalue()), 422, "more than a run")


def test_who_left_half_way_has_published_nothing(tmp_path: Path, own_warehouse: Path) -> None:
    content = archive_of(spool_run(tmp_path, DATASET, CONFIG))

    def half() -> object:
        yield content[: len(content) // 2]
        raise ConnectionError("the network is gone")

    with serving(Settings(warehouse=str(own_warehouse), sql=False)) as client:
        with pytest.raises(ConnectionError):
            httpx.post(f"{client.base_url}/v1/runs", content=half())  # type: ignore[arg-type]
        assert client.get("/readyz").status_code == 200
        assert len(client.get("/v1/runs?status=published").json()) == 6
        assert client.post("/v1/runs", content=content).status_code == 201
