"""The tables of the manifest. Raise `VERSION` with every change: they are derived, and made anew."""

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

VERSION = 2

metadata = MetaData()

documents = Table(
    "index_documents",
    metadata,
    Column("source", String, primary_key=True),
    Column("document", String, primary_key=True),
    Column("signal", String, nullable=False),
    Column("url", String),
    Column("recipe", String, nullable=False),
    Column("content_hash", String),
    Column("passages", Integer, nullable=False),
    Column("title", Text),
    Column("modified", String),
    Column("notes", Text, nullable=False),
    Column("indexed_at", Double, nullable=False),
    Column("reason", String),
    Column("message", Text),
)

passages = Table(
    "index_passages",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("document", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("headings", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("location", String, nullable=False),
    Column("anchor", String, nullable=False),
    Column("url", String),
    Column("as_of", String),
    Column("changed", Double, nullable=False),
    Column("embedder", String),  # whose vector of it the vector store has; null: it has none
    Index("index_passages_of_document", "source", "document"),
    Index("index_passages_by_embedder", "embedder", "changed"),
)

syncs = Table(
    "index_syncs",
    metadata,
    Column("source", String, primary_key=True),
    Column("started", Double, nullable=False),
    Column("finished", Double),
    Column("counts", Text, nullable=False),
    Column("problem", Text),
)

# Single values: `instance`, this index's own name; `lexical`, which lexical index holds exactly the
# passages above.
marks = Table("index_marks", metadata, Column("name", String, primary_key=True), Column("value", String))
