"""Lateral column aliases: the alias of a select list's item used in a later item, WHERE, HAVING.

https://aws.amazon.com/about-aws/whats-new/2018/08/amazon-redshift-announces-support-for-lateral-column-alias-reference/
A column of FROM wins over an alias of the same name. Which columns there are only PostgreSQL
knows, so it decides: where rows are still single, an alias becomes a LATERAL query in which the
name is looked up among FROM's columns first (an inner scope) and in the alias second (an outer
one). Behind grouping the alias's expression itself takes the alias's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from standin.dialect import nested_aliases, selects
from standin.dialect.alias_values import Condition, Lateral, Parenthesised, always, refused
from standin.dialect.edits import Edits, constant
from standin.dialect.folding import quoted
from standin.dialect.from_clause import From, parse_from
from standin.dialect.known_columns import KnownColumns
from standin.dialect.lexer import TokenKind
from standin.dialect.nested_aliases import NestedUse
from standin.dialect.redshift import LABELS_THAT_NEED_AS, words
from standin.dialect.selects import Item, Select
from standin.dialect.statement import Statement

AGGREGATES = words(
    """
    any_value avg bit_and bit_or bool_and bool_or count hll listagg max median min percentile_cont
    percentile_disc stddev stddev_pop stddev_samp sum var_pop var_samp variance
    """
)


def resolve(statement: Statement, known: KnownColumns = ()) -> Edits:
    """The edits that give every use of an alias its meaning."""
    edits = Edits()
    found = list(selects.find(statement))
    for select in found:
        if any(item.alias is not None for item in select.items):
            _write_as(statement, select, edits)
            _Resolver(statement, select, edits, found, known).resolve()
    return edits


def _write_as(statement: Statement, select: Select, edits: Edits) -> None:
    for item in select.items:
        is_bare = item.alias is not None and item.alias is statement.tokens[item.high]
        if is_bare and item.name in LABELS_THAT_NEED_AS:
            edits.instead[item.high] = constant(f"AS {quoted(item.name)}")


class _Resolver:
    """Resolves the aliases of one SELECT."""

    def __init__(
        self,
        statement: Statement,
        select: Select,
        edits: Edits,
        found: Sequence[Select],
        known: KnownColumns,
    ) -> None:
        self._statement = statement
        self._found = found
        self._known = known
        self._tokens = statement.tokens
        self._select = select
        self._edits = edits
        span = select.clauses.get("from")
        self._from = parse_from(statement, *span) if span else From()
        self._aggregate_arguments = list(self._find_aggregate_arguments())
        self._is_grouped = bool(
            self._aggregate_arguments or {"group by", "having"} & set(select.clauses)
        )
        self._laterals: dict[int, Lateral] = {}
        self._group_keys = self._bare_group_keys()

    def resolve(self) -> None:
        aliases: dict[str, Item] = {}
        for item in self._select.items:
            self._resolve_span(item.low, item.high, aliases)
            if item.alias is None and item.high - item.low == 1:
                self._keep_name(item.low)
            if item.name and not self._is_column(item):
                aliases[item.name] = item
        if not aliases:
            return
        for clause in ("where", "having", "qualify"):
            self._resolve_span(*self._select.clauses.get(clause, (0, 0)), aliases)
        for low, high in [*self._keys("group by"), *self._order_keys()]:
            # PostgreSQL knows an alias that is the whole key.
            if high - low > 1:
                self._resolve_span(low, high, aliases)

    def _resolve_span(self, low: int, high: int, aliases: dict[str, Item]) -> None:
        if not aliases:
            return
        for index in selects.outside_queries(self._statement, low, high):
            item = aliases.get(self._tokens[index].value)
            if item is not None and selects.is_reference(self._statement, index):
                self._refer(index, item)
        nested = nested_aliases.references(self._statement, self._select, self._found, (low, high))
        for index, select in nested:
            item = aliases.get(self._tokens[index].value)
            if item is not None:
                self._refer_from(select, index, item)

    def _keep_name(self, index: int) -> None:
        """An item that is nothing but an alias is called like it."""
        if index in self._edits.instead and self._tokens[index].is_name:
            self._edits.append(index, constant(f" AS {quoted(self._tokens[index].value)}"))

    def _refer(self, index: int, item: Item) -> None:
        per_row = self._is_per_row(index)
        if self._is_beyond_rows(item):
            # Neither WHERE nor another aggregate can take one: it must be FROM's column.
            if not self._is_before_grouping(index):
                self._edits.instead[index] = Parenthesised(item)
        elif self._can_be_lateral(item) and (per_row or item.name in self._group_keys):
            lateral = self._lateral(item, always)
            if not per_row:
                self._group_by(lateral)
            self._edits.instead[index] = constant(lateral.column)
        else:
            self._edits.instead[index] = Parenthesised(item)

    def _refer_from(self, nested: Select, index: int, item: Item) -> None:
        """A name in a nested query, which may have a column of that name itself."""
        use = NestedUse(self._statement, nested, item.name, self._edits, self._known)
        per_row = self._is_per_row(index)
        is_grouped_by = "group by" in self._select.clauses
        if self._is_beyond_rows(item):
            if self._is_before_grouping(index):
                return
            use.meaning = refused("an alias of an aggregate or a window function")
        elif self._can_be_lateral(item) and (per_row or is_grouped_by):
            lateral = self._lateral(item, use.is_alias)
            if not per_row:
                self._group_by(lateral)
            use.meaning = constant(lateral.column)
        elif self._reads_columns(item):
            use.meaning = refused("an alias of this item")
        else:
            use.meaning = Parenthesised(item)
        self._edits.instead[index] = use

    def _reads_columns(self, item: Item) -> bool:
        """Whether the item's text may mean something else inside another query."""
        span = range(item.low, item.high)
        return any(selects.is_reference(self._statement, index) for index in span)

    def _can_be_lateral(self, item: Item) -> bool:
        """Not without FROM, for a NULL without a type, or where * means merged columns."""
        is_merged = self._from.is_natural or bool(self._from.using)
        has_star = any(self._is_star(other) for other in self._select.items)
        is_null = item.high - item.low == 1 and self._tokens[item.low].is_word("null")
        return bool(self._from.relations) and not is_null and not (is_merged and has_star)

    def _is_star(self, item: Item) -> bool:
        return item.high - item.low == 1 and self._tokens[item.low].text == "*"

    def _is_before_grouping(self, index: int) -> bool:
        low, high = self._select.clauses.get("where", (0, 0))
        return low <= index < high or any(a <= index < b for a, b in self._aggregate_arguments)

    def _is_per_row(self, index: int) -> bool:
        """Whether the place sees single rows, before any grouping."""
        return not self._is_grouped or self._is_before_grouping(index)

    def _is_column(self, item: Item) -> bool:
        """Whether FROM is known to have a column of the alias's name: the item itself reads it."""
        if item.name in self._from.using:
            return True
        for index in selects.outside_queries(self._statement, item.low, item.high):
            token = self._tokens[index]
            if token.value == item.name and token.is_name:
                if self._statement.text_at(index - 1) == ".":
                    return True
                if index not in self._edits.instead and selects.is_reference(
                    self._statement, index
                ):
                    return True
        return False

    def _is_beyond_rows(self, item: Item) -> bool:
        """Whether the item holds an aggregate or a window function."""
        spans = self._aggregate_arguments
        return any(item.low <= low < item.high for low, _ in spans) or any(
            self._tokens[index].is_word("over") or self._is_beyond_rows_at(index)
            for index in selects.outside_queries(self._statement, item.low, item.high)
        )

    def _is_beyond_rows_at(self, index: int) -> bool:
        """Whether the token stands for an alias that holds one."""
        edit = self._edits.instead.get(index)
        return isinstance(edit, Parenthesised) and self._is_beyond_rows(edit.item)

    def _find_aggregate_arguments(self) -> Iterator[tuple[int, int]]:
        """The arguments of the aggregates that are no window functions."""
        for low, high in self._evaluated_spans():
            for index in selects.outside_queries(self._statement, low, high):
                token = self._tokens[index]
                if token.kind is not TokenKind.WORD or token.value not in AGGREGATES:
                    continue
                closed = self._statement.closing.get(index + 1)
                if closed is not None and not self._has_window(closed):
                    yield index + 2, closed

    def _has_window(self, closed: int) -> bool:
        words = ("ignore", "respect", "nulls", "within", "group")
        index = closed + 1
        while self._statement.text_at(index).lower() in words or index in self._statement.closing:
            index = self._statement.closing.get(index, index) + 1
        return self._statement.text_at(index).lower() == "over"

    def _evaluated_spans(self) -> Iterator[tuple[int, int]]:
        for item in self._select.items:
            yield item.low, item.high
        for clause in ("having", "qualify", "order by"):
            if clause in self._select.clauses:
                yield self._select.clauses[clause]

    def _keys(self, clause: str) -> list[tuple[int, int]]:
        low, high = self._select.clauses.get(clause, (0, 0))
        return selects.comma_ranges(self._statement, low, high)

    def _order_keys(self) -> Iterator[tuple[int, int]]:
        """The keys of ORDER BY, without direction; a set operation's order by names only."""
        if self._select.in_set_operation:
            return
        for low, high in self._keys("order by"):
            end = high
            while end > low and self._tokens[end - 1].is_word(*selects.DIRECTIONS):
                end -= 1
            yield low, end

    def _bare_group_keys(self) -> set[str]:
        return {self._tokens[low].value for low, high in self._keys("group by") if high - low == 1}

    def _group_by(self, lateral: Lateral) -> None:
        """GROUP BY a takes FROM's column or the alias, the LATERAL query has the same value."""
        last = self._select.clauses["group by"][1] - 1
        if not any(edit == lateral.as_key for edit in self._edits.after.get(last, ())):
            self._edits.append(last, lateral.as_key)

    def _lateral(self, item: Item, is_needed: Condition) -> Lateral:
        """What FROM gets, where needed, for the value of the alias's name."""
        if item.low not in self._laterals:
            if not self._laterals:
                self._name_relations()
            number = f"{self._select.start}.{len(self._laterals) + 1}"
            self._laterals[item.low] = Lateral(item, number, self._stars())
            self._edits.append(self._from_end(), self._laterals[item.low])
        self._laterals[item.low].conditions.append(is_needed)
        return self._laterals[item.low]

    def _from_end(self) -> int:
        return self._select.clauses["from"][1] - 1

    def _stars(self) -> str:
        names = [relation.name or f"derived {relation.last}" for relation in self._from.relations]
        return ", ".join(f"{quoted(name)}.*" for name in names)

    def _name_relations(self) -> None:
        """Derived tables need names, and a bare * must not take in the LATERAL queries."""
        for relation in self._from.relations:
            if relation.name is None:
                text = f" AS {quoted(f'derived {relation.last}')}"
                self._edits.append(relation.last, constant(text))
        for item in self._select.items:
            if self._is_star(item):
                self._edits.instead[item.low] = constant(self._stars())
