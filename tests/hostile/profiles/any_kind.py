"""Mistakes that can be made in a file of any kind: in TOML itself, in keys, in the types of values."""

from __future__ import annotations

import re

from hostile.profiles.plant import Line, Mutation, Planted, Sound

#: Tables whose keys are the author's own words.
_FREE = ("sources", "operators", "scenario.states", "operators_until", "dims")


def _texts(sound: Sound) -> list[Line]:
    return [line for line in sound.pairs if line.is_text and line.table not in _FREE and line.key != "extends"]


def _required(sound: Sound) -> list[Line]:
    """Lines with texts that must be there and say something."""
    if sound.kind == "standards":
        names = ("name", "title", "source", "shows", "cannot_show")
    else:
        names = {"devices": ("name", "vendor"), "workloads": ("name", "why", "source"), "partners": ("name", "source")}
        names = names.get(sound.kind, ("name", "version", "source"))
    return [line for line in sound.pairs if not line.table and line.key in names]


def _keys(sound: Sound) -> list[Line]:
    return [line for line in sound.pairs if line.table not in _FREE and len(line.key) > 3]


def _swapped(word: str) -> str:
    """The word with two letters in each other's place."""
    middle = next(at for at in range(1, len(word) - 1) if word[at] != word[at + 1])
    return word[:middle] + word[middle + 1] + word[middle] + word[middle + 2 :]


# What is no TOML


def key_twice(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.value != "["], "key_twice")
    return line and Planted(
        sound.with_line(line, f"{sound.row(line)}\n{sound.row(line)}"), line.number + 1, "", "this key is set already"
    )


def quote_left_open(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.is_text], "quote_left_open")
    return line and Planted(sound.with_line(line, sound.row(line)[:-1]), line.number, "", "not closed by a quote")


def no_quotes(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in _texts(sound) if re.match('"[A-Za-z]', line.value)], "no_quotes")
    bare = line and line.value.strip('"').replace("true", "yes").replace("inf", "of").replace("nan", "non")
    return line and Planted(sound.valued(line, bare), line.number, "", "no value: text stands in quotes")


def curly_quotes(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "curly_quotes")
    says = "straight quotes, not in \u201c"
    return line and Planted(sound.valued(line, "\u201c" + line.value.strip('"') + "\u201d"), line.number, "", says)


def quote_inside(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "quote_inside")
    return line and Planted(
        sound.valued(line, f'"the "so-called" {line.value[1:]}'), line.number, "", "without a quote inside"
    )


def path_of_windows(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "path_of_windows")
    return line and Planted(sound.valued(line, r'"C:\docs\sheet.pdf"'), line.number, "", "a backslash is written twice")


def no_equals_sign(sound: Sound) -> Planted | None:
    line = sound.pick(sound.pairs, "no_equals_sign")
    text = sound.with_line(line, sound.row(line).replace("=", " ", 1))
    return Planted(text, line.number, "", "a key and its value have '=' between them")


def colon(sound: Sound) -> Planted | None:
    line = sound.pick(sound.pairs, "colon")
    text = sound.with_line(line, re.sub(" *= *", ": ", sound.row(line), count=1))
    return Planted(text, line.number, "", "a key and its value have '=' between them")


def merge_marks(sound: Sound) -> Planted | None:
    line = sound.pick(sound.pairs, "merge_marks")
    return Planted(sound.with_line(line, f"<<<<<<< HEAD\n{sound.row(line)}"), line.number, "", "a merge left its marks")


def value_left_out(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.value != "["], "value_left_out")
    return line and Planted(sound.valued(line, ""), line.number, "", "no value: text stands in quotes")


def true_of_python(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "true_of_python")
    return line and Planted(sound.valued(line, "True"), line.number, "", "no value")


def header_left_open(sound: Sound) -> Planted | None:
    text, line = sound.added("[zzqx")
    return Planted(text, line, "", "expected ']' at the end of a table declaration")


def key_in_a_text(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "key_in_a_text")
    return line and Planted(
        sound.with_line(line, f'{sound.row(line)}\n{line.key}.first = "x"'), line.number + 1, "", "set already"
    )


def table_in_a_text(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in _texts(sound) if not line.table], "table_in_a_text")
    text, number = sound.added(f"[{line.key}.more]")
    return Planted(text, number, "", "this key is set already")


def table_twice(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.headers if "[" not in line.table], "table_twice")
    if line is None:
        return None
    text, number = sound.added(f"[{line.table}]")
    return Planted(text, number, "", "this table is there already")


def null_character(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "null_character")
    return line and Planted(sound.valued(line, f'"\0{line.value[1:]}'), line.number, "", r"illegal character '\x00'")


def escape_character(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "escape_character")
    return line and Planted(
        sound.valued(line, f'"\x1b[31m{line.value[1:]}'), line.number, "", r"illegal character '\x1b'"
    )


def cut_off(sound: Sound) -> Planted | None:
    line = [line for line in sound.pairs if line.is_text][-1]
    text = "\n".join(sound.text.split("\n")[: line.number])
    return Planted(text[:-2], line.number, "", "the text is not closed by a quote")


def not_utf8(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "not_utf8")
    text = sound.valued(line, '"@@"').encode()
    return Planted(text.replace(b'"@@"', b'"f\xfcr"'), line.number, "", "is not UTF-8: byte ")


def utf16(sound: Sound) -> Planted | None:
    return Planted(sound.text.encode("utf-16"), 1, "", "is not UTF-8: byte 0 is 0xff")


def two_megabytes(sound: Sound) -> Planted | None:
    return Planted(sound.text + "#" * 2**21, None, "", "is larger than 1 MiB")


def endless_digits(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "endless_digits")
    return line and Planted(sound.valued(line, "9" * 5000), line.number, "", "a number that is too long to be one")


def deep_nest(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "deep_nest")
    return line and Planted(sound.valued(line, "[" * 40 + "]" * 40), line.number, "", "is nested too deeply")


def bottomless_nest(sound: Sound) -> Planted | None:
    line = sound.pick(_texts(sound), "bottomless_nest")
    return line and Planted(sound.valued(line, "[" * 9000), line.number, "", "is nested too deeply")


def dots(sound: Sound) -> Planted | None:
    line = sound.pick(sound.pairs, "dots")
    return Planted(sound.with_line(line, "a." * 600 + "a = 1"), line.number, "", "a key has more than 12 parts")


def bare_look_alike(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if "a" in line.key and '"' not in line.key], "bare_look_alike")
    return line and Planted(
        sound.with_line(line, sound.row(line).replace("a", "\u0430", 1)), line.number, "", "CYRILLIC SMALL LETTER A"
    )


# Keys


def quoted_look_alike(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in _keys(sound) if "a" in line.key], "quoted_look_alike")
    if line is None:
        return None
    key = line.key.replace("a", "\u0430", 1)
    says = f"unknown key, with CYRILLIC SMALL LETTER A in it; did you mean '{line.key}'?"
    spelled = Line(line.number, line.table, key, "").spelled
    return Planted(sound.with_line(line, sound.row(line).replace(line.key, f'"{key}"', 1)), line.number, spelled, says)


def misspelt(salt: str) -> Mutation:
    def misspelt_key(sound: Sound) -> Planted | None:
        line = sound.pick(_keys(sound), f"misspelt {salt}")
        if line is None:
            return None
        key = _swapped(line.key)
        spelled = Line(line.number, line.table, key, "").spelled
        return Planted(
            sound.changed(line, line.key, key), line.number, spelled, f"unknown key; did you mean '{line.key}'?"
        )

    return misspelt_key


def capital_key(sound: Sound) -> Planted | None:
    line = sound.pick(_keys(sound), "capital_key")
    key = line.key.upper()
    spelled = Line(line.number, line.table, key, "").spelled
    return Planted(sound.changed(line, line.key, key), line.number, spelled, f"did you mean '{line.key}'?")


def invented_key(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.table not in _FREE and line.value != "["], "invented_key")
    spelled = Line(line.number, line.table, "zzqx", "").spelled
    text = sound.with_line(line, f"{sound.row(line)}\nzzqx = 1")
    return Planted(text, line.number + 1, spelled, "unknown key; expected one of '")


def invented_table(sound: Sound) -> Planted | None:
    text, number = sound.added("[zzqx]\nmore = 1")
    return Planted(text, number, "zzqx", "unknown key; expected one of '")


def own_id(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if not line.table], "own_id")
    text = sound.with_line(line, f'id = "{sound.id}"\n{sound.row(line)}')
    return Planted(text, line.number, "id", "unknown key; the file's name is the id")


def key_left_out(sound: Sound) -> Planted | None:
    line = sound.pick(_required(sound), "key_left_out")
    if line is None or "extends" in sound.own:
        return None
    return Planted(sound.without(line), 1, "", f"missing key '{line.key}'")


def table_misspelt(sound: Sound) -> Planted | None:
    parents = {re.split(r"[.\[]", line.table)[0] for line in sound.headers if "." in line.table}
    headers = [line for line in sound.headers if re.fullmatch(r"[a-z_]{5,}", line.table) and line.table not in parents]
    line = sound.pick(headers, "table_misspelt")
    if line is None:
        return None
    name = _swapped(line.table)
    text = sound.changed(line, line.table, name)
    return Planted(text, line.number, name, f"unknown key; did you mean '{line.table}'?")


def key_below_a_table(sound: Sound) -> Planted | None:
    """A key of the file itself behind a header: it is the table's then."""
    tables = [line for line in sound.headers if line.table not in _FREE]
    keys = [line for line in sound.pairs if not line.table and line.value != "["]
    table = sound.pick(tables, "key_below_a_table")
    known = {"name", "summary", "kind", "source", "grade", "why", "power_mode", "standards", "provider", "storage"}
    line = sound.pick([line for line in keys if line.key not in known], "key_below_a_table")
    if table is None or line is None or (table.table in ("policy",) and line.key == "summary"):
        return None
    rows = sound.with_line(table, f"{table.value}\n{sound.row(line)}").split("\n")
    del rows[line.number - 1]
    says = f"unknown key here; '{line.key}' is a key of the file itself: above its first [table]"
    return Planted("\n".join(rows), table.number, f"{table.table}.{line.key}", says)


# Values


def _valued(name: str, value: str, says: str) -> Mutation:
    def mutation(sound: Sound) -> Planted | None:
        words = [line for line in sound.pairs if line in _required(sound)] or _texts(sound)
        line = sound.pick([line for line in words if not line.table and line.key in _WORDS], name)
        return line and Planted(sound.valued(line, value), line.number, line.spelled, says)

    return mutation


_WORDS = ("name", "vendor", "why", "source", "title", "shows", "cannot_show", "version", "summary")

number_for_text = _valued("number_for_text", "7", "expected text, found 7")
truth_for_text = _valued("truth_for_text", "true", "expected text, found true")
list_for_text = _valued("list_for_text", '["x"]', "expected text, found a list")
table_for_text = _valued("table_for_text", "{ first = 1 }", "expected text, found a table")
date_for_text = _valued("date_for_text", "2026-04-01", "expected text, found the date or time 2026-04-01")
nan_for_text = _valued("nan_for_text", "nan", "expected text, found nan")
empty_text = _valued("empty_text", '""', "must not be empty")
blank_text = _valued("blank_text", '"   "', "must not be empty")


def number_in_a_list(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if re.match(r'\["', line.value)], "number_in_a_list")
    if line is None:
        return None
    text = sound.valued(line, line.value.replace("]", ", 7]"))
    count = len(re.findall('"[^"]*"', line.value))
    return Planted(text, line.number, f"{line.spelled}[{count}]", "found 7")


def text_for_list(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if re.match(r'\["', line.value)], "text_for_list")
    return line and Planted(sound.valued(line, '"x"'), line.number, line.spelled, "expected a list, found 'x'")


def list_left_open(sound: Sound) -> Planted | None:
    lines = [line for line in sound.pairs if re.match(r'\["', line.value)]
    lines = [line for line in lines if sound.text.split("\n")[line.number : line.number + 1] not in ([], [""])]
    line = sound.pick(lines, "list_left_open")
    return line and Planted(
        sound.with_line(line, sound.row(line).rstrip("]")), line.number + 1, "", "a list above is not closed by ]"
    )


def twice_in_a_list(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if re.match(r'\["', line.value)], "twice_in_a_list")
    if line is None:
        return None
    words = re.findall('"[^"]*"', line.value)
    text = sound.valued(line, line.value.replace("]", f", {words[0]}]"))
    return Planted(text, line.number, f"{line.spelled}[{len(words)}]", "is there already")


# What is no mistake


def byte_order_mark(sound: Sound) -> Planted | None:
    return Planted(b"\xef\xbb\xbf" + sound.text.replace("\n", "\r\n").encode())


def tabs(sound: Sound) -> Planted | None:
    rows = [re.sub(r"^([a-z_]+) = ", r"\t\1\t=\t", row) for row in sound.text.split("\n")]
    return Planted("\n".join(rows))


def apostrophes(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in _texts(sound) if "'" not in line.value], "apostrophes")
    return line and Planted(sound.valued(line, line.value.replace('"', "'")))


def no_last_line_end(sound: Sound) -> Planted | None:
    return Planted(sound.text.rstrip("\n"))


ANY: tuple[Mutation, ...] = (
    key_twice, quote_left_open, no_quotes, curly_quotes, quote_inside, path_of_windows, no_equals_sign, colon,
    merge_marks, value_left_out, true_of_python, header_left_open, key_in_a_text, table_in_a_text, table_twice,
    null_character, escape_character, cut_off, not_utf8, utf16, two_megabytes, endless_digits, deep_nest,
    bottomless_nest, dots, bare_look_alike, quoted_look_alike, misspelt("one"), misspelt("two"), misspelt("three"),
    capital_key, invented_key, invented_table, own_id, key_left_out, table_misspelt, key_below_a_table,
    number_for_text, truth_for_text, list_for_text, table_for_text, date_for_text, nan_for_text, empty_text,
    blank_text, number_in_a_list, text_for_list, list_left_open, twice_in_a_list, byte_order_mark, tabs, apostrophes,
    no_last_line_end,
)  # fmt: skip
