"""The PostgreSQL wire protocol as Redshift speaks it: sockets, logins, sessions, one thread."""
