"""COPY: its text, its sources in S3, its formats and its conversions, up to PostgreSQL's COPY."""
