"""Adapters on a tiny pair: what is trained, what is merged, what is saved and what is shared."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers
from checkpoints import checkpoint, numbers
from peft import PeftModel
from torch import nn
from transformers.pytorch_utils import Conv1D

from calque.errors import ModelError
from calque.model import adapter
from calque.model import family as families
from calque.model.adapter_folder import Adaptation, AdapterFolder, describe_adapter, is_adapter
from calque.model.batch import Ids
from calque.model.bottleneck import Bottleneck
from calque.model.family import Build
from calque.model.folder import Folder, describe
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.adapter import Adapter
from calque.recipes.architecture import Architecture
from calque.recipes.vocabulary import Vocabulary

KINDS = ("lora", "dora", "bottleneck", "bitfit")
MERGING = ("lora", "dora", "bitfit")
PAIRS = numbers(40)
SETTINGS = {
    "lora": {"adapter_rank": 4},
    "dora": {"adapter_rank": 4},
    "bottleneck": {"adapter_width": 8},
    "bitfit": {},
}


class Pair:
    """A pair of two plus two layers of width 32 from one checkpoint, and a batch."""

    def __init__(self, folder):
        pretrained = find(str(checkpoint(folder, "bert")))
        recipe = Architecture(model="x", encoder_layers=2, decoder_layers=2)
        sources, targets = zip(*PAIRS, strict=True)
        vocabularies = choose("pair", Vocabulary(max_length=64), pretrained, pretrained, sources, targets)
        self.codecs = (vocabularies.source.codec, vocabularies.target.codec)
        self.family = families.of("pair", *self.codecs)
        torch.manual_seed(0)
        assembly = self.family.assemble(Build(recipe, pretrained, pretrained, vocabularies))
        self.module, self.pretrained = assembly.module.eval(), assembly.pretrained
        self.batch = self.family.batch(
            [Ids(self.codecs[0].encode(source), self.codecs[1].encode(target)) for source, target in PAIRS[:5]]
        )

    def logits(self, module):
        with torch.no_grad():
            states, _ = self.family.states(module, self.batch)
            return nn.functional.linear(states, *self.family.head(module))

    def adapted(self, kind, pretrained=None, **settings):
        """A copy with an adapter, still as it begins."""
        module, names = copy.deepcopy(self.module), self.pretrained if pretrained is None else pretrained
        recipe = Adapter(adapter=kind, **SETTINGS[kind], **settings)
        adaptation = adapter.plan(recipe, module, names, self.family.head(module)[0])
        adapter.put(module, adaptation, names, seed=1)
        return module, adaptation

    def everything(self):
        return {name for name, _ in self.module.named_parameters()}

    def folder(self, path):
        """The pair as a finished translator."""
        path.mkdir()
        self.family.save(self.module, path)
        describe(path, "pair", ("en", "fr"), self.codecs)
        return Folder.open(path)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return Pair(tmp_path_factory.mktemp("checkpoint") / "bert")


def learned(module):
    """Move all that is trained away from where it began, as training would."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapted_network_computes_at_first_what_it_did(pair, kind):
    module, _ = pair.adapted(kind)
    assert torch.allclose(pair.logits(module), pair.logits(pair.module), atol=1e-5)
    assert not torch.allclose(pair.logits(learned(module)), pair.logits(pair.module), atol=1e-2)


ATTENTION, FEED_FORWARD = 4 * 4 * (32 + 32), 2 * 4 * (32 + 64)  # rank 4 on four and on two linear layers


@pytest.mark.parametrize(
    ("kind", "added", "layers"),
    [
        ("lora", 4 * (ATTENTION + FEED_FORWARD), 24),
        ("dora", 4 * (ATTENTION + FEED_FORWARD) + 4 * (4 * 32 + 64 + 32), 24),
        ("bottleneck", 4 * (32 * 8 + 8 + 8 * 32 + 32), 4),
        ("bitfit", 0, 34),  # 2 * (6 linear layers + 2 norms) and the norm of the embeddings, on either side
    ],
)
def test_pretrained_weights_are_frozen_and_new_ones_are_trained(pair, kind, added, layers):
    module, adaptation = pair.adapted(kind)
    wrapping = adapter.added(module)
    assert (sum(weight.numel() for weight in wrapping.values()), len(adaptation.targets)) == (added, layers)
    trained = adapter.trained(module).keys() - wrapping.keys()
    new = pair.everything() - pair.pretrained - {"encoder.pooler.dense.weight", "encoder.pooler.dense.bias"}
    assert trained == new | (set(adaptation.targets) if kind == "bitfit" else set())
    assert any("crossattention" in name for name in trained)
    assert "decoder.bert.embeddings.word_embeddings.weight" in trained


def test_one_seed_one_beginning(pair):
    first, second = (adapter.added(pair.adapted("lora")[0]) for _ in range(2))
    state = torch.get_rng_state()
    pair.adapted("lora")
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("kind", MERGING)
def test_merged_equals_unmerged_and_is_an_ordinary_network(pair, kind, tmp_path):
    module, _ = pair.adapted(kind)
    before = pair.logits(learned(module))
    merged = adapter.merge(module)
    assert torch.allclose(pair.logits(merged), before, atol=1e-5)
    assert [name for name, _ in merged.named_parameters()] == [name for name, _ in pair.module.named_parameters()]
    pair.family.save(merged, tmp_path)
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    assert torch.allclose(pair.logits(alone), before, atol=1e-5)


NAME = "encoder.encoder.layer.1.intermediate.dense"


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_what_is_merged_is_what_the_papers_say(pair, kind):
    module, _ = pair.adapted(kind, adapter_alpha=6.0)
    layer = learned(module).get_submodule(NAME)
    old, down, up = layer.base_layer.weight, layer.lora_A["default"].weight, layer.lora_B["default"].weight
    wanted = old.double() + 6.0 / 4 * up.double() @ down.double()
    if kind == "dora":
        length = layer.lora_magnitude_vector["default"].weight.double()
        wanted = length[:, None] * wanted / wanted.norm(dim=1, keepdim=True)
    merged = adapter.merge(module).get_submodule(NAME).weight
    assert torch.allclose(merged.double(), wanted, atol=1e-6)


def test_a_bottleneck_is_the_residual_network_of_the_paper_and_is_not_merged(pair):
    base = nn.Linear(3, 4)
    layer = Bottleneck(base, 4, 2, 0.0)
    inputs = torch.randn(5, 3)
    assert torch.equal(layer(inputs), base(inputs))
    nn.init.normal_(layer.up.weight)
    nn.init.normal_(layer.up.bias)
    output = base(inputs).double()
    hidden = output @ layer.down.weight.double().T + layer.down.bias
    active = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    wanted = output + active @ layer.up.weight.double().T + layer.up.bias
    assert torch.allclose(layer(inputs).double(), wanted, atol=1e-6)
    with pytest.raises(ModelError, match=r"layer\.0\.output\.dense: a bottleneck is no linear function"):
        adapter.merge(pair.adapted("bottleneck")[0])


def saved(pair, module, adaptation, base, path):
    path.mkdir()
    adapter.save(module, adapter.trained(module), adaptation, path, str(base.path))
    describe_adapter(path, base, "the-base", adaptation)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_saved_small_and_loaded_equals(pair, kind, tmp_path):
    base = pair.folder(tmp_path / "base")
    module, adaptation = pair.adapted(kind, pair.everything())
    wanted = pair.logits(learned(module))
    opened = AdapterFolder.open(saved(pair, module, adaptation, base, tmp_path / "adapter"))
    assert opened.adaptation == adaptation
    loaded = adapter.load(opened, pair.family)
    assert torch.allclose(pair.logits(loaded), wanted, atol=1e-5)
    assert bool(adapter.added(loaded)) == (kind == "bottleneck")
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    weights = (tmp_path / "adapter" / "adapter_model.safetensors").stat().st_size
    assert weights < (base.path / "model.safetensors").stat().st_size / 2


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's, of transformers 5
@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_peft_alone_loads_the_folder(pair, kind, tmp_path):
    base = pair.folder(tmp_path / "base")
    module, adaptation = pair.adapted(kind, pair.everything())
    wanted = pair.logits(learned(module))
    path = saved(pair, module, adaptation, base, tmp_path / "adapter")
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(base.path)
    theirs = PeftModel.from_pretrained(alone, str(path)).eval()
    assert torch.allclose(pair.logits(theirs.base_model.model), wanted, atol=1e-5)


def test_one_base_carries_many_adapters_and_stays_as_it_was(pair, tmp_path):
    base = pair.family.load(pair.folder(tmp_path / "base").path)
    alone, wanted, over = pair.logits(base), {}, {}
    for kind in KINDS:
        module, adaptation = pair.adapted(kind, pair.everything())
        wanted[kind] = pair.logits(learned(module))
        weights = {adapter._in_file(name): weight for name, weight in adapter.trained(module).items()}
        over[kind] = adapter.lay(base, adaptation, weights)
    for kind in (*KINDS, *reversed(KINDS)):
        assert torch.allclose(pair.logits(over[kind]), wanted[kind], atol=1e-5), kind
        assert torch.equal(pair.logits(base), alone)
    held = {parameter.data_ptr() for parameter in base.parameters()}
    for kind, module in over.items():
        own = sum(p.numel() for p in module.parameters() if p.data_ptr() not in held)
        changed = pair.adapted(kind, pair.everything())[0]
        assert own == sum(weight.numel() for weight in adapter.trained(changed).values()), kind


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_do_not_fit_are_refused(pair, kind):
    module, adaptation = pair.adapted(kind, pair.everything())
    weights = {adapter._in_file(name): weight for name, weight in adapter.trained(module).items()}
    first = next(iter(weights))
    for wrong in (
        {name: weight for name, weight in weights.items() if name != first},
        weights | {"base_model.model.another": torch.zeros(1)},
        weights | {first: torch.zeros(1, 1)},
    ):
        with pytest.raises(ModelError, match="do not fit its base"):
            adapter.lay(pair.module, adaptation, wrong)


def tiny(kind):
    """A network of two layers and the number of its linear layers that belong to attention and feed-forward."""
    shape = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    inner = {"intermediate_size": 32}
    sides = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    bart = {"vocab_size": 40, "d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "pad_token_id": 1, **sides}
    t5 = {"vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    return {
        "bert": lambda: transformers.BertModel(transformers.BertConfig(**shape, **inner)),
        "roberta": lambda: transformers.RobertaModel(transformers.RobertaConfig(**shape, **inner)),
        "electra": lambda: transformers.ElectraModel(transformers.ElectraConfig(**shape, **inner, embedding_size=16)),
        "albert": lambda: transformers.AlbertModel(transformers.AlbertConfig(**shape, **inner, embedding_size=8)),
        "deberta-v2": lambda: transformers.DebertaV2Model(transformers.DebertaV2Config(**shape, **inner)),
        "mpnet": lambda: transformers.MPNetModel(transformers.MPNetConfig(**shape, **inner)),
        "modernbert": lambda: transformers.ModernBertModel(
            transformers.ModernBertConfig(**shape, **inner, pad_token_id=0, cls_token_id=1, sep_token_id=2)
        ),
        "distilbert": lambda: transformers.DistilBertModel(
            transformers.DistilBertConfig(vocab_size=40, dim=16, n_layers=2, n_heads=2, hidden_dim=32)
        ),
        "bart": lambda: transformers.BartForConditionalGeneration(transformers.BartConfig(**bart)),
        "m2m_100": lambda: transformers.M2M100ForConditionalGeneration(transformers.M2M100Config(**bart)),
        "t5": lambda: transformers.T5ForConditionalGeneration(transformers.T5Config(**t5)),
        "gpt2": lambda: transformers.GPT2LMHeadModel(
            transformers.GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2)
        ),
        "llama": lambda: transformers.LlamaForCausalLM(
            transformers.LlamaConfig(**shape, **inner, num_key_value_heads=1, tie_word_embeddings=False)
        ),
    }[kind]()


@pytest.mark.parametrize(
    ("kind", "linear", "feed_forward"),
    [
        *[(kind, 12, 2) for kind in ("bert", "roberta", "electra", "deberta-v2", "mpnet", "distilbert")],
        ("albert", 7, 1),  # one layer for all depths, and a projection of the embeddings
        ("modernbert", 8, 2),
        ("bart", 32, 4),
        ("m2m_100", 32, 4),
        ("t5", 32, 4),
        ("gpt2", 8, 2),
        ("llama", 14, 2),
    ],
)
def test_targets_are_found_in_every_architecture(kind, linear, feed_forward):
    module = tiny(kind)
    names = {name for name, _ in module.named_parameters()}
    output = module.get_output_embeddings() if hasattr(module, "lm_head") else module.get_input_embeddings()
    lora, behind = (
        adapter.plan(Adapter(adapter=kind), module, names, output.weight) for kind in ("lora", "bottleneck")
    )
    assert (len(lora.targets), len(behind.targets)) == (linear, feed_forward)
    assert set(behind.targets) <= set(lora.targets)
    assert not any(name.endswith(("lm_head", "pooler.dense")) for name in lora.targets)


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_layers_of_gpt2_which_are_transposed_are_merged_too(kind):
    module = tiny("gpt2").eval()
    names = {name for name, _ in module.named_parameters()}
    plan = adapter.plan(Adapter(adapter=kind), module, names, module.lm_head.weight)
    assert isinstance(module.get_submodule(plan.targets[0]), Conv1D)
    adapter.put(module, plan, names, seed=1)
    ids = torch.tensor([[3, 7, 5, 9]])
    before = learned(module)(ids).logits.detach()
    assert torch.allclose(adapter.merge(module)(ids).logits, before, atol=1e-5)


def test_networks_without_biases_cannot_have_them_trained():
    module = tiny("t5")
    names = {name for name, _ in module.named_parameters()}
    with pytest.raises(ModelError, match="--adapter bitfit: this network has no pretrained biases"):
        adapter.plan(Adapter(adapter="bitfit"), module, names, module.lm_head.weight)
    with pytest.raises(ModelError, match="no pretrained layers"):
        adapter.plan(Adapter(adapter="lora"), module, (), module.lm_head.weight)


LORA = Adaptation("lora", 4, 8.0, 0.0, 64, ("x",))


def test_an_adapter_over_another_base_is_refused(pair, tmp_path):
    base = pair.folder(tmp_path / "base")
    module, adaptation = pair.adapted("bitfit", pair.everything())
    path = saved(pair, module, adaptation, base, tmp_path / "adapter")
    (tmp_path / "base").rename(tmp_path / "moved")
    with pytest.raises(ModelError, match="its base translator 'the-base' is not found"):
        AdapterFolder.open(path)
    assert AdapterFolder.open(path, tmp_path / "moved").base.path == tmp_path / "moved"
    with torch.no_grad():
        other = copy.deepcopy(pair.module)
        other.decoder.lm_head.bias.add_(1e-3)
    pair.family.save(other, tmp_path / "moved")
    with pytest.raises(ModelError, match=r"trained over another base than .*moved \(its digest is xxh3-128:"):
        AdapterFolder.open(path, tmp_path / "moved")


def test_both_moved_together_still_find_each_other(pair, tmp_path):
    (tmp_path / "old").mkdir()
    base = pair.folder(tmp_path / "old" / "base")
    module, adaptation = pair.adapted("bitfit", pair.everything())
    saved(pair, module, adaptation, base, tmp_path / "old" / "adapter")
    (tmp_path / "old").rename(tmp_path / "new")
    opened = AdapterFolder.open(tmp_path / "new" / "adapter")
    assert opened.base.path.resolve() == (tmp_path / "new" / "base").resolve()


def test_what_is_no_adapter_is_said_to_be_none(pair, tmp_path):
    base = pair.folder(tmp_path / "base")
    assert not is_adapter(base.path)
    assert not is_adapter(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="a whole translator, no adapter"):
        AdapterFolder.open(base.path)
    path = tmp_path / "adapter"
    path.mkdir()
    describe_adapter(path, base, "the-base", LORA)
    assert is_adapter(path)
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors is missing"):
        AdapterFolder.open(path)
    with pytest.raises(ModelError, match="`calque merge` makes one of it and its base"):
        Folder.open(path)
    (path / "adapter_model.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match="cannot be read"):
        adapter.read(path)
    with pytest.raises(ModelError, match="this is an adapter, no whole model"):
        find(str(path))
    (path / "calque.json").write_text('{"format": 1, "adapter": {}}')
    with pytest.raises(ModelError, match="damaged"):
        AdapterFolder.open(path)
    (path / "calque.json").write_text('{"format": 2}')
    with pytest.raises(ModelError, match="newer than this calque reads"):
        AdapterFolder.open(path)
