"""Objects of exports: one record each, with all properties as Microsoft spells them."""

import base64
from typing import Any

import pytest
from config_reading import RULES, facts_of

from extriage.model.state import Subject
from extriage.parsers import setting_record
from extriage.parsers.exportlists import TELLING
from extriage.parsers.exportobjects import NOUNS

CSV = """"Name","User","AccessRights","Deny","Identity"
"a","CONTOSO\\b","{FullAccess, ReadPermission}","False","contoso.example/Users/a"
"""
CLIXML = """<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">
<Obj RefId="0"><TN RefId="0"><T>Deserialized.Microsoft.Exchange.Management.Common.InboxRule</T>
<T>Deserialized.System.Object</T></TN><ToString>r</ToString><Props><S N="Name">r</S>
<B N="Enabled">true</B><Nil N="CopyToFolder" /><Obj N="ForwardTo" RefId="1"><TN RefId="1">
<T>Deserialized.System.Object[]</T></TN><LST><S>one</S><S>two</S></LST></Obj></Props></Obj>
<Obj RefId="2"><TNRef RefId="0" /><Props><S N="Name">s</S></Props></Obj></Objs>"""
URL = base64.b64encode(b"http://f/<script>").decode()
LDIF = f"""dn: CN=OAB (Default Web Site),CN=HTTP,CN=Protocols,CN=EX02,CN=Servers,CN=x,DC=contoso
objectClass: top
objectClass: msExchVirtualDirectory
objectClass: msExchOABVirtualDirectory
msExchInternalHostName: https://mail.contoso.example/OAB
msExchExternalHostName:: {URL}

"""


def objects(data: str | bytes, name: str) -> list[dict[str, Any]]:
    _, facts, trouble = facts_of(data.encode() if isinstance(data, str) else data, name)
    assert trouble == ""
    return [setting_record(f).fields for f in facts if f.subject is Subject.OBJECT]


def test_a_list_gives_an_object_with_all_its_properties() -> None:
    first, second = objects(RULES, "rules.txt")
    assert first["Object"] == "InboxRule"
    assert (first["Name"], first["Enabled"]) == (".", "True")
    assert first["RedirectTo"] == ('"x" [SMTP:x@evil.example]', '"y" [SMTP:y@evil.example]')
    assert first["SubjectContainsWords"] == "invoice"
    assert first["somethingelse"] == "kept"
    assert "ForwardTo" not in first
    assert second["ForwardTo"] == "b"


def test_a_table_gives_the_same() -> None:
    (found,) = objects(CSV, "permissions.csv")
    assert found["Object"] == "MailboxPermission"
    assert found["AccessRights"] == ("FullAccess", "ReadPermission")
    assert found["User"] == "CONTOSO\\b"


def test_powershells_own_xml_gives_the_same_and_equal_names_stay_apart() -> None:
    first, second = objects(CLIXML, "rules.xml")
    assert (first["Object"], first["Name"], first["ForwardTo"]) == (
        "InboxRule",
        "r",
        ("one", "two"),
    )
    assert "CopyToFolder" not in first
    assert second["Name"] == "s"
    again = CLIXML.replace(">s<", ">r<")
    assert len(objects(again, "rules.xml")) == 2


def test_the_directory_gives_the_urls_of_a_virtual_directory() -> None:
    (found,) = objects(LDIF, "config.ldf")
    assert found["Object"] == "OabVirtualDirectory"
    assert found["ExternalUrl"] == found["msExchExternalHostName"] == "http://f/<script>"
    assert found["InternalUrl"] == "https://mail.contoso.example/OAB"
    assert found["Computer"] == "EX02"


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("OAB (Default Web Site)", "OabVirtualDirectory"),
        (r"EX01\owa (Default Web Site)", "OwaVirtualDirectory"),
        ("Microsoft-Server-ActiveSync (Default Web Site)", "ActiveSyncVirtualDirectory"),
        ("something (Default Web Site)", "VirtualDirectory"),
    ],
)
def test_a_directory_of_a_list_is_known_by_its_name(name: str, noun: str) -> None:
    text = f"Identity : {name}\nInternalUrl : https://a/\nExternalUrl :\n\n"
    (found,) = objects(text, "vdir.txt")
    assert found["Object"] == noun
    assert found["Computer"] == ("EX01" if "\\" in name else "")


def test_what_belongs_to_the_organisation_names_no_server() -> None:
    text = "PSComputerName : ex07\nAutoForwardEnabled : True\nDomainName : *\n\n"
    (found,) = objects(text, "remote.txt")
    assert (found["Object"], found["Computer"]) == ("RemoteDomain", "")


def test_every_kind_of_object_is_known_in_text_too() -> None:
    told = {NOUNS[kind] for kind, _ in TELLING if kind in NOUNS}
    by_name = {noun for noun in NOUNS.values() if noun.endswith(("VirtualDirectory", "Anywhere"))}
    assert set(NOUNS.values()) - told - by_name == set()


def test_objects_of_a_large_organisation_are_all_read() -> None:
    rows = "".join(f'"u{n}","CONTOSO\\\\b","FullAccess","False"\r\n' for n in range(30_000))
    data = f'"Identity","User","AccessRights","Deny"\r\n{rows}'
    assert len(objects(data, "permissions.csv")) == 30_000


def test_properties_are_bounded() -> None:
    lines = "".join(f"P{n} : {'x' * 10_000}\n" for n in range(600))
    (found,) = objects(f"ForwardTo : a\nRedirectTo : b\n{lines}\n", "rules.txt")
    assert len(found) < 420
    assert max(map(len, found.values())) <= 8192
    assert found["ForwardTo"] == "a"
