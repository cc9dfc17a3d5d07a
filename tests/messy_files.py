"""CSV files as people make them: random ones, with every kind of mess that is known."""

from __future__ import annotations

from random import Random

QUESTIONS = ("immediate_danger", "condition_type", "detox_need", "recent_psychiatric_discharge")
ANSWERS = ("yes", "No", "unknown", "", " y ", "n/a", "declined", "mania", "self_harm;other", "Bipolar 1", "other")
WRONG = ("maybe", "yes and no", "mania;unknown", "2")
TEXTS = (
    "",
    "x",
    "call back",
    "a-b",
    "5' tall",
    'tall 5" or so',
    "Größe",
    "\u2028",
    "O'Neil",
    "-5",
    "+1.5%",
    "--",
    "\t",
    "?",
)
FORMULAS = ("=1+1", "@x", "+a", "-a", "-1,5x", "+1 555 0100", "\t=x", "=")
SEVERAL = (
    '=1\nb,"',
    "\nq",
    "two\nlines",
    "two\r\nlines",
    "old\rline",
    "a,b\nc,d",
    "\n",
    "=x\ny",
    'he "said"\nso',
    "1,mania,yes\n2,other,no",
)
BLANK = ("\n", "\r\n", "\r", "  \n", "\t\n", " \t \r\n", "\v\n", "\n\n\n", "\u2028\n")
MARKS = (
    b'"',
    b'""',
    b'"\n',
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b"\0",
    b"\xff",
    b"\xe9",
    b"\n\n",
    b"  \n",
    b'",',
    b',"',
    b"=",
)


def messy_file(random: Random, *, rows: int | None = None) -> tuple[bytes, str]:
    """A file and its encoding: anything from a tidy export to one that must be refused."""
    delimiter = random.choice([",", ",", ";", "\t", "|"])
    end = random.choice(["\n", "\n", "\r\n", "\r\n", "\r"])
    encoding = random.choice(["utf-8", "utf-8", "utf-8", "cp1252", "shift_jis"])
    header = [*random.sample(["nr", "notes", "more notes"], random.randint(0, 3)), *_some(random, QUESTIONS)]
    random.shuffle(header)
    mess = random.choice([0, 0, 0.02, 0.1, 0.5])
    quoting = random.choice([0, 0, 0.2, 1])
    blank, spaced = random.choice([0, 0, 0, 0.05, 0.5]), random.choice([None, end])
    lines = [delimiter.join(header) + end]
    for _ in range(random.randint(0, 40) if rows is None else rows):
        cells = [_cell(random, name, mess) for name in header]
        lines.append(delimiter.join(_written(random, cell, delimiter, quoting) for cell in cells))
        lines.append(random.choice(["\n", "\r\n", "\r", "\n\n"]) if random.random() < mess / 4 else end)
        if random.random() < blank:
            lines.append(spaced or random.choice(BLANK))
    data = "".join(lines).encode(encoding, "replace")
    if random.random() < mess:
        data = _damaged(random, data, after=len(lines[0]))
    return (data.rstrip(b"\r\n") if random.random() < 0.2 else data), encoding


def _some(random: Random, names: tuple[str, ...]) -> list[str]:
    return random.sample(names, random.randint(1, len(names)))


def _cell(random: Random, name: str, mess: float) -> str:
    if random.random() < mess:
        return random.choice(random.choice([WRONG, FORMULAS, SEVERAL]))
    if name not in QUESTIONS:
        return random.choice(TEXTS)
    if name == "condition_type":
        return random.choice(ANSWERS[-4:] + ANSWERS[2:4])
    return random.choice(ANSWERS[:7])


def _written(random: Random, cell: str, delimiter: str, quoting: float) -> str:
    needed = any(sign in cell for sign in (delimiter, "\n", "\r")) or cell.startswith('"')
    return '"' + cell.replace('"', '""') + '"' if needed or random.random() < quoting else cell


def _damaged(random: Random, data: bytes, *, after: int) -> bytes:
    """`data` with something put in, taken out or doubled, below the header."""
    for _ in range(random.randint(1, 3)):
        at = random.randint(min(after, len(data)), len(data))
        match random.randrange(3):
            case 0:
                data = data[:at] + random.choice(MARKS) + data[at:]
            case 1:
                data = data[:at] + data[at + random.randint(1, 3) :]
            case _:
                data = data[:at] + data[at : at + random.randint(1, 40)] + data[at:]
    return data
