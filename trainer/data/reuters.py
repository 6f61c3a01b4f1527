"""Reuters-21578 (Lewis 1997), prepared as PROTOCOL.md says: reuters21578.tar.gz or the folder in it.

Source: appendix A.2 of the paper. The full distribution gives 9,606 documents with 23 topics.
"""

import html
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from store.dataset import Dataset
from store.errors import Refused
from store.protocol import Split
from trainer.data import hub
from trainer.data.archive import Member, opened
from trainer.data.examples import Row, gather
from trainer.data.options import Request, Size
from trainer.data.splitting import counts, cut

NUM_PUBLISHED = 21_578
PAPER_SIZES: dict[Split, int] = {"train": 6737, "validation": 1440, "test": 1429}
SHARES: dict[Split, Size] = {"train": None, "validation": 0.15, "test": 0.15}
HUB = hub.Repository(
    "ucirvine/reuters21578",
    configuration="ModHayes",
    # The repository's own is a script, which `datasets` no longer runs.
    revision="refs/convert/parquet",
    splits={"train": "train", "test": "test"},
    label_column="topics",
)

_DOCUMENT = re.compile(r"<REUTERS\b([^>]*)>(.*?)(</REUTERS>|(?=<REUTERS\b)|\Z)", re.DOTALL)
_NEW_ID = re.compile(r'NEWID="(\d+)"')
_TOPICS = re.compile(r"<TOPICS>(.*?)</TOPICS>", re.DOTALL)
_TOPIC = re.compile(r"<D>(.*?)</D>", re.DOTALL)
_BODY = re.compile(r"<BODY>(.*?)</BODY>", re.DOTALL)
_DROPPED = str.maketrans("", "", string.punctuation + string.digits)


class Document(NamedTuple):
    """One news item."""

    body: str
    topics: frozenset[str]
    file: str
    number: int | None


def load(request: Request) -> Dataset:
    """The documents that have a body and a topic of at least 100 documents, split 70/15/15 by multi-label stratification.

    The full distribution's splits have the paper's sizes to the document.
    """
    documents = _from_hub(request) if request.path is None else _documents(request.path)
    if len(documents) != NUM_PUBLISHED:
        request.say(f"Reuters-21578 has {NUM_PUBLISHED:,} documents, here are {len(documents):,}.")
    class_names = frequent_topics(documents, request.options.min_documents)
    if len(class_names) < 2:
        raise Refused(
            f"'{request.path}' has {len(class_names)} topics with at least {request.options.min_documents} documents; "
            "give the whole distribution, or lower --min-documents."
        )
    examples = gather(_rows(documents, class_names), "multi_label", class_names).splits["train"]
    sizes = counts(request.options.sizes_over(SHARES), len(examples))
    if len(examples) == sum(PAPER_SIZES.values()) and not any(request.options.sizes.values()):
        sizes = PAPER_SIZES
    splits = cut(examples, sizes, "multi_label", len(class_names), request.options.seed)
    return Dataset(request.name, "multi_label", class_names, splits)


def frequent_topics(documents: Iterable[Document], min_documents: int) -> tuple[str, ...]:
    """The topics of at least `min_documents` of all documents, sorted."""
    num_documents = Counter(topic for document in documents for topic in document.topics)
    return tuple(sorted(topic for topic, count in num_documents.items() if count >= min_documents))


def cleaned(body: str) -> str:
    """A body in lower case, without punctuation and digits, its words parted by single blanks."""
    return " ".join(body.lower().translate(_DROPPED).split())


def _rows(documents: Iterable[Document], class_names: tuple[str, ...]) -> Iterator[Row]:
    for document in documents:
        topics = sorted(document.topics.intersection(class_names))
        if document.body and topics:
            yield Row("train", cleaned(document.body), topics, document.file, document.number)


def _documents(path: Path) -> list[Document]:
    """All documents, in the order of their NEWID."""
    found: dict[int, Document] = {}
    with opened(path, r"reut2-\d+\.sgm") as members:
        for member in members:
            for new_id, document in _in_file(member):
                if new_id in found:
                    raise Refused(
                        f"'{document.file}', row {document.number}: the document NEWID {new_id} is there already."
                    )
                found[new_id] = document
    if not found:
        raise Refused(f"'{path}' has no documents in reut2-*.sgm; give Reuters-21578 as distributed.")
    return [found[new_id] for new_id in sorted(found)]


def _in_file(member: Member) -> Iterator[tuple[int, Document]]:
    """The documents of one SGML file with their NEWID, in the encoding of the distribution."""
    text = member.stream.read().decode("latin-1")
    for number, found in enumerate(_DOCUMENT.finditer(text), start=1):
        attributes, content, end = found.groups()
        new_id, topics = _NEW_ID.search(attributes), _TOPICS.search(content)
        if not end or new_id is None or topics is None:
            fault = "has no end: the file is truncated" if not end else "lacks NEWID or TOPICS"
            raise Refused(f"'{member.name}', row {number}: the document {fault}; get the file anew.")
        body = _BODY.search(content)
        yield (
            int(new_id[1]),
            Document(
                html.unescape(body[1]).strip() if body else "",
                frozenset(html.unescape(topic) for topic in _TOPIC.findall(topics[1])),
                member.name,
                number,
            ),
        )


def _from_hub(request: Request) -> list[Document]:
    return [Document(row.text.strip(), frozenset(row.labels), row.file, row.number) for row in hub.rows(HUB, request)]
