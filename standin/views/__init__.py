"""What Redshift's system views tell, and where it is kept."""
