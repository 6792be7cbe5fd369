"""What COPY and UNLOAD read alike: options in any order, each once, and who may use S3.

https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-authorization.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import INTERNAL_ERROR, SYNTAX_ERROR, SqlError

KEY_PARTS = ("access_key_id", "secret_access_key", "session_token")

# The wording of current clusters; the manual's page shows an older one without aws_iam_role.
INVALID_CREDENTIALS = (
    "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
    "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
)
_KEYS_LITERAL = re.compile(
    r"aws_access_key_id=([^;\s]+);aws_secret_access_key=([^;\s]+)(?:;token=([^;\s]+))?"
)


@dataclass(frozen=True)
class AccessKeys:
    """The credentials that a COPY brings itself; what is secret of them is never printed."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class OptionReader:
    """Reads options into the fields of a command; `statement` is COPY or UNLOAD."""

    statement = "COPY"

    def __init__(self, cursor: TokenCursor) -> None:
        self._cursor = cursor
        self._fields: dict[str, object] = {}
        self._seen: set[str] = set()
        self._keys: dict[str, str] = {}

    def _authorization(self) -> dict[str, object]:
        if self._keys:
            if self._seen & {"iam_role", "credentials"}:
                raise SqlError(SYNTAX_ERROR, "conflicting or redundant options")
            if not {"access_key_id", "secret_access_key"} <= set(self._keys):
                raise SqlError(INTERNAL_ERROR, INVALID_CREDENTIALS)
            return {"access_keys": AccessKeys(*map(self._keys.get, KEY_PARTS))}  # type: ignore[arg-type]
        if not self._seen & {"iam_role", "credentials"}:
            raise SqlError(
                INTERNAL_ERROR,
                INVALID_CREDENTIALS,
                hint=f"This {self.statement} names no authorization; "
                "add IAM_ROLE default or IAM_ROLE '<arn>'.",
            )
        return {}

    def _once(self, option: str) -> None:
        if option in self._seen:
            raise SqlError(SYNTAX_ERROR, "conflicting or redundant options")
        self._seen.add(option)

    def _set(self, option: str, field: str, value: object) -> None:
        self._once(option)
        self._fields[field] = value

    def _argument(self, kind: TokenKind) -> Token:
        self._cursor.accept("as")
        token = self._cursor.next()
        if token.kind is not kind:
            raise syntax_error(token)
        return token

    def _string(self) -> str:
        return self._argument(TokenKind.STRING).value

    def _integer(self) -> int:
        token = self._argument(TokenKind.NUMBER)
        if not token.value.isdigit():
            raise syntax_error(token)
        return int(token.value)

    def _sees_string(self) -> bool:
        """Whether an argument follows that may also be left out."""
        token = self._cursor.peek()
        ahead = 1 if token is not None and token.is_word("as") else 0
        argument = self._cursor.peek(ahead)
        return argument is not None and argument.kind is TokenKind.STRING

    def _iam_role(self) -> None:
        if self._cursor.accept("default"):
            role = "default"
        else:
            token = self._cursor.next()
            if token.kind is not TokenKind.STRING:
                raise syntax_error(token)
            role = token.value
        self._set("iam_role", "role", role)

    def _with(self) -> None:
        self._cursor.expect("credentials")
        self._credentials()

    def _credentials(self) -> None:
        text = self._string()
        keys = _KEYS_LITERAL.fullmatch(text)
        if keys:
            self._set("credentials", "access_keys", AccessKeys(keys[1], keys[2], keys[3]))
            return
        name, _, role = text.partition("=")
        if name != "aws_iam_role" or not role or ";" in role:
            raise SqlError(INTERNAL_ERROR, INVALID_CREDENTIALS)
        self._set("credentials", "role", role)

    def _null(self) -> None:
        token = self._argument(TokenKind.STRING)
        # In a string of SQL \N is no escape, and yet it is how everybody writes it.
        text = "\\N" if token.text == "'\\N'" else unescaped(token.value)
        if "\n" in text:
            raise SqlError(SYNTAX_ERROR, "NULL AS cannot be a line break")
        self._set("null", "null_as", text)


def one_character(option: str, text: str) -> str:
    """The text, if it is what such an option takes."""
    if len(text) != 1 or not text.isascii() or text == "\0":
        raise SqlError(SYNTAX_ERROR, f"{option} takes one ASCII character, got '{text}'")
    return text


def unescaped(text: str) -> str:
    """A control character that was written with two backslashes: \\t or octal \\ddd."""
    if re.fullmatch(r"\\[0-7]{1,3}", text):
        return chr(int(text[1:], 8))
    return "\t" if text == "\\t" else text
