"""A client that speaks the wire protocol by hand, and what tests of the database port share."""

from __future__ import annotations

import socket
import ssl
import struct

from conftest import PASSWORD, Project
from psycopg2 import extensions

from standin.wire import protocol, writing


class Wire:
    """A client that speaks the protocol by hand, inside TLS."""

    def __init__(self, project: Project) -> None:
        plain = socket.create_connection(("127.0.0.1", project.standin.port), timeout=20)
        plain.sendall(struct.pack("!II", 8, protocol.SSL_REQUEST))
        assert plain.recv(1) == b"S"
        context = ssl.create_default_context(cafile=project.standin.ca_file)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def log_in(self, project: Project, **parameters: str) -> list[tuple[bytes, bytes]]:
        cluster = project.values["CLUSTER"]
        self.send(
            writing.startup(
                {"user": cluster["DB_USER"], "database": cluster["DB_NAME"], **parameters}
            )
        )
        assert self.read() == (b"R", b"\0\0\0\x03")
        self.send(writing.password(PASSWORD))
        return self.read_until_ready()

    def read(self) -> tuple[bytes, bytes]:
        header = self.read_bytes(5)
        return header[:1], self.read_bytes(struct.unpack("!I", header[1:])[0] - 4)

    def read_bytes(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def read_until_ready(self) -> list[tuple[bytes, bytes]]:
        answers = [self.read()]
        while answers[-1][0] != protocol.READY_FOR_QUERY:
            answers.append(self.read())
        return answers


def codes(answers: list[tuple[bytes, bytes]]) -> str:
    return b"".join(code for code, _ in answers).decode()


def bind_and_execute(name: str = "") -> bytes:
    return (
        writing.message(protocol.BIND, writing.strings("", name) + b"\0\0\0\0\0\0")
        + writing.message(protocol.DESCRIBE, b"P\0")
        + writing.message(protocol.EXECUTE, b"\0\0\0\0\0")
    )


SYNC = writing.message(protocol.SYNC)
FLUSH = writing.message(protocol.FLUSH)


def copy_statement(project: Project, prefix: str = "rows") -> str:
    role = project.values["IAM_ROLE"]["ARN"]
    return f"COPY t FROM 's3://{project.bucket}/{prefix}' IAM_ROLE '{role}' FORMAT JSON 'auto'"


def dsn(project: Project, **changes: str) -> str:
    cluster = project.values["CLUSTER"]
    values = {
        "host": cluster["HOST"],
        "port": cluster["DB_PORT"],
        "dbname": cluster["DB_NAME"],
        "user": cluster["DB_USER"],
        "password": PASSWORD,
        "sslmode": "verify-full",
        "sslrootcert": str(project.standin.ca_file),
        **changes,
    }
    return extensions.make_dsn(**values)
