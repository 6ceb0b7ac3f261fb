"""The script is PowerShell that version 2 runs; it looks at much and writes to one folder only."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from collecting import by_powershell
from lying_about import SERVER, SERVER_2010, Lying

from extriage.knowledge.places import SMALL, bases
from extriage.reports.recipes import powershell
from extriage.reports.recipes.choice import Choice

if TYPE_CHECKING:
    from tree_sitter import Node

tree_sitter = pytest.importorskip("tree_sitter", reason="no parser of PowerShell is here")
grammar = pytest.importorskip(
    "tree_sitter_powershell", reason="no grammar of PowerShell is here; syntax was not checked"
)

LOOKING = {
    *("Get-ChildItem", "Get-Item", "Test-Path", "Join-Path", "Split-Path", "Where-Object"),
    *("ForEach-Object", "New-Object", "Write-Host", "Out-Null", "Set-StrictMode"),
}
"""Cmdlets of version 2 that change nothing."""
PARAMETERS = {
    *("-literalpath", "-path", "-recurse", "-force", "-erroraction", "-errorvariable"),
    *("-itemtype", "-parent", "-version"),
}
"""Parameters that they have in version 2: no -File, -Directory, -Depth, -Raw."""
OPERATORS = {
    *("-eq", "-ne", "-gt", "-ge", "-lt", "-le", "-like", "-notlike", "-match", "-notmatch"),
    *("-band", "-and", "-or", "-not", "-join", "-split", "-replace", "-contains"),
}
"""Operators of version 2: no -in, -shl, ??, ternary."""
WRITERS = {"AppendAllText", "WriteLine"}
PROGRAMS = {r"System32\robocopy.exe", r"System32\reg.exe", r"System32\wevtutil.exe"}
LATER = re.compile(
    r"\[ordered\]|\[pscustomobject\]|::new\(|\$PSItem|\$PSScriptRoot|IsNullOrWhiteSpace"
    r"|\.(?:Where|ForEach)\(|\busing\b\s+namespace|\bclass\b|&&|\|\||\?\?|\?\.",
    re.IGNORECASE,
)
"""What came with version 3 and later, or with .NET 4."""


def script(choice: Choice | None = None) -> str:
    return powershell.render(choice or Choice())


def nodes(text: str) -> Iterator[tuple[str, str, "Node"]]:
    """Yield the type and the text of each node of the script's tree."""
    raw = text.encode()
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    waiting = [parser.parse(raw).root_node]
    while waiting:
        node = waiting.pop()
        yield node.type, raw[node.start_byte : node.end_byte].decode(), node
        waiting += reversed(node.children)


def code(text: str) -> str:
    """Return the script without comments and strings."""
    bare = re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)
    bare = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", bare)
    return re.sub(r"#[^\n]*", "", bare)


@pytest.mark.parametrize(
    "choice",
    [
        Choice(),
        Choice(days=14, install="E:/Exchange Server", iis_logs="F:/Logs", generation="2010"),
        Choice(only=("mft", "journal")),
        Choice(only=("httpproxy",)),
    ],
)
def test_the_script_has_no_syntax_error(choice: Choice) -> None:
    text = script(choice)
    wrong = [(node.start_point, part[:80]) for type, part, node in nodes(text) if type == "ERROR"]
    assert wrong == []
    assert not any(node.is_missing for _, _, node in nodes(text))


def test_a_broken_script_would_be_seen() -> None:
    text = script().replace("function Stop-Here(", "function Stop-Here((", 1)
    assert any(type == "ERROR" or node.is_missing for type, _, node in nodes(text))


def test_the_script_is_ascii_and_has_no_mark_left() -> None:
    assert script().isascii()
    assert not re.search(r"@[A-Z]+@", script())


def test_only_cmdlets_of_version_2_are_called_and_only_one_of_them_writes() -> None:
    text = script()
    own = {part for type, part, _ in nodes(text) if type == "function_name"}
    called = {part for type, part, _ in nodes(text) if type == "command_name"}
    assert called <= LOOKING | own | {"New-Item"}
    assert own <= called
    given = {
        part.lower().partition(":")[0]
        for type, part, _ in nodes(text)
        if type == "command_parameter"
    }
    assert given <= PARAMETERS


def test_no_operator_and_no_word_is_younger_than_version_2() -> None:
    bare = code(script())
    assert LATER.findall(bare) == []
    used = {
        part.lower()
        for type, part, _ in nodes(script())
        if type == "comparison_operator" or part.lower() in {"-and", "-or", "-not"}
    }
    assert used <= OPERATORS


@pytest.mark.parametrize(
    "younger", ["$x -in $y", "[pscustomobject]@{}", "$s.Where({$_})", "[Foo]::new()"]
)
def test_what_is_younger_would_be_seen(younger: str) -> None:
    used = {part for type, part, _ in nodes(younger) if type == "comparison_operator"}
    assert LATER.search(younger) or not used <= OPERATORS


def test_everything_that_is_written_goes_below_the_named_folder() -> None:
    text = script()
    made = re.findall(r"New-Item -ItemType Directory -Force -Path ([^|]+) \|", text)
    assert set(made) == {"$Output", "$script:server", "(Split-Path -Parent $target)"}
    assert re.findall(r"\$target = (.+)", text) == ["Get-Target $file", "Get-Target $file.FullName"]
    assert re.findall(r"\$script:server = (.+)", text) == ["Join-Path $Output $env:COMPUTERNAME"]
    targets = re.findall(r"return Join-Path (\S+)", text)
    assert set(targets) == {"$script:server"}
    assert re.findall(r"\$script:log = Join-Path (\S+)", text) == ["$Output"]
    assert re.findall(r"StreamWriter\((\S+),", text) == ["$made"]
    assert re.findall(r"\$made = Join-Path (\S+)", text) == ["$Output"]
    written = {
        part for type, part, _ in nodes(text) if type == "member_name" and part.startswith("Write")
    } | set(re.findall(r"\b(AppendAllText)\b", text))
    assert written <= WRITERS
    assert not re.search(r"\[IO\.File\]::(?!OpenRead|AppendAllText)", text)


def test_only_three_programs_of_windows_are_started_and_neither_deletes() -> None:
    text = script()
    assert set(re.findall(r"& \"\$env:windir\\([^\"]+)\"", text)) == PROGRAMS
    assert code(text).count("&") == len(PROGRAMS)
    assert not re.search(r"/(?:MIR|PURGE|MOVE|MOV)\b", text, re.IGNORECASE)
    assert "'/B'" in text
    assert re.findall(r"reg\.exe\" (\w+)", text) == ["save"]
    assert re.findall(r"wevtutil\.exe\" (\w+)", text) == ["epl"], "cl would clear the log"


def test_the_script_refuses_to_write_into_what_is_evidence() -> None:
    text = script()
    check = text.index("which is evidence")
    assert check < text.index("New-Item -ItemType Directory -Force -Path $Output |")
    for base in ("install", "iis-logs", "web", "inetpub", "windows"):
        assert f"$bases['{base}']" in text[:check]
    assert "foreach ($line in $places)" in text[text.index("$bases = Get-Bases") : check]


def test_no_other_computer_is_asked_unless_that_is_wanted() -> None:
    text = script()
    body = text[text.index("function Copy-Folder(") : text.index("function Save-Hive(")]
    refused = body.index("$from.StartsWith('\\\\') -and -not ($Shares")
    assert refused < body.index("Test-Path")
    assert refused < body.index("Copy-Names $from")


def test_links_are_not_followed_and_the_sizes_of_pages_of_any_name_are_bounded() -> None:
    text = script()
    assert "'/XJ'" in text
    assert "[IO.FileAttributes]::ReparsePoint" in text
    assert re.findall(r"-Recurse\b.*", code(text)) == [
        "-Recurse -Force -ErrorAction SilentlyContinue `"
    ]
    assert f"$small = {SMALL}" in text
    assert "/MAX:$small" in text


def test_what_one_place_does_wrong_does_not_end_the_script() -> None:
    text = script()
    for call in re.findall(r"^.*\bCopy-Folder \(?\$.*", text, re.MULTILINE):
        before = text[: text.index(call) + len(call)]
        assert before.rfind("try {") > before.rfind("function "), call


def test_every_base_of_a_place_is_found_on_the_server() -> None:
    found = set(re.findall(r"\$bases\['([\w-]+)'\] =", script()))
    used = {row.split("|")[1] for row in powershell.rows(Choice())}
    assert used - {"users"} <= found
    assert found <= set(bases())


def test_what_a_script_cannot_copy_is_said_in_its_log() -> None:
    text = script()
    assert "NOT COPIED table of files ($MFT)" in text
    assert "NOT COPIED journal of changes ($J)" in text
    assert "$MFT" not in "".join(powershell.rows(Choice()))
    assert "NOT COPIED table" not in script(Choice(only=("iis",)))


def test_what_was_asked_for_stands_in_the_parameters() -> None:
    text = script(Choice(days=14, install="E:/Exchange Server", iis_logs="F:/Logs"))
    assert "[int]$Days = 14," in text
    assert r"[string]$Install = 'E:\Exchange Server'," in text
    assert r"[string]$IisLogs = 'F:\Logs'," in text


@pytest.mark.parametrize(("server", "generation"), [(SERVER, "2016"), (SERVER_2010, "2010")])
def test_all_files_of_a_server_that_are_read_are_copied(
    server: tuple[Lying, ...], generation: str
) -> None:
    taken = by_powershell(Choice(generation=generation))
    for file in server:
        if "$" not in file.path:
            assert taken(file.path, 9) is file.read, file.path


def body(name: str) -> str:
    """Return the text of one function."""
    text = script()
    start = text.index(f"function {name}")
    return text[start : text.index("\n}\n", start)]


def test_an_event_log_that_is_held_is_exported_and_what_is_not_there_is_named() -> None:
    copying = body("Copy-Folder(")
    failed = copying[copying.index("if ($ended -ge 8)") :]
    assert failed.index("Export-Logs $from $names") < failed.index("Write-Missing $from")
    assert ".Replace('%4', '/')" in body("Export-Logs(")
    assert "Test-Path -LiteralPath $target) { continue }" in body("Export-Logs(")
    (events,) = (row for row in powershell.rows(Choice()) if row.startswith("events|"))
    assert all(name.endswith(".evtx") for name in events.split("|")[5].split(";"))


def test_a_script_that_was_interrupted_goes_on_in_its_own_folder_only() -> None:
    text = script()
    own = text[text.index("$script:again = ") : text.index("is not empty; name another folder")]
    assert "'collect.log'" in own
    assert "-LiteralPath $script:server" in own
    assert "-and -not $script:again -and" in own
    assert "WriteAllText" not in text, "the log of the first run stays"


def test_robocopy_never_takes_the_days_for_a_date() -> None:
    text = script(Choice(days=36_500))
    bounded = text.index("-ge 1900) { $Days = 0 }")
    assert bounded < text.index("$bases = Get-Bases")
    assert "/MAXAGE:$Days" in text


def test_no_step_of_the_script_is_left_unguarded() -> None:
    text = script()
    steps = text[text.index("$users = $false") :]
    for call in ("Save-UserHives", "Copy-Folder $folder", "Write-Hashes"):
        line = next(line for line in steps.splitlines() if call in line)
        assert line.lstrip().startswith("try {"), line
    place = body("Copy-Place(")
    assert "try { Save-Hive" in place
    assert "try { Copy-Folder" in place


def test_the_list_of_hashes_is_one_that_sha256sum_reads_and_is_sealed_itself() -> None:
    made = body("Write-Hashes")
    assert '$list.NewLine = "`n"' in made
    assert "the SHA-256 of sha256.txt is $hash" in made
    assert "$($script:failures) lines of collect.log say NOT" in script()


def test_a_virtual_directory_at_the_root_of_a_disk_forbids_no_folder_on_it() -> None:
    text = script()
    assert "Where-Object { $_ -and -not (Test-Wide $_ $bases) }" in text
    assert "@($bases['web'])" not in text[text.index("$ours =") : text.index("which is evidence")]
