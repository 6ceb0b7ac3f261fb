"""Constants that a page puts together are worked out, and nothing else is."""

import pytest

from extriage.parsers.page.constants import LARGEST, from_base64, unpacked
from extriage.parsers.page.folding import fold
from extriage.parsers.page.tokens import Tokens


def worked_out(code: str, language: str = "c#") -> str:
    words = fold(list(Tokens(code, 1, language).read()), basic=language == "vb")
    return " ".join(f'"{one.text}"' if one.kind in "sb" else one.text for one in words)


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ('"a" + "b" + "c"', '"abc"'),
        ('("a" + ("b")) + "c"', '"abc"'),
        ('x + "a" + "b"', 'x + "ab"'),
        ('"a" + 1', '"a1"'),
        ('return ("a");', 'return "a" ;'),
        ('(char)97 + "b"', '"ab"'),
        ("(char)(90 + 7)", '"a"'),
        ("(char)(0x41 ^ 0x20)", '"a"'),
        ("f(3 * 4)", "f ( 12 )"),
        ("9 - 1 + 2", "10"),
        ("new string(new char[] { 'a', 'b' })", '"ab"'),
        ("new string(new[] { 'a', 'b' })", '"ab"'),
        ("String.fromCharCode(97, 98)", '"ab"'),
        ('string.Concat("a", "b")', '"ab"'),
        ('string.Concat(new string[] { "a", "b" })', '"ab"'),
        ('string.Join("-", new[] { "a", "b" })', '"a-b"'),
        ('string.Join("-", "a", "b")', '"a-b"'),
        ('["a", "b"].join("")', '"ab"'),
        ('["b", "a"].reverse().join("")', '"ab"'),
        ('"axb".Replace("x", "-")', '"a-b"'),
        ("\"a,b\".Split(',')", "a\0b"),
        ('"AB".ToLower() + "ab".ToUpperInvariant()', '"abAB"'),
        ('"abcd".Substring(1, 2)', '"bc"'),
        ('"abcd".Substring(2)', '"cd"'),
        ('string.Format("{0}-{1}", "a", "b")', '"a-b"'),
        ('string.Format("{5}", "a")', '"{5}"'),
        ('Encoding.UTF8.GetString(Convert.FromBase64String("YWI="))', '"ab"'),
        ('Encoding.Unicode.GetString(Convert.FromBase64String("YQBiAA=="))', '"ab"'),
        ("Encoding.ASCII.GetString(new byte[] { 97, 0x62 })", '"ab"'),
        ('Encoding.UTF8.GetString(Encoding.UTF8.GetBytes("ab"))', '"ab"'),
        ('Convert.FromHexString("6162")', '"ab"'),
        ('unescape("%61%u0062")', '"ab"'),
        ('HttpUtility.HtmlDecode("&#97;b")', '"ab"'),
        ('@"a\\b" + "\\x63"', '"a\\bc"'),
        ('var a = "x"; var b = a + "y"; f(b);', 'var a = "x" ; var b = "xy" ; f ( "xy" ) ;'),
        ('var a = "x"; a += "y"; f(a);', 'var a = "x" ; a += "y" ; f ( "xy" ) ;'),
    ],
)
def test_constants_are_worked_out(code: str, plain: str) -> None:
    assert worked_out(code, "jscript" if '["' in code or "unescape" in code else "c#") == plain


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ('"a" & "b"', '"ab"'),
        ("Chr(97) & ChrW(&H62)", '"ab"'),
        ('StrReverse("ba")', '"ab"'),
        ('Replace("axb", "x", "")', '"ab"'),
        ('Join(Array("a", "b"), "")', '"ab"'),
        ('Mid("xabx", 2, 2)', '"ab"'),
        ('LCase("AB") & UCase("ab")', '"abAB"'),
        ('"say ""a"""', '"say "a""'),
        ('Dim a As String = "x"\nf(a)', 'Dim a As String = "x" ; f ( "x" )'),
    ],
)
def test_those_of_visual_basic_too(code: str, plain: str) -> None:
    assert worked_out(code, "vb") == plain


@pytest.mark.parametrize(
    "code",
    [
        'f("a", x)',
        'x.Replace("a", "b")',
        '"a".Replace("", "b")',
        '"a".Replace(x, "b")',
        "string.Join(x, y)",
        "Convert.FromBase64String(x)",
        'Convert.FromHexString("zz")',
        'Encoding.UTF8.GetString("a")',
        '"abcd".Substring(x)',
        "f(x + 1)",
    ],
)
def test_what_is_no_constant_stays(code: str) -> None:
    assert worked_out(code) == worked_out(code).replace("  ", " ")
    assert all(word in worked_out(code) for word in ("(", ")"))


@pytest.mark.parametrize(
    "code",
    [
        'var a = "x"; a = Request["a"]; f(a);',
        'var a = "x"; g(ref a); f(a);',
        'var a = "x"; a -= 1; f(a);',
        'void g(string a = "x") { f(a); }',
        'o.a = "x"; f(a);',
        'if (a == "x") f(a);',
    ],
)
def test_a_name_that_changes_is_no_constant(code: str) -> None:
    assert worked_out(code).replace(" }", "").endswith("f ( a ) ;")


def test_what_is_too_large_is_left_alone() -> None:
    assert worked_out('"' + "a" * 2000 + '".Replace("a", "' + "b" * 2000 + '")').count("a") > 1999
    assert from_base64("A") is None
    assert from_base64("QQ") == b"A"
    assert unpacked(b"\x1f\x8bnonsense") == b"\x1f\x8bnonsense"
    import gzip

    assert len(unpacked(gzip.compress(bytes(4 * LARGEST)))) == LARGEST
