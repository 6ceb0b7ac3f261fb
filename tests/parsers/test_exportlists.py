"""Exports as text: lists, CSV, JSON and LDIF say the same as PowerShell's own XML."""

import base64

import pytest
from config_reading import facts_of

OVERRIDE = ("setting-override", "Cafe/HttpRequestFiltering", "Enabled=False")
LISTED = ("setting", "SettingOverrides/listed", "Get-SettingOverride")

LIST = """

RunspaceId      : 9d2b1f2e-0000-0000-0000-000000000000
ComponentName   : Cafe
SectionName     : HttpRequestFiltering
Reason          : a very long reason that PowerShell
                  wraps
Server          :
Parameters      : {Enabled=False}
Status          : Accepted
Name            : off

EnableDownloadDomains : True
MitigationsEnabled    : False

"""
CSV = """#TYPE Selected.Microsoft.Exchange.Data.Directory.Management.ExchangeServer
"Name","AdminDisplayVersion","ServerRole"
"EX01","Version 15.2 (Build 1544.4)","Mailbox"
"EX02","Version 15.2 (Build 1258.12)","Mailbox"
"""
JSON = """[{"Name": "EWS (Default Web Site)", "Server": {"Name": "EX01"}, "MRSProxyEnabled": true,
"Other": null}, 7]"""
SUPERIORS = base64.b64encode(b"computer").decode()
LDIF = f"""# extended LDIF
#
dn: CN=ms-Exch-Storage-Group,CN=Schema,CN=Configuration,DC=contoso,DC=ex
 ample
changetype: add
objectClass: classSchema
possSuperiors: msExchInformationStore
possSuperiors:: {SUPERIORS}

dn: CN=Microsoft Exchange System Objects,DC=contoso,DC=example
objectClass: msExchSystemObjectsContainer
objectVersion: 13243

dn: CN=Exchange Domain Servers,CN=Users,DC=contoso,DC=example
objectClass: top
objectClass: group
sAMAccountName: Exchange Domain Servers

dn: CN=Somebody,CN=Users,DC=contoso,DC=example
objectClass: user
"""


def told(text: str, name: str = "export.txt") -> list[tuple[str, str, str]]:
    kind, facts, trouble = facts_of(text.encode(), name)
    assert (kind, trouble) == ("powershell-export", "")
    return [(fact.subject.value, fact.name, fact.value) for fact in facts]


def test_a_list_is_cut_into_its_objects() -> None:
    assert told(LIST) == [
        OVERRIDE,
        LISTED,
        ("setting", "OrganizationConfig/EnableDownloadDomains", "True"),
        ("setting", "OrganizationConfig/MitigationsEnabled", "False"),
    ]
    (first, *_) = facts_of(LIST.encode(), "x.txt")[1]
    assert first.origin.line == 3


def test_utf16_lists_as_powershell_redirects_them_are_read() -> None:
    assert facts_of(LIST.encode("utf-16"), "x.txt")[1] == facts_of(LIST.encode(), "x.txt")[1]


def test_csv_names_its_class_in_its_first_line() -> None:
    _, facts, trouble = facts_of(CSV.encode(), "servers.csv")
    assert trouble == ""
    builds = [(f.computer, f.value, f.origin.line) for f in facts if f.subject == "cu-build"]
    assert builds == [("EX01", "15.2.1544.4", 3), ("EX02", "15.2.1258.12", 4)]
    bare = CSV.split("\n", 1)[1]
    assert [f.value for f in facts_of(bare.encode(), "servers.csv")[1]] == [f.value for f in facts]


def test_json_objects_are_laid_flat() -> None:
    name = "WebServicesVirtualDirectory/EWS (Default Web Site)/MRSProxyEnabled"
    assert told(JSON, "ews.json") == [
        ("object", "WebServicesVirtualDirectory/EWS (Default Web Site)", ""),
        ("setting", name, "True"),
    ]


def test_ldif_gives_schema_container_and_groups() -> None:
    superiors = "msExchInformationStore, computer"
    assert told(LDIF, "schema.ldf") == [
        ("setting", "Schema/ms-Exch-Storage-Group/possSuperiors", superiors),
        ("setting", "Domain/contoso.example/objectVersion", "13243"),
        ("setting", "Group/Exchange Domain Servers", "present"),
    ]


def test_a_class_exported_in_part_does_not_seem_repaired() -> None:
    text = (
        "dn: CN=ms-Exch-Storage-Group,CN=Schema,CN=Configuration,DC=x\ncn: ms-Exch-Storage-Group\n"
    )
    assert told(text, "part.ldf") == []


@pytest.mark.parametrize(
    "text",
    [
        "Name : value\nOther : 1\n",
        "Dear all,\nMitigationsApplied is what Get-ExchangeServer shows.\n",
        '{"status": "ok", "name": "x", "parameters": []}',
        "a,b,c\n1,2,3\n",
        "version: 2\nservices:\n  web: {}\n",
    ],
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert facts_of(text.encode(), "notes.txt") == ("", [], "")


def test_damaged_texts_are_named() -> None:
    kind, _, trouble = facts_of(JSON[:-20].encode(), "ews.json")
    assert kind == "powershell-export"
    assert trouble.startswith("is no well-formed JSON: ")
    kind, facts, trouble = facts_of((CSV + '"' + "x" * 200_000 + '"\n').encode(), "servers.csv")
    assert [f.computer for f in facts if f.subject == "cu-build"] == ["EX01", "EX02"]
    assert trouble.startswith("broken at line 5: ")


VERSIONS_CSV = """#TYPE System.Diagnostics.FileVersionInfo
"PSComputerName","FileName","FileVersion","ProductName"
"EX01","C:\\V15\\bin\\ExSetup.exe","15.01.2176.002","Microsoft Exchange"
"EX02","C:\\V15\\bin\\ExSetup.exe","15.01.2507.075","Microsoft Exchange"
"""
VERSIONS_LIST = """
FileName        : C:\\V15\\bin\\ExSetup.exe
FileVersion     : 15.01.2507.075
ProductVersion  : 15.01.2507.075
ProductName     : Microsoft Exchange
PSComputerName  : EX02
"""
VERSIONS_JSON = """[{"FileName": "C:\\\\V15\\\\bin\\\\ExSetup.exe", "FileVersion": "15.01.2507.075",
"ProductVersion": "15.01.2507.075", "ProductName": "Microsoft Exchange",
"PSComputerName": "EX02.contoso.com"}]"""


@pytest.mark.parametrize("text", [VERSIONS_CSV, VERSIONS_LIST, VERSIONS_JSON])
def test_versions_belong_to_the_servers_that_they_were_fetched_from(text: str) -> None:
    _, facts, trouble = facts_of(text.encode(), "export.txt")
    assert trouble == ""
    assert (facts[-1].value, facts[-1].computer) == ("15.1.2507.75", "EX02")
    assert {fact.computer for fact in facts} <= {"EX01", "EX02"}
    assert facts[-1].text == "C:\\V15\\bin\\ExSetup.exe: 15.01.2507.075"
