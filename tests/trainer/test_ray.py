"""A study on a Ray cluster of three nodes: one is killed, the driver is killed; the results are a local run's to the bit."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster as RayCluster

from store.identity import RunConfig
from store.warehouse import open_warehouse
from tests.trainer.test_runner import NUM_RUNS, Heard, Place
from tests.trainer.tiny import tiny_study
from trainer.cluster import Cluster
from trainer.crew import Died
from trainer.events import Event, Failed, Spooled, Step
from trainer.place import Place as PlaceToTrain
from trainer.ray_crew import RayCrew
from trainer.session import Outcome
from trainer.worker import Job

# Ray leaves files and sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """Three nodes, of which the tests' process is none."""
    started = RayCluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        started.add_node(num_cpus=1)
    started.wait_for_nodes()
    yield started
    started.shutdown()


def same_study(local: Place, directory: Path, warehouse: Path) -> Place:
    place = Place(directory, warehouse)
    shutil.copy(local.study, place.study)
    return place


def test_a_node_lost_while_training_costs_no_run(
    cluster: RayCluster, local: Place, tmp_path: Path, empty_warehouse: Path
) -> None:
    class KillsANode(Heard):
        killed = False

        def step(self, config: RunConfig, step: Step) -> None:
            super().step(config, step)
            if not self.killed and len(self.steps) > 4:
                self.killed = True
                cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)

    place, heard = same_study(local, tmp_path / "place", empty_warehouse), KillsANode()
    outcome = place.train(heard, num_workers=None, cluster=Cluster(cluster.address, memory_gib=0.2))
    assert heard.killed
    assert outcome == Outcome(NUM_RUNS, 0, 0, 0), heard.said
    assert place.runs() == local.runs()
    assert set(place.journals()) <= {"encoded"}


def test_a_killed_driver_goes_on_when_it_is_started_again(
    cluster: RayCluster, local: Place, tmp_path: Path, empty_warehouse: Path
) -> None:
    """By the command, and `pie plan` says meanwhile what is running where."""
    place = same_study(local, tmp_path / "place", empty_warehouse)
    command = [sys.executable, "-m", "store", "train", "study.toml", "--engine", "ray", "--address", cluster.address]
    command += ["--memory-per-run", "0.2"]
    driver = subprocess.Popen(command, cwd=place.directory, stderr=subprocess.DEVNULL)
    running: list[str] = []
    while driver.poll() is None and not running:
        time.sleep(0.1)
        if any(place.directory.rglob("sessions/*.json")):
            running = [run["where"] for run in planned(place) if "where" in run]
    assert driver.poll() is None, "the driver was done before it could be killed"
    driver.kill()
    driver.wait()
    assert "process" in running[0]
    again = subprocess.run(command, cwd=place.directory, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert place.runs() == local.runs()


def too_small_at_first(job: Job, config: RunConfig) -> Iterator[Event]:
    """A run that needs more memory than it gets the first time."""
    memory = ray.get_runtime_context().get_assigned_resources()["memory"]
    yield Failed(config.run_id, "Out of memory", False, True) if memory < 2**28 else Spooled(config.run_id, memory, {})


def test_a_run_that_was_out_of_memory_gets_more(cluster: RayCluster) -> None:
    (config,) = tiny_study(pruners=(), sparsities=()).planned_configs()
    job = Job(tiny_study(), Path("nowhere"), PlaceToTrain(Path("nowhere"), Path("nowhere")))
    heard: list[object] = []
    with RayCrew(job, Cluster(cluster.address, memory_gib=0.15), None, too_small_at_first) as crew:
        for _ in range(2):
            assert crew.room() >= 1
            crew.give(config)
            while not heard or not isinstance(heard[-1], (Died, Spooled)):
                heard += crew.events()
            crew.free(config.run_id)
            if isinstance(heard[-1], Died):
                assert heard.pop().how == "had too little memory and gets more"
    assert [type(event) for event in heard] == [Spooled]


def planned(place: Place) -> list[dict[str, object]]:
    """The runs that `pie plan` lists."""
    command = [sys.executable, "-m", "store", "plan", "study.toml", "--json"]
    done = subprocess.run(command, cwd=place.directory, capture_output=True, text=True, check=True)
    runs: list[dict[str, object]] = json.loads(done.stdout)["studies"][0]["runs"]
    return runs


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Iterator[Place]:
    """The study, trained on this machine alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIE_CACHE", str(tmp_path_factory.mktemp("cache")))
        place = Place(tmp_path_factory.mktemp("local") / "place", empty_warehouse, epochs=3)
        assert place.train().num_published == NUM_RUNS
        with open_warehouse(place.url, read_only=True) as warehouse:
            assert warehouse.rows("select count(*) as n from run as r where r.status = 'published'") == [
                {"n": NUM_RUNS}
            ]
        yield place
