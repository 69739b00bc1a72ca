"""The tables of the manifest: derived, and made anew when `VERSION` is raised.

Raise it with every change but a new nullable column, which is added to what is there.
"""

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text

VERSION = 3


class Tables:
    """Those of one generation of the index: they come and go with it."""

    def __init__(self, generation: str) -> None:
        self.metadata = metadata = MetaData()
        self.documents = documents = Table(
            f"index_documents_{generation}",
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
            Column("readers", Text),  # as `dump_readers` writes them; null: who may read the source
        )
        few = documents.c.readers.is_not(None)
        Index(
            f"index_documents_restricted_{generation}",
            documents.c.source,
            sqlite_where=few,
            postgresql_where=few,
        )
        self.passages = passages = Table(
            f"index_passages_{generation}",
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
        )
        Index(f"index_passages_of_document_{generation}", passages.c.source, passages.c.document)
        Index(f"index_passages_by_embedder_{generation}", passages.c.embedder, passages.c.changed)
        self.joined = (documents.c.source == passages.c.source, documents.c.document == passages.c.document)
        """What brings a passage together with its document."""
        self.syncs = Table(
            f"index_syncs_{generation}",
            metadata,
            Column("source", String, primary_key=True),
            Column("started", Double, nullable=False),
            Column("finished", Double),
            Column("whole", Double),  # when the last one that met no problem began, or the first
            Column("counts", Text, nullable=False),
            Column("problem", Text),
        )
        # Single values: `instance`, this generation's own name; `words <source>`, the state in which words
        # and passages of a source agreed; `changed:<source>`, what that source is at.
        self.marks = Table(
            f"index_marks_{generation}",
            metadata,
            Column("name", String, primary_key=True),
            Column("value", String),
        )


registry = MetaData()

generations = Table(
    "index_generations",
    registry,
    Column("name", String, primary_key=True),
    Column("embedding", String, nullable=False),  # as it is set
    Column("embedder", String, nullable=False),
    Column("recipe", String, nullable=False),
    Column("created", Double, nullable=False),
    Column("activated", Double),  # null: it never answered
)

# Single values: `active`, the generation that answers; `held`, a way of making one that is not to;
# `last`, the number of the last one made.
pointers = Table(
    "index_pointers",
    registry,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
