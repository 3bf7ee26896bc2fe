"""The ledger in a schema of a PostgreSQL database.

The SQL is that of the other modules; here is what PostgreSQL says in other words or does by other
means. psycopg is imported by ``session`` alone, when the first connection is made.
"""

from poku_batch.ledger.postgresql.place import PostgresSchema

__all__ = ["PostgresSchema"]
