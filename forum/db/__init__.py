"""The database: declarative base, engine, transactions and keyset paging."""
