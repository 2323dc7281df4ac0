"""Are clusters and kernel rows what the data files say, and does a broken file or row get one line?"""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from archgym.envs import parallelism
from archgym.envs.parallelism.clusters import DATA, built_in_clusters, built_in_gpus, load_cluster, load_gpu
from archgym.envs.parallelism.models import load_llm
from archgym.envs.parallelism.schema import ClusterFile, GpuFile
from archgym.envs.parallelism.training.layout import ATTENTIONS, GENERATIONS, PRECISIONS, RECOMPUTES, Machine, Net, Run
from archgym.envs.parallelism.vectors import NEEDED, generation_index, machine_vector, net_vector, run_rows
from archgym.errors import BadInput
from archgym.files import read_table

REFERENCE = Path(parallelism.__path__[0]) / "reference"
GOOD = 'gpu = "h100"\ngpus = 16\nnic_bytes_per_s = 50e9\n'


@pytest.fixture(scope="module")
def measured():
    return read_table(REFERENCE / "measured_training_runs.csv.gz", NEEDED)


@pytest.mark.parametrize("name", built_in_clusters())
def test_a_cluster_has_a_kernel_row_at_every_size(name):
    for gpus in (64, 1024, 16384):
        cluster = load_cluster(name).sized(gpus)
        row = machine_vector(cluster)
        assert row[Machine.GPUS] == gpus and (np.delete(row, Machine.GENERATION) > 0).all()


@pytest.mark.parametrize("name", built_in_gpus())
def test_a_gpus_figures_hang_together(name):
    gpu = load_gpu(name)
    assert gpu.flops_16 <= gpu.flops_8 <= gpu.flops_4
    assert 0 < gpu.best_16 <= 1 and 0 < gpu.best_8 <= 1
    assert gpu.idle_watts < gpu.watts
    assert generation_index(gpu) in range(len(GENERATIONS))


def test_the_best_measured_shares_are_those_of_the_reference():
    rows = read_table(REFERENCE / "gemm_measured.csv")
    best = {(row["gpu"], row["dtype"]): float(row["tflops"]) * 1e12 for row in rows if row["M"]}
    for name, printed in {"a100-80": "A100 SXM", "h100": "H100 SXM", "b200": "B200 SXM", "gb200": "GB200 SXM"}.items():
        gpu = load_gpu(name)
        assert gpu.best_16 * gpu.flops_16 == pytest.approx(best[printed, "bf16"], rel=0.005)
        if (printed, "fp8") in best:
            assert gpu.best_8 * gpu.flops_8 == pytest.approx(best[printed, "fp8"], rel=0.005)


def test_the_shipped_files_pass_the_users_schema():
    for name, table in tomllib.loads((DATA / "platforms.toml").read_text()).items():
        GpuFile.model_validate({"name": name, **table})
    for table in tomllib.loads((DATA / "clusters.toml").read_text()).values():
        ClusterFile.model_validate(table)


def test_islands_reach_each_other_over_the_slow_network():
    cluster = load_cluster("holmes")
    links = cluster.links()
    assert cluster.island_of() == (0, 0, 0, 0, 1, 1, 1, 1)
    assert links[0, 1] == links[7, 4] == 25e9 and links[3, 4] == links[4, 3] == cluster.nic_bytes_per_s == 0.390625e9
    assert links[2, 2] == 300e9


def test_a_rack_is_joined_by_fast_links():
    links = load_cluster("gb200-nvl72").sized(144).links()
    assert links.shape == (36, 36) and (links[:18, :18] == 900e9).all() and (links[:18, 18:] == 50e9).all()


def test_a_drawn_matrix_is_the_same_every_time_and_a_smaller_one_its_corner():
    cluster = load_cluster("pipette")
    apart = ~np.eye(16, dtype=bool)
    links = cluster.links()
    assert (cluster.sized(256).links()[:16, :16] == links).all()
    assert 0 < cluster.nic_bytes_per_s == links[apart].min() and links[apart].max() <= 25e9
    ratios = np.abs(np.log(cluster.sized(2048).links() / cluster.sized(2048).links().T))[np.triu_indices(256, 1)]
    assert ratios.mean() == pytest.approx(np.log(14493.357 / 11072.496), rel=0.02)  # the one published pair


def test_a_file_may_name_a_measured_matrix(tmp_path):
    (tmp_path / "links.csv").write_text("0,10\n12.5,0\n")
    path = tmp_path / "mine.toml"
    path.write_text('gpu = "h100"\ngpus = 16\nmatrix = "links.csv"\n')
    cluster = load_cluster(str(path))
    assert cluster.links().tolist() == [[450e9, 10e9], [12.5e9, 450e9]] and cluster.nic_bytes_per_s == 10e9
    assert cluster.sized(8).nodes == 1 and not cluster.uniform
    with pytest.raises(BadInput, match="its matrix has 2 nodes, 4 were asked for"):
        cluster.sized(32)


def test_a_file_may_bring_its_own_gpu(tmp_path):
    table = tomllib.loads((DATA / "platforms.toml").read_text())["h100"]
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in {"name": "mine", **table, "hbm_gib": 96.0}.items()]
    path = tmp_path / "mine.toml"
    path.write_text("gpus = 16\nnic_bytes_per_s = 50e9\n[gpu]\n" + "\n".join(lines))
    assert machine_vector(load_cluster(str(path)))[Machine.HBM_BYTES] == 96 * 2**30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("16", "12"), "file: gpus must be a multiple of node"),
        (GOOD.replace("h100", "h101"), "gpu: there is no GPU 'h101'; did you mean 'h100'?"),
        (GOOD.replace("nic_bytes_per_s = 50e9", ""), "file: give one of nic_bytes_per_s, islands or matrix"),
        ("gpus = 8\nnic_bytes_per_s = 1e9\n[gpu]\nname = 'mine'", "gpu.generation: Field required"),
        (GOOD.replace("50e9", "-1.0"), "nic_bytes_per_s: Input should be greater than 0"),
        (GOOD + "domain = 3", "file: domain must be a multiple of node, or divide it"),
    ],
)
def test_a_broken_cluster_file_gets_one_line(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_cluster(str(path))
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("0,1\n", "needs one line per node, 2, has 1"),
        ("0,1\n1\n", "line 2: needs 2 numbers, has 1"),
        ("0,fast\n1,0\n", "line 1: could not convert string to float: 'fast'"),
        ("0,1\n-1,0\n", "line 2: bandwidths must be positive and below 1e6 GB/s"),
    ],
)
def test_a_broken_matrix_gets_one_line(tmp_path, matrix, message):
    (tmp_path / "links.csv").write_text(matrix)
    path = tmp_path / "mine.toml"
    path.write_text('gpu = "h100"\ngpus = 16\nmatrix = "links.csv"\n')
    with pytest.raises(BadInput) as caught:
        load_cluster(str(path))
    assert str(caught.value) == f"{tmp_path / 'links.csv'}: {message}"


def test_sizes_are_whole_nodes():
    with pytest.raises(BadInput, match="must be a multiple of 8"):
        load_cluster("h100-ndr").sized(100)
    with pytest.raises(BadInput, match="did you mean 'h100-ndr'"):
        load_cluster("h100-nrd")


def test_a_model_becomes_a_kernel_row():
    row = net_vector(load_llm("deepseek-v3"), 8192, 512)
    assert (row[Net.EXPERTS], row[Net.TOP_K], row[Net.SHARED], row[Net.DENSE_FFN], row[Net.LATENT]) == (256, 8, 1, 18432, 1)
    assert (row[Net.SEQUENCE], row[Net.BATCH]) == (8192, 512)


def test_every_measured_run_becomes_kernel_rows(measured):
    nets, machines, runs = run_rows(measured)
    assert nets.shape == (448, len(Net)) and machines.shape == (448, len(Machine)) and runs.shape == (448, len(Run))
    assert np.isfinite(np.hstack([nets, machines, runs])).all()
    ranks = runs[:, [Run.TP, Run.PP, Run.DP, Run.CP]].prod(axis=1)
    assert (ranks == machines[:, Machine.GPUS]).mean() > 0.99


def test_a_measured_run_keeps_what_its_row_says(measured):
    rows = {row["id"]: row for row in measured}
    _, machine, run = run_rows([rows["bloom_prequel-001"]])
    assert machine[0, Machine.NIC_BYTES_PER_S] == 6.25e9 and machine[0, Machine.HBM_BYTES_PER_S] == 2.039e12
    assert run[0, Run.PRECISION] == PRECISIONS.index("fp16") and run[0, Run.GRAD_BYTES] == 2 and run[0, Run.BLOCKING] == 1
    assert run[0, Run.ATTENTION] == ATTENTIONS.index("unfused") and run[0, Run.RECOMPUTE] == RECOMPUTES.index("full")
    net, machine, run = run_rows([rows["mbridge-004"]])
    assert net[0, Net.ATTENDED] == 0.5 and net[0, Net.EXPERTS] == 128 and machine[0, Machine.DOMAIN] == 72
    assert run[0, Run.PRECISION] == PRECISIONS.index("fp8") and run[0, Run.EP] == 64 and run[0, Run.RECOMPUTE] == 0


def test_no_recalled_row_is_shipped(measured):
    assert not [row["id"] for row in measured if "recalled" in row["confidence"]]


@pytest.mark.parametrize(
    ("column", "word", "message"),
    [
        ("tp", "", "column tp: must be a number of at least 1, got ''"),
        ("gpu", "TPUv9", "column gpu: there is no GPU 'tpuv9'"),
        ("precision", "int3", "column precision: must be one of"),
        ("mbs", "1.5", "column mbs: must be a whole number, got '1.5'"),
        ("layers", "nan", "column layers: must be a number of at least 1, got 'nan'"),
    ],
)
def test_a_broken_row_gets_one_line(measured, column, word, message):
    row = {**measured[0], column: word}
    with pytest.raises(BadInput) as caught:
        run_rows([measured[0], row])
    assert f"row 2 ({row['id']}): {message}" in str(caught.value) and "\n" not in str(caught.value)
