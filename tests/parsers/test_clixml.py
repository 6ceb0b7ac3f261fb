"""PowerShell's exports as CLIXML: what each kind of object says, and nothing of all others."""

from datetime import UTC, datetime
from functools import cache

import pytest
from config_reading import MODULES, SERVERS, facts_of, members

from extriage.model.state import Fact, Subject
from extriage.parsers.clixml import objects, short_type, unescaped

NAMESPACE = 'xmlns="http://schemas.microsoft.com/powershell/2004/04"'


def export(body: str) -> bytes:
    return f'<Objs Version="1.1.0.1" {NAMESPACE}>{body}</Objs>'.encode()


@cache
def of(archive: str, name: str) -> list[Fact]:
    files = members(SERVERS / archive) if archive != "modules" else members(MODULES)
    (data,) = (data for path, data in files.items() if path.endswith(name))
    kind, facts, trouble = facts_of(data, name)
    assert (kind, trouble) == ("powershell-export", "")
    return facts


def told(facts: list[Fact]) -> list[tuple[str, str, str, str]]:
    return [(fact.subject.value, fact.name, fact.value, fact.computer) for fact in facts]


EXPECTED = [
    ("E16.zip", "ExSetup.xml", [("build", "ExSetup.exe", "15.1.2375.7", "")]),
    ("E19.zip", "ExSetup.xml", [("build", "ExSetup.exe", "15.2.986.5", "")]),
    ("E19-variants.zip", "ExSetup1.xml", [("build", "ExSetup.exe", "15.2.1118.25", "")]),
    (
        "E19.zip",
        "GetVersionInformationCachTokn.xml",
        [("file-version", "cachtokn.dll", "10.0.17763.0", "")],
    ),
    (
        "E19.zip",
        "GetExchangeServer.xml",
        [
            ("cu-build", "AdminDisplayVersion", "15.2.986.5", "SOLO-E19A"),
            ("setting", "ExchangeServer/SOLO-E19A/MitigationsEnabled", "true", "SOLO-E19A"),
            ("setting", "ExchangeServer/SOLO-E19A/ServerRole", "Mailbox", "SOLO-E19A"),
            ("setting", "ExchangeServer/SOLO-E19A/IsEdgeServer", "false", "SOLO-E19A"),
        ],
    ),
    (
        "E16.zip",
        "GetOrganizationConfig.xml",
        [
            ("setting", "OrganizationConfig/EnableDownloadDomains", "false", ""),
            ("setting", "OrganizationConfig/MitigationsEnabled", "true", ""),
            ("setting", "OrganizationConfig/ObjectVersion", "16222", ""),
        ],
    ),
    (
        "E16.zip",
        "ms-Exch-Schema-Version-Pt.xml",
        [("setting", "Schema/ms-Exch-Schema-Version-Pt/rangeUpper", "15334", "")],
    ),
    (
        "E16.zip",
        "ms-Exch-Storage-Group.xml",
        [("setting", "Schema/ms-Exch-Storage-Group/possSuperiors", "", "")],
    ),
    (
        "E16.zip",
        "GetServiceMitigation.xml",
        [
            ("setting", "Service/MSExchangeMitigation/Status", "Running", "SOLO-E16A"),
            ("setting", "Service/MSExchangeMitigation/StartType", "Automatic", "SOLO-E16A"),
        ],
    ),
    (
        "E19.zip",
        "GetHotFix.xml",
        [
            ("update", "KB4486153", "installed", "SOLO-E19A"),
            ("update", "KB4464455", "installed", "SOLO-E19A"),
        ],
    ),
    (
        "E19-variants.zip",
        "GetSettingOverride2.xml",
        [
            ("setting-override", "Global/ExchangeOnpremAsThirdPartyAppId", "Enabled=true", ""),
            ("setting", "SettingOverrides/listed", "Get-SettingOverride", ""),
        ],
    ),
    (
        "modules",
        "acs_Test-Unsigned.xml",
        [("signature", r"C:\Temp\Test-Unsigned.dll", "NotSigned", "")],
    ),
    (
        "modules",
        "acs_Test-SignedBy3rdParty.xml",
        [("signature", r"C:\Temp\Test-SignedBy3rdParty.dll", "Valid; CN=ContosoTech", "")],
    ),
]


@pytest.mark.parametrize(
    ("archive", "name", "expected"), EXPECTED, ids=[f"{a}-{n}" for a, n, _ in EXPECTED]
)
def test_what_a_real_object_says(
    archive: str, name: str, expected: list[tuple[str, str, str, str]]
) -> None:
    assert told(of(archive, name)) == expected


def test_a_fact_points_at_the_line_of_its_property() -> None:
    data = members(SERVERS / "E19.zip")["Exchange/GetOwaVirtualDirectory.xml"].decode("utf-8-sig")
    facts = of("E19.zip", "GetOwaVirtualDirectory.xml")
    (light,) = (fact for fact in facts if fact.name.endswith("/OWALightEnabled"))
    assert '<B N="OWALightEnabled">true</B>' in data.splitlines()[light.origin.line - 1]
    assert light.name == "OwaVirtualDirectory/owa (Default Web Site)/OWALightEnabled"
    assert light.computer == "SOLO-E19A"


def test_a_running_process_tells_its_build_its_time_and_its_overrides() -> None:
    facts = of("E19-variants.zip", "ADTopVariantConfiguration1.xml")
    (build,) = (fact for fact in facts if fact.subject is Subject.BUILD)
    assert (build.value, build.computer) == ("15.2.1118.25", "VNEXT-E19A")
    assert build.time == datetime(2023, 3, 8, 15, 56, 38, tzinfo=UTC)
    overrides = {f.name: f.value for f in facts if f.subject is Subject.SETTING_OVERRIDE}
    assert overrides["Cafe/HttpRequestFiltering"] == "Enabled=false"
    assert overrides["BigFunnel/BigFunnelDiscoveryQuerySettings"] == (
        "StoreRetryCount=5; NoSearchFolder=false; StoreDiagnosticLevel=5"
    )


@pytest.mark.parametrize(
    ("archive", "denied", "version"), [("E16.zip", "False", "13242"), ("E19.zip", "True", "13243")]
)
def test_the_domain_tells_whether_it_was_prepared(archive: str, denied: str, version: str) -> None:
    facts = of(archive, "GetExchangeDomainsAclPermissions.xml")
    found = {fact.name.split("/", 2)[2]: fact.value for fact in facts}
    assert found == {
        "objectVersion": version,
        "Exchange may not write userCertificate of computers": denied,
        "Exchange may not write managedBy of computers": denied,
    }


def test_healthcheckers_own_lists_are_read() -> None:
    facts = of("E19.zip", "GetIISModules.xml")
    modules = [fact for fact in facts if fact.subject is Subject.IIS_MODULE]
    signed = [fact for fact in facts if fact.subject is Subject.SIGNATURE]
    assert len(modules) == len(signed) == 33
    assert {fact.value.split(";")[0] for fact in signed} == {"Valid"}
    protection = of("E19-variants.zip", "GetExtendedProtectionConfiguration.xml")
    found = {f.name: f.value for f in protection if f.subject is Subject.EXTENDED_PROTECTION}
    assert len(found) == 23
    assert set(found.values()) == {"None"}
    assert {fact.computer for fact in protection} == {"E2k16-1"}


def test_libraries_are_named_by_their_key() -> None:
    facts = of("E19.zip", "GetDotNetDllFileVersions.xml")
    assert {(fact.name.lower(), fact.value) for fact in facts} == {
        ("system.data.dll", "4.8.3761.0"),
        ("system.configuration.dll", "4.8.3761.0"),
    }


HEALTH_CHECKER = export(
    """<Obj RefId="0"><TN RefId="0"><T>Deserialized.HealthChecker.HealthCheckerExchangeServer</T>
</TN><Props><S N="ServerName">EX01.contoso.example</S><Obj N="ExchangeInformation" RefId="1">
<TN RefId="1"><T>Deserialized.System.Management.Automation.PSCustomObject</T></TN><MS>
<Obj N="BuildInformation" RefId="2"><TNRef RefId="1" /><MS>
<Obj N="ExchangeSetup" RefId="3"><TNRef RefId="1" /><MS><I32 N="FileMajorPart">15</I32>
<I32 N="FileMinorPart">2</I32><I32 N="FileBuildPart">1544</I32><I32 N="FilePrivatePart">9</I32>
<S N="FileVersion">15.02.1544.009</S></MS></Obj></MS></Obj>
<Obj N="ExchangeEmergencyMitigationService" RefId="4"><TNRef RefId="1" /><MS>
<S N="MitigationWinServiceState">Running</S><B N="MitigationServiceOrgState">true</B>
<B N="MitigationServiceSrvState">false</B><Obj N="MitigationsApplied" RefId="5"><LST><S>M1.1</S>
<S>PING1</S></LST></Obj><S N="MitigationsBlocked">M2</S></MS></Obj></MS></Obj>
<S N="HealthCheckerVersion">26.04.02.1200</S>
<DT N="GenerationTime">2026-04-02T13:29:05.9452681-07:00</DT></Props></Obj>"""
)


def test_healthcheckers_file_is_dated_and_names_its_server() -> None:
    kind, facts, trouble = facts_of(HEALTH_CHECKER, "HealthChecker-EX01.xml")
    assert (kind, trouble) == ("powershell-export", "")
    assert {fact.computer for fact in facts} == {"EX01"}
    assert {fact.time for fact in facts} == {datetime(2026, 4, 2, 20, 29, 5, 945268, tzinfo=UTC)}
    assert [(f.subject.value, f.name, f.value) for f in facts] == [
        ("setting", "HealthChecker/version", "26.04.02.1200"),
        ("build", "ExSetup.exe", "15.2.1544.9"),
        ("setting", "OrganizationConfig/MitigationsEnabled", "true"),
        ("setting", "ExchangeServer/EX01/MitigationsEnabled", "false"),
        ("setting", "Service/MSExchangeMitigation/Status", "Running"),
        ("mitigation", "M1.1", "applied"),
        ("mitigation", "PING1", "applied"),
        ("mitigation", "M2", "blocked"),
    ]


def test_an_override_keeps_its_server_its_bounds_and_its_state() -> None:
    body = """<Obj RefId="0"><TN RefId="0"><T>X.SettingOverride</T></TN><Props>
<S N="ComponentName">Transport</S><S N="SectionName">NonCompliantSenderSettings</S>
<S N="MinVersion">15.2.1544.13</S><Obj N="Server" RefId="1"><LST><S>ex01.contoso.example</S>
<S>EX02</S></LST></Obj><Obj N="Parameters" RefId="2"><LST><S>AddP2FromRegexMatchHeader=False</S>
</LST></Obj><Obj N="Status" RefId="3"><ToString>%s</ToString><I32>3</I32></Obj></Props></Obj>"""
    _, facts, _ = facts_of(export(body % "Accepted"), "o.xml")
    found = [f for f in facts if f.subject is Subject.SETTING_OVERRIDE]
    value = "AddP2FromRegexMatchHeader=False; MinVersion=15.2.1544.13"
    assert [(f.computer, f.value) for f in found] == [("ex01", value), ("EX02", value)]
    _, facts, _ = facts_of(export(body % "InvalidParameterName"), "o.xml")
    assert facts[0].value.startswith("not in force (InvalidParameterName): ")


def test_a_version_from_the_directory_is_not_offset() -> None:
    body = """<Obj RefId="0"><TN RefId="0"><T>X.ExchangeServer</T></TN><Props><S N="Name">EX01</S>
<S N="AdminDisplayVersion">Version 15.1 (Build 32507.6)</S></Props></Obj>"""
    _, facts, _ = facts_of(export(body), "s.xml")
    assert [(f.subject, f.value) for f in facts] == [(Subject.CU_BUILD, "15.1.2507.6")]


def test_dictionaries_lists_and_escapes_become_names_and_values() -> None:
    body = """<Obj RefId="0"><TN RefId="0"><T>A.B.Wanted`1[[X]]</T></TN><DCT><En><S N="Key">Some</S>
<Obj N="Value" RefId="1"><LST><I32>1</I32><I32>2</I32></LST></Obj></En><En><S N="Key">Other</S>
<S N="Value">a_x000D__x000A_b_xD83D__xDE00__xD800_</S></En></DCT></Obj>"""
    (bag,) = objects(export(body), lambda types, _: "Wanted" in types)
    assert bag.values == {"some": ["1", "2"], "other": ["a\r\nb\N{GRINNING FACE}�"]}
    assert bag.one("SOME") == "1"
    assert bag.has("some", "Other")
    assert not bag.has("third")


def test_names_of_classes_are_short() -> None:
    assert short_type("Deserialized.Microsoft.Exchange.Data.Foo") == "Foo"
    assert short_type(r"System.Management.ManagementObject#root\cimv2\Win32_X") == "Win32_X"
    assert short_type("System.Collections.Generic.List`1[[System.Object, mscorlib]]") == "List"
    assert unescaped("no_xescape") == "no_xescape"


def test_an_export_without_anything_of_interest_is_read_and_says_nothing() -> None:
    body = '<Obj RefId="0"><TN RefId="0"><T>System.Foo</T></TN><Props><S N="a">b</S></Props></Obj>'
    assert facts_of(export(body), "x.xml") == ("powershell-export", [], "")
    assert facts_of(export(""), "x.xml") == ("powershell-export", [], "")


VERSION = """<TN RefId="0"><T>Deserialized.System.Diagnostics.FileVersionInfo</T></TN><Props>
<S N="FileName">E:\\Exchange\\bin\\ExSetup.exe</S><S N="ProductName">Microsoft Exchange</S>
<S N="FileVersion">15.01.2507.006</S></Props>"""


def fetched(server: str, body: str = VERSION) -> str:
    return f'<Obj RefId="1">{body}<MS><S N="PSComputerName">{server}</S></MS></Obj>'


@pytest.mark.parametrize(
    ("server", "expected"),
    [("EX01.contoso.com", "EX01"), ("ex02", "ex02"), ("10.0.0.1", ""), ("localhost", "")],
)
def test_what_was_fetched_from_a_server_is_that_servers(server: str, expected: str) -> None:
    _, facts, _ = facts_of(export(fetched(server) + fetched("EX09")), "all.xml")
    assert told(facts) == [
        ("build", "ExSetup.exe", "15.1.2507.6", expected),
        ("build", "ExSetup.exe", "15.1.2507.6", "EX09"),
    ]
    assert facts[0].text == "E:\\Exchange\\bin\\ExSetup.exe: 15.01.2507.006"


def test_what_stands_in_a_fetched_object_is_that_servers_too() -> None:
    inner = f'<Props><Obj N="FileVersionInfo" RefId="2">{VERSION}</Obj></Props>'
    _, facts, _ = facts_of(export(fetched("EX01", inner)), "all.xml")
    assert told(facts) == [("build", "ExSetup.exe", "15.1.2507.6", "EX01")]
    both = f"<Obj RefId='3'><LST>{fetched('EX01')}{fetched('EX02')}</LST></Obj>"
    _, facts, _ = facts_of(export(both), "all.xml")
    assert [fact.computer for fact in facts] == ["EX01", "EX02"]
    _, facts, trouble = facts_of(
        export(fetched("EX01"))[:-7] + fetched("EX02", inner).encode()[:-60], "x"
    )
    assert trouble
    assert facts[0].computer == "EX01"


def test_what_is_true_of_the_organisation_is_not_the_servers_that_was_asked() -> None:
    body = """<TN RefId="0"><T>Deserialized.Microsoft.Exchange.OrganizationConfig</T></TN><Props>
    <B N="EnableDownloadDomains">true</B></Props>"""
    _, facts, _ = facts_of(export(fetched("EX02", body)), "org.xml")
    assert told(facts) == [("setting", "OrganizationConfig/EnableDownloadDomains", "true", "")]
