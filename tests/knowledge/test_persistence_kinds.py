"""Kinds of ways back: whole, and named by the right field of each kind of evidence."""

import re
import time
from functools import cache
from typing import Any

import pytest
import yaml

from extriage.knowledge.content import Loader
from extriage.knowledge.persistence import (
    NAME_LIMIT,
    object_of,
    persistence_kinds,
    sign_of,
    steps,
    target_of,
    tells_target,
)
from extriage.matchers.sigma.metadata import rule_of
from extriage.matchers.sigma.parts import RefusalError
from extriage.model.detection import Sign
from extriage.model.evidence import Fields, Origin, Record
from extriage.pipeline.pack import content_folder

KINDS = persistence_kinds()


def record(kind: str, **fields: str | tuple[str, ...]) -> Record:
    named: Fields = {name.replace("__", "."): value for name, value in fields.items()}
    return Record(kind, None, Origin("x", 1), named, "")


@cache
def rules() -> list[tuple[str, dict[str, Any]]]:
    folders = (one for one in (content_folder() / "rules").iterdir() if one.is_dir())
    files = (file for folder in folders for file in folder.iterdir())
    return [
        (file.name, document.get("extriage") or {})
        for file in files
        for document in yaml.load_all(file.read_bytes(), Loader)
    ]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_what_it_is_and_how_it_is_taken_out(name: str) -> None:
    kind = KINDS[name]
    assert kind.title == kind.title.strip()
    assert kind.gives.endswith(".")
    assert len(kind.removal) >= 2
    assert kind.naming
    assert all(step[0].isupper() or step[0] == "`" for step in kind.removal)
    told = (*kind.removal, *kind.gone, *kind.attempted, *kind.unknown, *kind.ask, *kind.shipped)
    for step in told:
        assert step.count("`") % 2 == 0
        assert "{" not in step.replace("{object}", "").replace("{name}", "")


def test_every_rule_about_persistence_names_its_kind() -> None:
    silent = [
        name
        for name, own in rules()
        if own.get("about") == "persistence" and not own.get("persistence")
    ]
    assert silent == []


def test_no_rule_names_a_kind_that_is_not_there() -> None:
    asked = {
        one if isinstance(one, str) else one["kind"]
        for _, own in rules()
        if (one := own.get("persistence"))
    }
    assert asked <= KINDS.keys()


def test_yara_rules_name_kinds_that_are_there() -> None:
    texts = [file.read_text("utf-8") for file in (content_folder() / "yara").iterdir()]
    named = {name for text in texts for name in re.findall(r'\bpersistence\s*=\s*"([^"]*)"', text)}
    assert named
    assert named <= KINDS.keys()


HOSTILE = ["net user " * 400, '"' * 4_000, "a " * 2_000, "schtasks /tn '" * 300, "@name='" * 600]


@pytest.mark.parametrize("text", [*HOSTILE, "net localgroup " + "x" * 4_000, " " * 4_000 + "/add"])
def test_a_hostile_line_is_named_in_no_time(text: str) -> None:
    names = ("CommandLine", "Configuration", "Path", "Image", "ForeignPages")
    line = record("events", **dict.fromkeys(names, text))
    started = time.perf_counter()
    for kind in KINDS:
        assert len(object_of(kind, line)) <= NAME_LIMIT
    assert time.perf_counter() - started < 2


CALLED = [
    ("web-shell", record("web-file", Path="C/x.aspx"), "C/x.aspx"),
    ("web-shell", record("iis", **{"cs-uri-stem": "/a.aspx"}), "/a.aspx"),
    (
        "web-shell",
        record("events", Path=r"file:_C:\inetpub\wwwroot\a b.aspx; file:_D:\x"),
        r"C:\inetpub\wwwroot\a b.aspx",
    ),
    ("web-shell", record("events", Parameters__FilePath=r"\\h\c$\x.aspx"), r"\\h\c$\x.aspx"),
    ("account", record("events", CommandLine="net  user  bob P@ss /add"), "bob"),
    ("account", record("events", CommandLine='net localgroup "Admins" bob /add'), "bob"),
    ("scheduled-task", record("events", CommandLine='schtasks /create /tn "A B" /tr x'), "A B"),
    ("scheduled-task", record("setting", Name=r"\Winnet"), r"\Winnet"),
    ("service", record("events", ServiceName="x"), "x"),
    (
        "group-membership",
        record("events", MemberName="CN=x", TargetUserName="Organization Management"),
        "CN=x in Organization Management",
    ),
    (
        "role-assignment",
        record("events", Parameters__Role="R", Parameters__User="u"),
        "R-u",
    ),
    ("role-assignment", record("setting", Role="R", RoleAssigneeName="u"), "R-u"),
    ("iis-module", record("setting", Name="One", Value=r"C:\f.dll"), r"One (C:\f.dll)"),
    ("tunnel", record("file-name", Path=r"C:\ProgramData\plink.exe"), "plink.exe"),
    ("account", record("events", OldTargetUserName="a", NewTargetUserName="b"), "b"),
    ("account", record("setting", Name=r"HKLM\x", Entry="svc_x"), "svc_x"),
    (
        "mailbox-permission",
        record("events", Parameters__Url="https://a.example/m.xml"),
        "https://a.example/m.xml",
    ),
    ("account", record("events", Other="x"), ""),
]


@pytest.mark.parametrize(("kind", "line", "name"), CALLED)
def test_an_object_is_called_by_the_field_that_names_it(kind: str, line: Record, name: str) -> None:
    assert object_of(kind, line) == name


def test_a_rule_can_name_its_own_field_or_a_text() -> None:
    line = record("events", A="x", B="y")
    assert object_of("account", line, ["C", "{A} and {B}"]) == "x and y"
    assert object_of("iis-module", line, ["=SessionManager"]) == "SessionManager"


def test_a_name_is_bounded_and_on_one_line() -> None:
    name = object_of("account", record("events", TargetUserName="a\n\tb" + "x" * 10_000))
    assert name.startswith("a b")
    assert len(name) == NAME_LIMIT


SAYS = [
    (record("web-file"), Sign.PRESENT),
    (record("setting", Subject="service"), Sign.PRESENT),
    (record("file-name", Extension=".compiled"), Sign.COMPILED),
    (record("file-name", Extension=".aspx"), Sign.PRESENT),
    (record("iis", **{"sc-status": "200"}), Sign.USED),
    (record("iis", **{"sc-status": "404"}), Sign.ASKED),
    (record("httpproxy", HttpStatus="200"), Sign.USED),
    (record("events", Cmdlet="New-InboxRule", CmdletResult="success"), Sign.PLANTED),
    (record("events", Cmdlet="New-InboxRule", CmdletResult="failure"), Sign.ATTEMPTED),
    (record("audit", Cmdlet="Remove-InboxRule", CmdletResult="success"), Sign.REMOVED),
    (record("audit", Cmdlet="Remove-InboxRule", CmdletResult="failure"), Sign.ATTEMPTED),
    (record("audit", Cmdlet="Disable-InboxRule", CmdletResult="success"), Sign.CHANGED),
    (record("events", EventID="1117", **{"Action Name": "Quarantine"}), Sign.REMOVED),
    (record("events", EventID="1117", **{"Action Name": "Allow"}), Sign.DETECTED),
    (record("events", EventID="1116"), Sign.DETECTED),
    (record("events", Channel="Security", EventID="4726"), Sign.REMOVED),
    (record("events", Channel="Application", EventID="4726"), Sign.PLANTED),
    (record("file-record", Deleted="yes"), Sign.REMOVED),
    (record("file-change", Changes=("written", "deleted")), Sign.REMOVED),
    (record("ecp-server"), Sign.PLANTED),
]


@pytest.mark.parametrize(("line", "sign"), SAYS)
def test_a_line_says_what_became_of_the_object(line: Record, sign: Sign) -> None:
    assert sign_of(line) is sign


@pytest.mark.parametrize("name", ["a$(b)", "a`b", 'a"b', "a;b", "a|b", "-Force", "a\u2019b", "a%b"])
def test_an_order_in_a_name_is_not_put_into_a_command(name: str) -> None:
    told = ("`sc delete <the name above>`",)
    assert steps(["`sc delete {object}`"], name, KINDS["run-key"]) == told
    assert steps(["`sc delete {name}`"], name, KINDS["run-key"]) == told


def test_a_plain_name_is_put_into_a_command() -> None:
    (step,) = steps(["`x {object}`"], r"C:\a b (1)\ü.aspx", KINDS["web-shell"])
    assert step == '`x "C:\\a b (1)\\ü.aspx"`'


class Parsed:
    """What pySigma hands over, as far as this needs it."""

    def __init__(self, own: dict[str, Any]) -> None:
        self.custom_attributes = {"extriage": own}
        self.tags: list[Any] = []
        self.references: list[str] = []
        self.falsepositives: list[str] = []
        self.name, self.id, self.title = "n", None, "t"
        self.description = self.level = self.author = None


def parsed(own: dict[str, Any]) -> Any:
    """Stand for what pySigma makes of a rule with these keys of ours."""
    return Parsed(own)


def test_a_rule_names_kind_sign_and_fields() -> None:
    own = {"persistence": {"kind": "account", "sign": "removed", "object": ["A"]}}
    rule = rule_of(parsed(own), "p", "n")
    assert (rule.persistence, rule.sign, rule.object) == ("account", Sign.REMOVED, ("A",))
    short = rule_of(parsed({"persistence": "account"}), "p", "n")
    assert (short.persistence, short.sign, short.object) == ("account", None, ())


@pytest.mark.parametrize(
    "own",
    [
        "no-such-kind",
        {"kind": "account", "sign": "perhaps"},
        {"kind": "account", "more": 1},
        {"sign": "removed"},
        ["account"],
    ],
)
def test_a_rule_with_an_unknown_kind_or_sign_is_refused(own: Any) -> None:
    with pytest.raises(RefusalError):
        rule_of(parsed({"persistence": own}), "p", "n")


SHORT = [
    ("iis-module", r"Test-Unsigned (C:\Temp\Test-Unsigned.dll)", "Test-Unsigned"),
    ("iis-module", r"C:\Temp\Test-Unsigned.dll", ""),
    ("transport-agent", "Mail Helper", "Mail Helper"),
    ("transport-agent", "list of transport agents (agents.config)", ""),
    ("transport-agent", r"C:\Windows\Temp\a.dll", ""),
    ("scheduled-task", r"\Microsoft\Winnet", r"\Microsoft\Winnet"),
    ("scheduled-task", r"C:\Windows\System32\Tasks\Winnet", r"\Winnet"),
    ("scheduled-task", r"C:\Windows\System32\schtasks.exe", ""),
    ("service", "WinSvc", "WinSvc"),
    ("service", r"HKLM\System\CurrentControlSet\Services\WinSvc\ImagePath", "WinSvc"),
    ("service", r"C:\Windows\Temp\a.exe", ""),
    ("directory-right", "bob on DC=contoso,DC=example", "DC=contoso,DC=example"),
]


@pytest.mark.parametrize(("kind", "name", "short"), SHORT)
def test_a_command_takes_the_name_alone(kind: str, name: str, short: str) -> None:
    assert KINDS[kind].command_name(name) == short
    shown = f'"{short}"' if short else "<its name>"
    assert steps(["`x {name}`"], name, KINDS[kind]) == (f"`x {shown}`",)


def test_a_folder_that_exchange_needs_is_not_deleted() -> None:
    kind = KINDS["virtual-directory"]
    needed = ("Default Web Site/owa", "Default Web Site", "/", "Exchange Back End/mapi/nspi/")
    assert all(map(kind.brings, needed))
    assert not any(map(kind.brings, ("/owa/auth/x", "Default Web Site/help", "/auth")))
    assert not any("appcmd delete" in step for step in kind.shipped)


def test_a_change_of_the_configuration_names_site_application_and_folder() -> None:
    place = (
        '/system.applicationHost/sites/site[@name="Default Web Site"]/application[@path="{}"]'
        '/virtualDirectory[@path="{}"]/@physicalPath'
    )
    named = [
        object_of("virtual-directory", record("events", Configuration=place.format(*words)))
        for words in (("/", "/auth"), ("/owa", "/"))
    ]
    assert named == ["Default Web Site/auth", "Default Web Site/owa/"]


def test_a_url_that_is_emptied_is_a_removal() -> None:
    def setting(**more: str) -> Sign:
        return sign_of(record("events", Cmdlet="Set-OabVirtualDirectory", **more))

    assert setting(Parameters__ExternalUrl="$null") is Sign.REMOVED
    assert setting(Parameters__ExternalUrl="") is Sign.REMOVED
    assert setting(Parameters__InternalUrl="http://f/#<script") is Sign.PLANTED


def test_what_defender_blocked_was_only_tried() -> None:
    blocked = {"EventID": "1117", "Action ID": "10"}
    assert sign_of(record("events", **blocked)) is Sign.ATTEMPTED


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("inbox-rule", "Parameters.ForwardTo"),
        ("inbox-rule", "RedirectTo"),
        ("forwarding", "Parameters.ForwardingSmtpAddress"),
        ("transport-rule", "Parameters.BlindCopyTo"),
    ],
)
def test_where_mail_goes_is_told(kind: str, field: str) -> None:
    fields: Fields = {field: "box@evil.example"}
    told = target_of(kind, Record("rps-cmdlet", None, Origin("x", 1), fields, ""))
    assert told == "Mail goes to box@evil.example."
    assert tells_target(told)
    assert not tells_target("A mailbox rule with a name of hardly any character")


def test_a_forwarding_that_is_taken_away_goes_nowhere() -> None:
    assert target_of("forwarding", record("rps-cmdlet", ForwardingAddress="$null")) == ""
    assert target_of("web-shell", record("rps-cmdlet", ForwardingAddress="a@b.example")) == ""
