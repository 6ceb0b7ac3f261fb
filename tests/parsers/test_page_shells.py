"""Web shells are told by what they do; ordinary pages that look like them are left alone."""

from typing import Any

import pytest
from page_texts import rows, seen

from extriage.parsers.page.behaviours import behaviour_ids, table
from extriage.parsers.page.constants import TRICKS

SHELLS = rows("page_shells.yml")
ORDINARY = rows("page_lookalikes.yml")
HEAD = '<%@ Page Language="C#" %>'


@pytest.mark.parametrize("row", SHELLS, ids=lambda row: row["name"])
def test_a_web_shell_is_told_by_what_it_does(row: dict[str, Any]) -> None:
    fields = seen(row["text"], row["path"])
    assert row["does"] in fields["Behaviours"], fields["Reasons"]
    assert any(one.startswith("line ") for one in fields["Reasons"])
    assert set(fields["Behaviours"]) <= behaviour_ids()


@pytest.mark.parametrize("row", ORDINARY, ids=lambda row: row["name"])
def test_an_ordinary_page_is_left_alone(row: dict[str, Any]) -> None:
    fields = seen(row["text"], row["path"])
    assert set(fields["Behaviours"]) == set(row.get("may", ())), fields["Reasons"]
    assert fields["Tricks"] == ()
    assert fields["Decoded"] == ""


@pytest.mark.parametrize(
    ("trick", "code"),
    [
        ("split-text", 'var t = Type.GetType("System.Diag" + "nostics.Proc" + "ess");'),
        ("split-text", 'var t = Type.GetType(string.Concat("System.Diagnostics.Pr", "ocess"));'),
        ("split-text", 'var t = Type.GetType(string.Join("", new[]{"Syst", "em.Proc", "ess"}));'),
        ("split-text", 'string a = "Proc"; string b = "ess"; var t = Type.GetType(a + b);'),
        ("replaced-text", 'var t = Type.GetType("System.Xiagnostics.PrXcess".Replace("X", "o"));'),
        ("reversed-text", 'var t = Type.GetType(Strings.StrReverse("ssecorP.scitsongaiD"));'),
        ("character-codes", "var t = Type.GetType(\"Proc\" + (char)101 + (char)(115) + 's');"),
        (
            "character-codes",
            "var t = Type.GetType(new string(new char[] { 'P', 'r', 'o', 'c', 'e', 's', 's' }));",
        ),
        (
            "character-codes",
            "var t = Type.GetType(E.GetString(new byte[]{80, 0x72, 111, 99, 101, 115, 115}));",
        ),
        (
            "base64-text",
            'var t = Type.GetType(E.UTF8.GetString(Convert.FromBase64String("UHJvY2Vzcw==")));',
        ),
        ("encoded-text", 'var t = Type.GetType(HttpUtility.UrlDecode("%50rocess"));'),
        ("hex-text", 'var t = Type.GetType(E.GetString(Convert.FromHexString("50726f63657373")));'),
        ("escaped-names", "var p = \\u0050roc~ess.Start(x);"),
        ("escaped-names", "var p = Pr\\U0000006fc~ess.Start(x);"),
        ("escaped-text", 'var t = Type.GetType("\\x50\\x72\\x6f\\x63\\x65ss");'),
        ("format-characters", "var p = Proc\u200bess.Start(x);"),
        ("look-alike-letters", "var p = \u0420roc~ess.Start(x);"),
        ("comment-splicing", "var p = Proc~ess/*a*/./*b*/Start(x);"),
        ("verbatim-names", "var p = @Proc~ess.Start(x);"),
        ("odd-case", "var p = pRoCeSs.sTaRt(x);"),
        ("renamed-types", "</script><script runat=server>using P = System.Diagnostics.Process;"),
    ],
)
def test_a_trick_is_named(trick: str, code: str) -> None:
    code = code if trick != "renamed-types" else "\nusing P = System.Diagnostics.Process;\nvar a=1;"
    fields = seen(f'{HEAD}<script runat="server">{code}</script>')
    assert trick in fields["Tricks"]
    assert any(table().tricks[trick] in one for one in fields["Reasons"])


def test_what_was_hidden_is_shown() -> None:
    code = 'Type.GetType("System.Diag"/**/+ "nostics.Proc" + "ess")./*x*/Get\\u004dethod(@a); '
    code += "int b = 1;"
    fields = seen(f"{HEAD}<% {code} %>")
    assert fields["Decoded"].startswith(
        '<%@ Language="c#" %>\n<%\n'
        'Type.GetType("System.Diagnostics.Process").GetMethod(a);\nint b=1;\n'
    )
    encoded = "PCVAIFBhZ2UgTGFuZ3VhZ2U9IkMjIiAlPjwlIFJlc3BvbnNlLldyaXRlKDEpOyAlPg=="
    fields = seen(f'{HEAD}<% string s = "{encoded}" + Req~uest["a"]; %>')
    assert '<%@ Page Language="C#" %><% Response.Write(1); %>' in fields["Decoded"]


def test_every_trick_has_a_sentence() -> None:
    assert set(TRICKS.values()) <= table().tricks.keys()


def test_only_what_is_left_of_a_path_counts() -> None:
    kept = (
        f'{HEAD}<% System.IO.File.WriteAllText("C:/x/" + Path.GetFileName(Req~uest["p"]), "a"); %>'
    )
    assert seen(kept)["Behaviours"] == ()
    chosen = f'{HEAD}<% System.IO.File.WriteAllText("C:/x/" + Req~uest["p"], "a"); %>'
    assert seen(chosen)["Behaviours"] == ("opens-file-of-request",)


def test_a_number_of_the_request_is_harmless() -> None:
    fields = seen(f'{HEAD}<% Proc~ess.Start("tool.exe", int.Parse(Req~uest["n"]).ToString()); %>')
    assert fields["Behaviours"] == ("runs-fixed-program",)


@pytest.mark.parametrize(
    ("code", "does"),
    [
        ('Proc~ess.Start("cm~d.exe", "/c iisreset");', "runs-fixed-program"),
        ('var i = new Proc~essStartInfo("a.exe", "b"); Proc~ess.Start(i);', "runs-fixed-program"),
        (
            'var p = new Proc~ess(); p.StartInfo.FileName = "a.exe"; p.Start();',
            "runs-fixed-program",
        ),
        ('string f = Server.MapPath("a.exe"); Proc~ess.Start(f);', "runs-fixed-program"),
        ('Proc~ess.Start(ConfigurationManager.AppSettings["tool"]);', "runs-fixed-program"),
        ('Proc~ess.Start((string)Session["order"]);', "runs-program"),
        ('string f = File.ReadAllText("a.txt"); Proc~ess.Start(f);', "runs-program"),
        ("var p = new Proc~ess(); p.StartInfo.FileName = order; p.Start();", "runs-program"),
        (
            'var i = new Proc~essStartInfo("a.exe"); i.ArgumentList.Add(order); Proc~ess.Start(i);',
            "runs-program",
        ),
        ('string f = Req~uest["f"]; Proc~ess.Start(f);', "runs-program-of-request"),
    ],
)
def test_what_a_page_settles_itself_is_the_same_for_everybody(code: str, does: str) -> None:
    found = set(seen(f"{HEAD}<% {code} %>")["Behaviours"]) - {"names-interpreter"}
    assert found == {does}


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ('Response.TransmitFile(Req~uest["f"]);', True),
        ('string f = Req~uest["f"]; Response.WriteFile(f);', True),
        ('Response.TransmitFile(Server.MapPath("/docs/" + Req~uest["f"]));', False),
        ('string f = "docs/" + Req~uest["f"]; Response.WriteFile(Server.MapPath(f));', False),
    ],
)
def test_a_folder_in_front_of_a_name_counts(code: str, whole: bool) -> None:
    found = seen(f"{HEAD}<% {code} %>")["Behaviours"]
    assert "reads-file-of-request" in found
    assert ("reads-any-file-of-request" in found) is whole


def test_code_in_markup_that_is_written_for_readers_is_no_code() -> None:
    quoted = "Proc~ess.Start(&quot;cm~d.exe&quot;, Req~uest[&quot;c&quot;]);"
    fields = seen(f"{HEAD}<pre>&lt;% {quoted} %&gt;</pre><pre>{quoted}</pre>")
    assert fields["Behaviours"] == ()


@pytest.mark.parametrize("end", ["\r", "\u2028", "\u0085"])
def test_each_end_of_a_line_ends_a_comment(end: str) -> None:
    fields = seen(f'{HEAD}<% Proc~ess//a{end}.Start//b{end}(Req~uest//c{end}["c"]); %>')
    assert "runs-program-of-request" in fields["Behaviours"]
    assert "comment-splicing" in fields["Tricks"]


def test_comments_that_explain_are_no_trick() -> None:
    code = "var rows = Find(all) // those that are due\n  .Take(9) // a page\n  .ToList();"
    assert seen(f"{HEAD}<% {code} var id = Request[0]; %>")["Tricks"] == ()


def test_code_hidden_in_code_hidden_in_code_is_followed_twice() -> None:
    inner = "evaluated"
    fields = seen(f'<%@ Page Language="JScript" %><% ev~al("ev~al(\'{inner}\' + Req~uest[1])"); %>')
    assert "evaluates-request" in fields["Behaviours"]
    assert "runs-hidden-code" in fields["Behaviours"]


def test_a_password_that_is_kept_is_told() -> None:
    code = 'System.IO.File.AppendAllText("x", Req~uest["user"] + Req~uest["password"]);'
    assert "stores-password" in seen(f"{HEAD}<% {code} %>")["Behaviours"]
    other = 'System.IO.File.AppendAllText("x", Req~uest["user"]);'
    assert seen(f"{HEAD}<% {other} %>")["Behaviours"] == ("stores-upload",)


def test_a_packed_program_is_found() -> None:
    import base64
    import gzip

    program = base64.b64encode(gzip.compress(b"MZ" + bytes(600))).decode()
    fields = seen(f'{HEAD}<% var a = Load(Convert.FromBase64String("{program}")); %>')
    assert "loads-embedded-program" in fields["Behaviours"]
    picture = base64.b64encode(gzip.compress(b"GIF89a" + bytes(600))).decode()
    fields = seen(f'{HEAD}<% var a = Load(Convert.FromBase64String("{picture}")); %>')
    assert fields["Behaviours"] == ()


def test_very_long_pages_are_read_where_it_matters() -> None:
    junk = "int counter = counter + 1;\n" * 40_000
    fields = seen(
        f'{HEAD}<script runat="server">{junk} Proc~ess.Start(Req~uest["c"]); {junk}</script>'
    )
    assert "runs-program-of-request" in fields["Behaviours"]
    assert fields["Reasons"][0].startswith("line 40001:")
