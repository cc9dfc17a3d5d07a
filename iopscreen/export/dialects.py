"""The dialects of SQL. They stand apart from what writes them, for the command line needs their names alone."""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    """For which engine a statement is."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"
