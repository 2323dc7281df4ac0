"""Are parameters, work and caches of the models what their papers and cards print, and does a broken file get one line?"""

import tomllib

import pytest

from archgym.envs.parallelism.models import MODELS_FILE, built_in_llms, load_llm
from archgym.envs.parallelism.schema import LlmFile
from archgym.errors import BadInput

GOOD = "layers = 2\nhidden = 128\nffn = 512\nheads = 4\nvocab = 1000\n"


@pytest.mark.parametrize("name", built_in_llms())
def test_parameters_are_the_published_ones(name):
    llm = load_llm(name)
    rounding = 0.035 if name == "megatron-1.7b" else 0.02  # 1.65 thousand millions, printed as 1.7
    assert llm.parameters == pytest.approx(llm.published, rel=rounding)


@pytest.mark.parametrize("name", [name for name in built_in_llms() if load_llm(name).experts])
def test_a_token_of_a_mixture_visits_the_published_parameters(name):
    llm = load_llm(name)
    # OpenAI's 5.1 B leave out the table that tokens are looked up in
    published = 5.1e9 if name == "gpt-oss-120b" else llm.published_active
    counted = llm.matrix_parameters if name == "gpt-oss-120b" else llm.active_parameters
    assert counted == pytest.approx(published, rel=0.02)


def test_a_dense_model_uses_all_its_parameters():
    llm = load_llm("llama3-70b")
    assert llm.active_parameters == llm.parameters
    assert llm.matrix_parameters == llm.parameters - llm.vocab * llm.hidden


def test_work_per_token_is_megatrons_formula():
    # Narayanan et al. 2021, equation 3: 96 B s l h^2 (1 + s/6h + V/16lh) with full recomputation, four forward passes
    llm = load_llm("megatron-175b")
    s, layers, h, vocab = llm.sequence, llm.layers, llm.hidden, llm.vocab
    per_token = 96 * layers * h**2 * (1 + s / (6 * h) + vocab / (16 * layers * h)) / 4
    # the output projection is not recomputed: its 6 V h are those of three passes, and were divided by four
    assert llm.flops_per_token() == pytest.approx(per_token - 6 * vocab * h / 4 + 6 * vocab * h / 3, rel=1e-12)


def test_caches_per_token_are_the_published_ones():
    assert load_llm("llama2-70b").kv_bytes_per_token() == 2 * 80 * 8 * 128 * 2
    assert load_llm("deepseek-v3").kv_bytes_per_token() == pytest.approx(70.272e3)  # DeepSeek-AI 2025, insights paper, table 1
    assert load_llm("gpt3-175b").kv_bytes_per_token(1) == 2 * 96 * 12288


def test_names_forgive_case_and_underscores_and_other_names():
    assert load_llm("Llama2_70B") is load_llm("llama2-70b")
    assert load_llm("Llama-3.3-70B") is load_llm("llama3-70b")
    with pytest.raises(BadInput, match="did you mean 'gpt3-175b'"):
        load_llm("gpt3-176b")


def test_the_shipped_models_pass_the_users_schema():
    for table in tomllib.loads(MODELS_FILE.read_text()).values():
        facts = {key: value for key, value in table.items() if key not in ("aliases", "published_b", "published_active_b")}
        LlmFile.model_validate(facts)


def test_a_file_gives_a_model(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    llm = load_llm(str(path))
    assert (llm.name, llm.kv_heads, llm.head_dim) == ("mine", 4, 32)
    assert llm.parameters == 2 * (4 * 128**2 + 2 * 128 * 512) + 2 * 1000 * 128


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers = 2", "hidden: Field required"),
        (GOOD + "experts = 4", "file: experts_per_token must be in 1 … experts"),
        (GOOD + "kv_heads = 3", "file: heads must be a multiple of kv_heads"),
        (GOOD + "depth = 3", "depth: Extra inputs are not permitted"),
        (GOOD.replace("2", '"2"', 1), "layers: Input should be a valid integer"),
        (GOOD + "attended = 0.0", "attended: Input should be greater than 0"),
        ("layers =", "not TOML"),
    ],
)
def test_a_broken_file_gets_one_line(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_llm(str(path))
    assert str(caught.value).startswith(f"{path}: {message}") and "\n" not in str(caught.value)


def test_a_missing_file_gets_one_line():
    with pytest.raises(BadInput, match=r"nowhere\.toml: cannot be read"):
        load_llm("nowhere.toml")
