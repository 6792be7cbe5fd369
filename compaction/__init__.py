"""Many small JSON objects of S3 into a few gzip parts: what to write, reading, writing, the job."""
