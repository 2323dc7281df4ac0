"""Workloads: published work of the networks that ship, transformers by formula, users' files and what is refused of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from archgym.envs.accelerator.layer import Layer, Network
from archgym.envs.accelerator.workloads import NETWORKS, load_mix, load_network
from archgym.envs.accelerator.workloads.transformers import transformers
from archgym.errors import BadInput

# -- what ships -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "published", "within"),
    [
        ("alexnet", 1.08e9, 0.005),  # Eyeriss (Chen et al., JSSC 2017) has 0.666 G with two groups; 1.08 G without
        ("vgg16", 15.35e9, 0.002),  # Sze et al., Proc. IEEE 2017, table II: 15.3 G convolutions
        ("vgg16_full", 15.5e9, 0.003),  # the same table: 15.5 G
        ("resnet18", 1.81e9, 0.003),  # torchvision's model table: 1.81
        ("resnet18_full", 1.81e9, 0.003),
        ("resnet50_full", 4.09e9, 0.001),  # torchvision (v1.5): 4.09
        ("mobilenet_v2_full", 0.300e9, 0.005),  # Sandler et al. 2018, table 4: 300 M
        ("mnasnet_b1_full", 0.315e9, 0.005),  # Tan et al. 2019, MnasNet-B1: 315 M
        ("efficientnet_b0_full", 0.39e9, 0.015),  # Tan and Le 2019, table 2: 0.39 B
        ("vit_b16", 17.56e9, 0.001),  # torchvision: 17.56
        ("bert_base@128", 22.5e9 / 2, 0.01),  # Jiao et al. 2020 (TinyBERT), table 1: 22.5 B operations at 128 tokens
    ],
)
def test_work_agrees_with_what_was_published(name: str, published: float, within: float) -> None:
    assert load_network(name).macs == pytest.approx(published, rel=within)


@pytest.mark.parametrize(
    ("name", "parameters"),  # torchvision's tables, with biases and normalisation: up to 2 % of the smallest networks
    [
        ("vgg16_full", 138_357_544),
        ("resnet18_full", 11_689_512),
        ("resnet50_full", 25_557_032),
        ("mobilenet_v2_full", 3_504_872),
        ("mnasnet_b1_full", 4_383_312),
        ("efficientnet_b0_full", 5_288_548),
        ("vit_b16", 86_567_656),
    ],
)
def test_weights_agree_with_published_parameters(name: str, parameters: int) -> None:
    weights = sum(layer.words[0] * n for layer, n in load_network(name).layers if layer.name not in ("score", "context"))
    assert 0.98 * parameters < weights < parameters


# [G, C, M, R, P, stride] and how often: the layers on which Timeloop was run (reference table, column `layer`)
TABLE = {
    "alexnet": "1,3,96,11,55,4*1 1,96,256,5,27,1*1 1,256,384,3,13,1*1 1,384,384,3,13,1*1 1,384,256,3,13,1*1",
    "resnet18": "1,3,64,7,112,2*1 1,64,64,3,56,1*4 1,64,128,3,28,2*1 1,64,128,1,28,2*1 1,128,128,3,28,1*3 1,128,256,3,14,2*1 "
    "1,128,256,1,14,2*1 1,256,256,3,14,1*3 1,256,512,3,7,2*1 1,256,512,1,7,2*1 1,512,512,3,7,1*3",
    "mobilenet_v2": "1,3,32,3,112,2*1 32,1,1,3,112,1*1 1,32,16,1,112,1*1 1,16,96,1,112,1*1 96,1,1,3,56,2*1 1,96,24,1,56,1*1 "
    "1,24,144,1,56,1*2 144,1,1,3,56,1*1 1,144,24,1,56,1*1 144,1,1,3,28,2*1 1,144,32,1,28,1*1 1,32,192,1,28,1*3 "
    "192,1,1,3,28,1*2 1,192,32,1,28,1*2 192,1,1,3,14,2*1 1,192,64,1,14,1*1 1,64,384,1,14,1*4 384,1,1,3,14,1*4 "
    "1,384,64,1,14,1*3 1,384,96,1,14,1*1 1,96,576,1,14,1*3 576,1,1,3,14,1*2 1,576,96,1,14,1*2 576,1,1,3,7,2*1 "
    "1,576,160,1,7,1*1 1,160,960,1,7,1*3 960,1,1,3,7,1*3 1,960,160,1,7,1*2 1,960,320,1,7,1*1 1,320,1280,1,7,1*1",
}


@pytest.mark.parametrize("name", TABLE)
def test_layers_are_those_of_the_reference_table(name: str) -> None:
    expected = set()
    for row in TABLE[name].split():
        shape, _, count = row.partition("*")
        g, c, m, r, p, stride = map(int, shape.split(","))
        expected.add(((g, c, m, r, r, 1, p, p, stride), int(count)))
    found = [(layer.shape, count) for layer, count in load_network(name).layers]
    assert set(found) == expected and len(found) == len(expected)


@pytest.mark.parametrize("text", NETWORKS)
def test_every_listed_network_loads_once_under_its_name(text: str) -> None:
    network = load_network(text)
    assert network.name == text and load_network(text) is network
    assert load_network(text.partition("@")[0]) is network  # the listed length is the default


def test_full_networks_add_fully_connected_layers() -> None:
    bare, full = load_network("alexnet"), load_network("alexnet_full")
    assert full.layers[:5] == bare.layers
    assert full.macs - bare.macs == 9216 * 4096 + 4096 * 4096 + 4096 * 1000  # the classifier: 58.6 M


# -- transformers -----------------------------------------------------------------------------------------------------------


def weights_of_a_pass(network: Network) -> int:
    return sum(layer.words[0] * n for layer, n in network.layers if layer.name not in ("score", "context"))


@pytest.mark.parametrize(
    ("text", "parameters"),  # of the products only: no norms, biases, positions; input embeddings where not shared
    [
        ("bert_base", 110e6 - (30522 + 512) * 768 - 768**2),  # Devlin et al. 2019: 110 M, positions and pooler among them
        ("gpt2", 124e6),  # 124 M with the embedding that the output shares
        ("gpt2_xl", 1.558e9),
        ("gpt3_175b", 175e9),  # Brown et al. 2020
        ("t5_base", 223e6),  # Raffel et al. 2020: about 220 M
        ("llama2_7b", 6.738e9 - 32000 * 4096),
        ("llama2_70b", 68.98e9 - 32000 * 8192),
        ("llama3_8b", 8.030e9 - 128256 * 4096),
        ("llama3_70b", 70.55e9 - 128256 * 8192),
    ],
)
def test_weights_of_transformers_agree_with_their_published_size(text: str, parameters: float) -> None:
    assert weights_of_a_pass(load_network(text)) == pytest.approx(parameters, rel=0.01)


@pytest.mark.parametrize("name", ["gpt2", "gpt3_175b", "llama2_7b", "llama3_8b"])
@given(tokens=st.integers(1, 1 << 20))
def test_a_pass_takes_one_mac_per_weight_and_token_and_twice_the_width_per_pair(name: str, tokens: int) -> None:
    """Kaplan et al. 2020, section 2.1: 2 N + 2 layers context width operations a token, for scores and contexts alike."""
    model, network = transformers()[name], load_network(f"{name}@{tokens}")
    pairs = 2 * model.layers * model.heads * model.head_dim * tokens
    assert network.macs == tokens * (weights_of_a_pass(network) + pairs)
    assert load_network(f"{name}@{tokens}/decode").macs * tokens == network.macs  # a token against as many keys


def test_grouped_queries_read_each_key_once() -> None:
    layers = {layer.name: (layer, count) for layer, count in load_network("llama3_8b@1000/decode").layers}
    score, count = layers["score"]
    assert count == 32 and score.macs == 32 * 128 * 1000  # query heads, width, keys
    assert score.words == (8 * 128 * 1000, 32 * 128, 32 * 1000)  # 8 heads of keys, 32 of queries, 32 of scores


def test_an_encoder_decoder_attends_to_the_encoder() -> None:
    def scores(text: str) -> int:
        return sum(layer.macs * n for layer, n in load_network(text).layers if layer.name in ("score", "context"))

    assert scores("t5_base@100") == 3 * 12 * 2 * 768 * 100 * 100  # two stacks of 12 layers, three attentions
    assert scores("t5_base@100/decode") == 2 * 12 * 2 * 768 * 100  # one token, the decoder's two attentions
    saved = load_network("t5_base@100/decode").macs - scores("t5_base@100/decode")
    assert saved == 12 * 768 * (6 * 768 + 2 * 3072) + 768 * 32128  # no keys and values of the encoder's output


# -- texts ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet81", "there is no network 'resnet81' (files end in .csv, .toml or .onnx); did you mean 'resnet18'?"),
        ("lama2_7b@4096", "there is no network 'lama2_7b@4096' (files end in .csv, .toml or .onnx); did you mean 'llama2_7b'?"),
        ("", "there is no network '' (files end in .csv, .toml or .onnx); choose from alexnet, "),
        ("a\nb", "there is no network 'a\\nb' (files"),
        ("resnet18@8", "'resnet18@8': resnet18 takes no sequence length and no phase; transformers do: bert_base, "),
        ("gpt2@0", "'gpt2@0': the sequence length must be a whole number from 1 to 1048576, got '0'"),
        ("gpt2@1048577", "'gpt2@1048577': the sequence length must be a whole number from 1 to 1048576, got '1048577'"),
        ("gpt2@", "'gpt2@': the sequence length must be a whole number from 1 to 1048576, got ''"),
        ("gpt2@1k", "'gpt2@1k': the sequence length must be a whole number from 1 to 1048576, got '1k'"),
        ("gpt2/decoed", "'gpt2/decoed': there is no phase 'decoed'; did you mean 'decode'?"),
        ("bert_base@512/decode", "'bert_base@512/decode': bert_base is an encoder and has no phase 'decode'"),
        ("vit_b16@256", "'vit_b16@256': the image fixes the sequence length to 197 tokens"),
        ("no/such.csv", "no/such.csv: no such file"),
        ("no\0such.toml", "'no\\x00such.toml': no such file"),
        ("no/such.onnx", "no/such.onnx: no such file"),
    ],
)
def test_a_bad_text_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_network(text)
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)


def test_a_mix_has_normalised_weights() -> None:
    mix = load_mix("2*resnet18 + mobilenet_v2 + 0.5 * gpt2@64 + resnet18")
    assert {network.name: weight for network, weight in mix.items()} == pytest.approx(
        {"resnet18": 3 / 4.5, "mobilenet_v2": 1 / 4.5, "gpt2@64": 0.5 / 4.5}
    )
    assert load_mix("alexnet") == load_mix("7*alexnet") == {load_network("alexnet"): 1.0}


@pytest.mark.parametrize(
    "part", ["x*alexnet", "0*alexnet", "-1*alexnet", "nan*alexnet", "inf*alexnet", "1e6*alexnet", "*alexnet"]
)
def test_a_mix_refuses_weights_that_are_no_positive_number(part: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_mix(f"resnet18 + {part}")
    assert str(caught.value) == f"workload part '{part}': the weight must be a positive number below a million"


def test_a_mix_takes_files(tmp_path: Path) -> None:
    file = tmp_path / "a + b.csv"
    file.write_text("C,M\n3,4\n")
    assert [network.name for network in load_mix(str(file))] == ["a + b"]
    (tmp_path / "c.csv").write_text("C,M\n3,4\n")
    assert [network.name for network in load_mix(f"alexnet + 2*{tmp_path}/c.csv")] == ["alexnet", "c"]


# -- CSV and TOML -----------------------------------------------------------------------------------------------------------


def load(content: str | bytes, name: str, folder: Path) -> Network:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load_network(str(folder / name))


def refusal(content: str | bytes, name: str, folder: Path) -> str:
    """The message of a file that must be refused, without the folder."""
    with pytest.raises(BadInput) as caught:
        load(content, name, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder}/", "")


CONV = Layer("conv1", C=3, M=64, R=7, S=7, P=112, Q=112, stride=2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.csv", "name,G,C,M,R,S,N,P,Q,stride,count\nconv1,1,3,64,7,7,1,112,112,2,3\n"),
        ("mine.csv", '\ufeff# spreadsheet\r\n\r\ncount, name ,C,M,R,S,P,Q,stride\r\n 3,"conv1",3,64,7,7,112,112,2\r\n'),
        ("mine.toml", 'name="mine"\n[[layer]]\nname="conv1"\nC=3\nM=64\nR=7\nS=7\nP=112\nQ=112\nstride=2\ncount=3\n'),
    ],
)
def test_tables_are_read_with_missing_columns_as_one(name: str, content: str, tmp_path: Path) -> None:
    assert load(content, name, tmp_path) == Network("mine", ((CONV, 3),))


def test_layers_without_names_are_named_after_their_place(tmp_path: Path) -> None:
    network = load("C,M\n3,4\n5,6\n3,4\n", "x.CSV", tmp_path)
    assert [(layer.name, layer.C, count) for layer, count in network.layers] == [("row 2", 3, 2), ("row 3", 5, 1)]
    network = load("[[layer]]\nC = 3\n", "x.toml", tmp_path)
    assert network.name == "x" and network.layers[0][0].name == "layer 1"


RANGE = "must be a whole number from 1 to 16777216, got"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "x.csv: empty: it holds neither header nor layers"),
        ("# only\n\n", "x.csv: empty: it holds neither header nor layers"),
        ("C,M\n", "x.csv: holds no layers"),
        ("block,3,64\n", "x.csv: row 1: unknown column 'block'; choose from C, G, M, N, P, Q, R, S, count, name, stride"),
        ("C,M,strides\n3,4,1\n", "x.csv: row 1: unknown column 'strides'; did you mean 'stride'?"),
        ("C,M,C\n3,4,3\n", "x.csv: row 1: column 'C' occurs twice"),
        ("name,count\nx,1\n", "x.csv: row 1: no bound is given; columns are name, G, C, M, R, S, N, P, Q, stride, count"),
        ("C,M\n3,4\n\n3,x\n", f"x.csv: row 4, column 'M': {RANGE} 'x'"),
        ("C,M\n3,1.5\n", f"x.csv: row 2, column 'M': {RANGE} '1.5'"),
        ("C,M\n3,\n", f"x.csv: row 2, column 'M': {RANGE} ''"),
        ("C,M\n0,4\n", f"x.csv: row 2, column 'C': {RANGE} 0"),
        ("C,M\n-1,4\n", f"x.csv: row 2, column 'C': {RANGE} '-1'"),
        ("C,M\n3,16777217\n", f"x.csv: row 2, column 'M': {RANGE} 16777217"),
        ("C,count\n3,0\n", f"x.csv: row 2, column 'count': {RANGE} 0"),
        ("C\n" + "9" * 5000, f"x.csv: row 2, column 'C': {RANGE} '{'9' * 36}…"),
        ("C\n٣\n", f"x.csv: row 2, column 'C': {RANGE} '٣'"),
        ("C,M\n3\n", "x.csv: row 2: 1 cells, where the header has 2"),
        ("C,M\n3,4,5\n", "x.csv: row 2: 3 cells, where the header has 2"),
        ('C,M\n3,"4\n', "x.csv: row 2: no valid CSV: unexpected end of data"),
        ("name,C\n,3\n", "x.csv: row 2: a name is 1 to 100 printable characters, got ''"),
        ("name,C\na\x1bb,3\n", "x.csv: row 2: a name is 1 to 100 printable characters, got 'a\\x1bb'"),
        (f"name,C\n{'n' * 101},3\n", "x.csv: row 2: a name is 1 to 100 printable characters, got 'nnn"),
        ("C,M,P,Q\n" + "16777216," * 3 + "1\n", "x.csv: row 2: the layer is too large: more than 2^62 multiply-accum"),
        ("P,Q,stride\n4096,4096,16777216\n", "x.csv: row 2: the layer is too large: more than 2^62 multiply-accum"),
        ("C,M,P\n2097152,2097152,1048576\n" * 1 + "1,1,1\n", "x.csv: more than 2^62 multiply-accumulates in all"),
        ("C\n" + "1\n" * 10_001, "x.csv: more than 10000 layers"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "x.csv: binary data: a table of layers is UTF-8 text"),
        ("C\n\0\n", "x.csv: binary data: a table of layers is UTF-8 text"),
        (b"C" * (4 << 20) + b"C", "x.csv: larger than 4 MiB, the most such a file may hold"),
    ],
)
def test_a_bad_csv_is_one_line_with_file_row_and_column(content: str | bytes, message: str, tmp_path: Path) -> None:
    assert refusal(content, "x.csv", tmp_path).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "x.toml: holds no layers"),
        ("C = ", "x.toml: no valid TOML: Invalid value"),
        ("layer = 3", "x.toml: layers are written as [[layer]] tables"),
        ("layer = [3]", "x.toml: layer 1: layers are written as [[layer]] tables"),
        ("[[layers]]\nC = 1\n", "x.toml: unknown column 'layers'; did you mean 'layer'?"),
        ("name = 3\n[[layer]]\nC = 1\n", "x.toml: a name is 1 to 100 printable characters, got 3"),
        ("[[layer]]\nC = 1\n[[layer]]\nK = 2\n", "x.toml: layer 2: unknown column 'K'; choose from"),
        ('[[layer]]\nname = "a"\n', "x.toml: layer 1: no bound is given"),
        ("[[layer]]\nC = true\n", f"x.toml: layer 1, column 'C': {RANGE} True"),
        ("[[layer]]\nC = 2.0\n", f"x.toml: layer 1, column 'C': {RANGE} 2.0"),
        ('[[layer]]\nC = "2"\n', f"x.toml: layer 1, column 'C': {RANGE} '2'"),
        ("[[layer]]\nC = 0x" + "f" * 5000, f"x.toml: layer 1, column 'C': {RANGE} a larger one"),
        ("[[layer]]\nC = " + "[" * 100_000, "x.toml: nested too deeply"),
        (b"\xff\xfe", "x.toml: binary data: a table of layers is UTF-8 text"),
    ],
)
def test_a_bad_toml_is_one_line_with_file_layer_and_key(content: str | bytes, message: str, tmp_path: Path) -> None:
    assert refusal(content, "x.toml", tmp_path).startswith(message)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(BadInput, match=r"x\.csv: not a plain file$"):
        load_network(str(tmp_path / "x.csv"))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_network_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    said = []
    for name in ("x.csv", "x.toml", "x.onnx"):
        try:
            load(content, name, tmp_path_factory.getbasetemp())
        except BadInput as error:
            said.append(str(error))
    assert not any("\n" in line for line in said)


# -- ONNX -------------------------------------------------------------------------------------------------------------------

Shape = list[Any]


def model(nodes: list[onnx.NodeProto], inputs: dict[str, Shape], outputs: list[str], weights: dict[str, Shape]) -> bytes:
    """A serialised model; weights are zeros."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    results = [helper.make_empty_tensor_value_info(name) for name in outputs]
    constants = [TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape) for name, shape in weights.items()]
    for tensor in constants:
        size = 4
        for axis in tensor.dims:
            size *= axis
        tensor.raw_data = bytes(size)
    graph = helper.make_graph(nodes, "g", values, results, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def node(kind: str, inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], name=output, **attributes)


def single(kind: str, *shapes: Shape, **attributes: Any) -> bytes:
    """One node on inputs of these shapes."""
    names = "abcdefgh"[: len(shapes)]
    return model([node(kind, " ".join(names), **attributes)], dict(zip(names, shapes, strict=True)), ["y"], {})


def test_a_small_network_round_trips_through_onnx(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w1", "conv1", strides=[2, 2], pads=[3, 3, 3, 3]),
        node("Relu", "conv1", "relu1"),
        node("Conv", "relu1 w2", "depthwise", group=64, pads=[1, 1, 1, 1]),
        node("Conv", "depthwise w3", "grouped", group=4),
        node("GlobalAveragePool", "grouped", "pool"),
        node("Shape", "pool", "shape"),
        node("Slice", "shape zero two", "sliced"),
        node("Reshape", "pool sliced", "flat"),  # a shape that is computed by the graph, as exporters write it
        node("Gemm", "flat w4 b4", "fc", transB=1),
    ]
    weights = {"w1": [64, 3, 7, 7], "w2": [64, 1, 3, 3], "w3": [128, 16, 1, 1], "w4": [1000, 128], "b4": [1000]}
    raw = onnx.load_model_from_string(model(nodes, {"x": [2, 3, 224, 224]}, ["fc"], weights))
    raw.graph.initializer.extend(helper.make_tensor(name, TensorProto.INT64, [1], [v]) for name, v in (("zero", 0), ("two", 2)))
    network = load(raw.SerializeToString(), "small.onnx", tmp_path)
    assert network == Network(
        "small",
        (
            (Layer("conv1", C=3, M=64, R=7, S=7, N=2, P=112, Q=112, stride=2), 1),
            (Layer("depthwise", G=64, R=3, S=3, N=2, P=112, Q=112), 1),
            (Layer("grouped", G=4, C=16, M=32, N=2, P=112, Q=112), 1),
            (Layer("fc", P=2, C=128, M=1000), 1),
        ),
    )


@pytest.mark.parametrize(
    ("content", "layer"),
    [
        (single("Conv", [1, 8, 50], [16, 8, 5], strides=[3]), Layer("y", C=8, M=16, S=5, Q=16, stride=3)),
        (single("Conv", [1, 8, 4, 9], [16, 8, 4, 3], strides=[4, 2]), Layer("y", C=8, M=16, R=4, S=3, Q=4, stride=2)),
        (single("Conv", [1, 8, 3, 3], [16, 8, 1, 1], dilations=[2, 2]), Layer("y", C=8, M=16, P=3, Q=3)),
        (single("Gemm", [5, 7], [5, 9], transA=1), Layer("y", P=7, C=5, M=9)),
        (single("MatMul", [4, 6, 5], [5, 9]), Layer("y", P=24, C=5, M=9)),
        (single("MatMul", [6, 5], [4, 5, 9]), Layer("y", P=36, C=5, M=6)),
        (single("MatMul", [2, 12, 6, 5], [2, 12, 5, 9]), Layer("y", G=24, P=6, C=5, M=9)),
        (single("MatMul", [2, 1, 6, 5], [3, 5, 9]), Layer("y", G=6, P=6, C=5, M=9)),
        (single("MatMul", [5], [5, 9]), Layer("y", C=5, M=9)),
        (single("MatMul", [6, 5], [5]), Layer("y", P=6, C=5)),
    ],
)
def test_onnx_operators_become_layers(content: bytes, layer: Layer, tmp_path: Path) -> None:
    assert load(content, "x.onnx", tmp_path).layers == ((layer, 1),)


def external() -> bytes:
    raw = onnx.load_model_from_string(model([node("MatMul", "x w")], {"x": [2, 3]}, ["y"], {"w": [3, 4]}))
    raw.graph.initializer[0].ClearField("raw_data")
    raw.graph.initializer[0].data_location = TensorProto.EXTERNAL
    raw.graph.initializer[0].external_data.add(key="location", value="weights.bin")
    return raw.SerializeToString()


def branching() -> bytes:
    inner = helper.make_graph([node("MatMul", "x x", "z")], "inner", [], [helper.make_empty_tensor_value_info("z")])
    return model([node("If", "c", then_branch=inner, else_branch=inner)], {"x": [3, 3], "c": []}, ["y"], {})


def of_domain() -> bytes:
    return model([helper.make_node("FusedConv", ["x"], ["y"], domain="com.microsoft")], {"x": [3]}, ["y"], {})


FLAT = single("Relu", [3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.onnx: damaged, or no ONNX model"),
        (b"\xff" * 100, "x.onnx: damaged, or no ONNX model"),
        (FLAT[:-3], "x.onnx: damaged, or no ONNX model"),
        (FLAT, "x.onnx: holds no layers"),
        (single("Conv", ["batch", 3, 9, 9], [4, 3, 3, 3]), "x.onnx: y (Conv): axis 0 of 'a' is not fixed ('batch')"),
        (single("Conv", [1, 3, None, 9], [4, 3, 3, 3]), "x.onnx: y (Conv): axis 2 of 'a' is not fixed ('?')"),
        (model([node("MatMul", "x q")], {"x": [2, 3]}, ["y"], {}), "x.onnx: y (MatMul): the shape of 'q' is not known"),
        (
            single("Conv", [1, 3, 9, 9], [4, 3, 3, 3], strides=[1, 2]),
            "x.onnx: y (Conv): strides that differ between the axes (1x2)",
        ),
        (single("Conv", [1, 3, 9, 9], [4, 3, 3, 3], dilations=[2, 2]), "x.onnx: y (Conv): dilated filters (2x2) are not supp"),
        (single("Conv", [1, 3, 9, 9, 9], [4, 3, 3, 3, 3]), "x.onnx: y (Conv): convolutions over 3 axes are not supported"),
        (single("Conv", [1, 3, 9, 9], [4, 2, 3, 3]), "x.onnx: y (Conv): shapes [1, 3, 9, 9] and [4, 2, 3, 3] and"),
        (
            single("ConvTranspose", [1, 3, 9, 9], [3, 4, 3, 3]),
            "x.onnx: y (ConvTranspose): ConvTranspose is not supported; Conv,",
        ),
        (single("MatMul", [20_000_000, 1], [1, 2]), "x.onnx: layer 'y': P must be a whole number from 1 to 16777216"),
        (
            single("MatMul", [2, 3], [5, 4]).replace(b"\x1a\x01y", b"\x1a\x01\xff"),  # a name that is no UTF-8
            "x.onnx: \ufffd (MatMul): shapes [2, 3] and [5, 4] do not fit",
        ),
        (external(), "x.onnx: tensor 'w' is kept in another file; save the model as one file"),
        (branching(), "x.onnx: y (If): MatMul inside If is not supported"),
        (of_domain(), "x.onnx: y (FusedConv): operators of domain 'com.microsoft' are not supported"),
    ],
)
def test_a_bad_onnx_file_is_one_line_with_file_node_and_reason(content: bytes, message: str, tmp_path: Path) -> None:
    assert refusal(content, "x.onnx", tmp_path).startswith(message)


def test_a_huge_onnx_file_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "x.onnx", "wb") as stream:
        stream.truncate((512 << 20) + 1)  # sparse: it takes no room
    with pytest.raises(BadInput, match=r"x\.onnx: larger than 512 MiB, the most such a file may hold$"):
        load_network(str(tmp_path / "x.onnx"))


def test_without_onnx_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "archgym.envs.accelerator.workloads.onnx_file", raising=False)
    with pytest.raises(BadInput) as caught:
        load_network("x.onnx")
    assert str(caught.value) == "onnx is not installed; install it with: pip install 'archgym[onnx]'"


def test_workloads_are_light_to_import(python: Callable[..., str]) -> None:
    code = "import sys, archgym.envs.accelerator.workloads as w; w.load_network('gpt2')\n"
    assert (
        python(code + "print([m for m in ('onnx', 'numba', 'scipy', 'pandas', 'matplotlib') if m in sys.modules])").strip()
        == "[]"
    )
