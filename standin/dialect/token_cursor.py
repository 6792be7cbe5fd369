"""A read head over tokens, for the statements that are parsed rather than rewritten."""

from __future__ import annotations

from collections.abc import Sequence

from standin.dialect.lexer import Token, TokenKind, syntax_error


class TokenCursor:
    """Walks a token list; what does not fit is a syntax error near the token it met."""

    def __init__(self, tokens: Sequence[Token], position: int = 0, end: int | None = None) -> None:
        self.tokens = tokens
        self.position = position
        self.end = len(tokens) if end is None else end

    def peek(self, ahead: int = 0) -> Token | None:
        """The token `ahead` of the head, or None past the end."""
        index = self.position + ahead
        return self.tokens[index] if index < self.end else None

    def next(self) -> Token:
        """Take the next token."""
        token = self.peek()
        if token is None:
            raise syntax_error(None)
        self.position += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether exactly these words come next."""
        following = (self.peek(ahead) for ahead in range(len(words)))
        return all(
            token is not None and token.is_word(word)
            for token, word in zip(following, words, strict=True)
        )

    def accept(self, *words: str) -> bool:
        """Take these words if all of them come next."""
        if not self.sees(*words):
            return False
        self.position += len(words)
        return True

    def accept_any(self, *words: str) -> str | None:
        """Take the next token if it is one of these words, and say which."""
        token = self.peek()
        if token is None or not token.is_word(*words):
            return None
        self.position += 1
        return token.value

    def sees_op(self, operator: str) -> bool:
        """Whether this punctuation comes next."""
        token = self.peek()
        return token is not None and token.is_op(operator)

    def accept_op(self, operator: str) -> bool:
        """Take this punctuation if it comes next."""
        if not self.sees_op(operator):
            return False
        self.position += 1
        return True

    def expect(self, *words: str) -> None:
        """Take these words; anything else is a syntax error."""
        for word in words:
            if not self.accept(word):
                raise syntax_error(self.peek())

    def expect_op(self, operator: str) -> None:
        """Take this punctuation; anything else is a syntax error."""
        if not self.accept_op(operator):
            raise syntax_error(self.peek())

    def name(self) -> Token:
        """Take an identifier."""
        token = self.peek()
        if token is None or not token.is_name:
            raise syntax_error(token)
        return self.next()

    def integer(self) -> int:
        """Take a whole number with an optional sign."""
        sign = -1 if self.accept_op("-") else 1
        token = self.peek()
        if token is None or token.kind is not TokenKind.NUMBER or not token.text.isdigit():
            raise syntax_error(token)
        self.position += 1
        return sign * int(token.text)

    def qualified_name(self) -> list[Token]:
        """Take `name`, `schema.name` or `database.schema.name`."""
        parts = [self.name()]
        while self.accept_op("."):
            parts.append(self.name())
        return parts

    def names_in_parentheses(self) -> list[Token]:
        """Take `(a, b, ...)`."""
        self.expect_op("(")
        names = [self.name()]
        while self.accept_op(","):
            names.append(self.name())
        self.expect_op(")")
        return names

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self.peek() is not None:
            raise syntax_error(self.peek())
