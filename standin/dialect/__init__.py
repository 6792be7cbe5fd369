"""Redshift's SQL: read, checked, refused where Redshift refuses, rewritten for PostgreSQL."""
