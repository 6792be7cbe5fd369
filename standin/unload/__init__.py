"""UNLOAD: its text, its formats and its files, from PostgreSQL's COPY to objects in S3."""
