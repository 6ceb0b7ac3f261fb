"""FIP-FS and the mitigation tools' restore files."""

import json

from config_reading import AGENTS, SERVERS, facts_of, members

from extriage.model.state import Subject

RESTORE = [
    {
        "Cmdlet": "Clear-WebConfiguration",
        "Parameters": {
            "Filter": "system.webServer/rewrite/rules/rule[@name='PowerShell - inbound']",
            "PSPath": "IIS:\\Sites\\Default Web Site",
        },
    },
    {
        "Cmdlet": "Set-WebConfigurationProperty",
        "Parameters": {
            "Filter": "system.WebServer/security/authentication/windowsAuthentication",
            "Name": "extendedProtection.tokenChecking",
            "Location": "Default Web Site/owa",
            "Value": "None",
        },
    },
    {"Cmdlet": "Set-WebConfigurationProperty", "Parameters": None},
]


def test_the_filters_configuration_is_read_though_it_is_utf16() -> None:
    data = members(SERVERS / "E16.zip")["Exchange/Configuration.xml"]
    assert data.startswith(b"\xff\xfe")
    kind, facts, trouble = facts_of(data, "FIP-FS/Data/Configuration.xml")
    assert (kind, trouble) == ("exchange-config", "")
    assert [(fact.name, fact.value) for fact in facts] == [("FIP-FS/Configuration.xml", "read")]


def test_a_type_that_was_switched_on_again_is_told() -> None:
    data = members(SERVERS / "E16.zip")["Exchange/Configuration.xml"].decode("utf-16")
    changed = data.replace('Name="Jpeg"', 'Name="Jpeg|NO"').replace("TE_v.8.5.3.0<", "TE|NO<", 1)
    _, facts, trouble = facts_of(changed.encode("utf-16"), "Configuration.xml")
    assert trouble == ""
    assert [(fact.name, fact.value) for fact in facts] == [
        ("FIP-FS/override", "OutsideInModule.dll|TE|NO"),
        ("FIP-FS/override", "Jpeg|NO"),
        ("FIP-FS/Configuration.xml", "read"),
    ]


def test_a_restore_file_shows_that_a_mitigation_was_applied() -> None:
    name = "IISManagementRestoreCmdlets-CVE-2022-41040.json"
    kind, facts, trouble = facts_of(
        json.dumps(RESTORE, indent=2).encode(), f"inetsrv/config/{name}"
    )
    assert (kind, trouble) == ("exchange-config", "")
    assert [(fact.subject.value, fact.name, fact.value) for fact in facts] == [
        (
            "mitigation",
            "IIS:\\Sites\\Default Web Site: PowerShell - inbound",
            "applied by script",
        ),
        (
            "mitigation",
            "Default Web Site/owa: windowsAuthentication extendedProtection.tokenChecking",
            "applied by script",
        ),
    ]
    assert name in facts[0].text


def test_a_cut_restore_file_is_named() -> None:
    kind, facts, trouble = facts_of(json.dumps(RESTORE).encode()[:-9], "backup.json")
    assert (kind, facts) == ("exchange-config", [])
    assert trouble.startswith("is no well-formed JSON")


def test_transport_agents_are_told_with_their_assembly() -> None:
    path = "C/Exchange/TransportRoles/Agents/agents.config"
    kind, facts, trouble = facts_of(AGENTS, path)
    assert (kind, trouble) == ("exchange-config", "")
    rule, evil = facts
    assert {fact.subject for fact in facts} == {Subject.TRANSPORT_AGENT}
    assert rule.name == "Transport Rule Agent"
    assert rule.value.endswith(r"\TransportRoles\agents\Rule\a.dll")
    assert dict(rule.properties)["BaseType"] == "Microsoft.Exchange.Data.Transport.Routing"
    assert (evil.name, evil.value, evil.origin.line) == ("", r"C:\ProgramData\e.dll", 10)
    assert dict(evil.properties)["Enabled"] == "false"


def test_agents_of_another_spelling_are_told_too() -> None:
    data = b"""<configuration><agentList><item Identity="a" TransportAgentFactory="F"
    AssemblyPath="b.dll"/><other path="x"/></agentList></configuration>"""
    _, facts, _ = facts_of(data, "agents.config")
    assert [(fact.name, fact.value) for fact in facts] == [("a", "b.dll")]


def test_a_broken_list_of_agents_gives_what_stands_before() -> None:
    _, facts, trouble = facts_of(AGENTS[: AGENTS.index(b"</agentList>")], "agents.config")
    assert "broken at line" in trouble
    assert len(facts) == 2
