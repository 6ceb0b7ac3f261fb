"""The configuration checks, on Microsoft's samples and on single facts."""

from collections.abc import Iterable
from functools import cache

import pytest
from config_reading import PROTECTION, SERVERS, facts_in, facts_of, members

from extriage.analysis.checks import CHECKS, Setup, answer_checks, judge_protection, known
from extriage.analysis.checks.switches import scanning
from extriage.knowledge.checks import config_checks
from extriage.model.evidence import Origin
from extriage.model.exchange import BuildNumber
from extriage.model.state import Answer, CheckAnswer, Fact, Subject

PASSED, FAILED, UNKNOWN = Answer.PASSED, Answer.FAILED, Answer.CANNOT_TELL
ELSEWHERE = Answer.NOT_APPLICABLE
CU22, CU23_NEW = (15, 1, 2375, 7), (15, 1, 2507, 72)
CU11, SE_NEW = (15, 2, 986, 5), (15, 2, 2562, 46)
JAN23, NOV23 = (15, 1, 2507, 17), (15, 1, 2507, 35)


def setting(name: str, value: str, path: str = "evidence.xml", line: int = 1) -> Fact:
    return fact(Subject.SETTING, name, value, path, line)


def fact(subject: Subject, name: str, value: str, path: str = "e.xml", line: int = 1) -> Fact:
    return Fact(
        subject, name, value, "powershell-export", Origin(path, line), text=f"{name} {value}"
    )


def override(name: str, value: str) -> Fact:
    return fact(Subject.SETTING_OVERRIDE, name, value)


LISTED = setting("SettingOverrides/listed", "Get-SettingOverride")


def answers(
    build: BuildNumber | None, product: str, facts: Iterable[Fact], check: str
) -> list[CheckAnswer]:
    return [one for one in answer_checks(build, product, tuple(facts)) if one.id == check]


def answer(
    check: str, *facts: Fact, build: BuildNumber | None = CU23_NEW, product: str = "2016"
) -> CheckAnswer:
    (found,) = answers(build, product, facts, check)
    return found


@cache
def server(name: str) -> tuple[Fact, ...]:
    return tuple(facts_in(SERVERS / f"{name}.zip"))


@cache
def variant(name: str) -> tuple[Fact, ...]:
    files = members(SERVERS / "E19-variants.zip")
    (path,) = (path for path in files if path.endswith(name))
    return tuple(facts_of(files[path], path)[1])


def test_every_check_of_the_table_is_answered_but_the_one_of_the_build() -> None:
    rows = config_checks()
    assert rows.keys() - CHECKS.keys() == {"MARCHSPECIAL"}
    given = answer_checks(None, "", ())
    assert [one.id for one in given] == [check for check in rows if check in CHECKS]
    for one in given:
        assert one.answer is UNKNOWN, one
        assert one.title == rows[one.id].title
        assert one.note
        assert one.proofs == ()


def test_products_that_a_check_does_not_concern_are_left_out() -> None:
    concerned = {one.id for one in answer_checks(None, "2010", ()) if one.answer is not ELSEWHERE}
    assert concerned == {"MACHINEKEY", "LEGACYGROUPS", "DOTNET"}
    assert answer("HYBRIDAPP", build=None, product="2013").answer is ELSEWHERE


# Extended Protection


def name_says(name: str) -> Setup:
    if "NotConfigured" in name:
        return Setup.NOT_CONFIGURED
    if "MisConfigured" in name:
        return Setup.MISCONFIGURED
    return Setup.FILTERED if "IPFilter" in name else Setup.CONFIGURED


SAMPLES = sorted(members(PROTECTION))


def test_there_are_thirteen_samples() -> None:
    assert len(SAMPLES) == 13


@pytest.mark.parametrize("name", SAMPLES)
def test_extended_protection_is_as_the_file_name_says(name: str) -> None:
    facts = facts_in(PROTECTION, name)
    expected = name_says(name)
    found = judge_protection(facts)
    assert found.setup is expected
    good = expected in (Setup.CONFIGURED, Setup.FILTERED)
    assert (not found.weak) is good
    product = {"E15": "2013", "E16": "2016", "E19": "2019"}[name[:3]]
    build = {"2013": (15, 0, 1497, 48), "2016": CU23_NEW, "2019": (15, 2, 1544, 9)}[product]
    (said,) = answers(build, product, facts, "EP")
    assert said.answer is (PASSED if good else FAILED)
    assert said.proofs
    assert {proof.path for proof in said.proofs} == {name}


def test_what_is_misconfigured_is_named_with_what_it_needs() -> None:
    facts = facts_in(PROTECTION, "E19_MisConfigured_ApplicationHost.config")
    found = judge_protection(facts)
    assert {(one.name, one.value) for one in found.weak} == {
        ("Default Web Site/owa", "Allow"),
        ("Default Web Site/ecp", "None"),
        ("Exchange Back End/ecp", "None"),
        ("Exchange Back End/PowerShell", "None"),
    }
    said = answer("EP", *facts)
    assert "Default Web Site/owa is Allow, needs Require" in said.note


def test_a_filter_of_addresses_stands_in_for_the_back_ends_ews_only() -> None:
    facts = facts_in(PROTECTION, "E16_Configured_IPFilter_ApplicationHost.config")
    said = answer("EP", *facts)
    assert "only listed addresses reach it" in said.note
    assert any("allowUnlisted=false" in proof.text for proof in said.proofs)
    open_filter = [
        setting(one.name, one.value.replace("allowUnlisted=false", "allowUnlisted=true"))
        if one.name.endswith("/ipSecurity")
        else one
        for one in facts
    ]
    assert judge_protection(open_filter).setup is Setup.MISCONFIGURED


def test_roles_of_2013_have_other_sites() -> None:
    cas = judge_protection(facts_in(PROTECTION, "E15_Configured_Cas_ApplicationHost.config"))
    mailbox = judge_protection(facts_in(PROTECTION, "E15_Configured_Mbx_ApplicationHost.config"))
    assert not any(f.name.startswith("Exchange Back End/ecp") for f in cas.judged)
    assert not any(f.name.startswith("Default Web Site/ecp") for f in mailbox.judged)


def test_a_build_that_cannot_use_it_is_not_protected() -> None:
    facts = facts_in(PROTECTION, "E16_Configured_ApplicationHost.config")
    said = answer("EP", *facts, build=CU22)
    assert said.answer is FAILED
    assert "August 2022" in said.note


IN_PLACE = "C/Windows/System32/inetsrv/config/applicationHost.config"
COPIES = (
    "inetpub/history/CFGHISTORY_0000000001/applicationHost.config",
    "C/Windows/System32/inetsrv/backup/one/applicationHost.config",
    "C/Windows.old/Windows/System32/inetsrv/config/applicationHost.config",
    "C/Users/adm/Desktop/new server/applicationHost.config",
    "C/Users/adm/Downloads/applicationHost.config",
    f"{IN_PLACE}.bak-20210101",
    "C/Windows/System32/inetsrv/config/applicationHost - Copy.config",
    "C/Windows/System32/inetsrv/config/applicationHost.old",
)


def protected(value: str, path: str) -> Fact:
    name = "Exchange Back End/ecp"
    return Fact(Subject.EXTENDED_PROTECTION, name, value, "iis-config", Origin(path, 1), text=value)


@pytest.mark.parametrize("copy", COPIES)
def test_copies_of_the_configuration_do_not_count(copy: str) -> None:
    for place in (IN_PLACE, "applicationHost.config"):
        good = answer("EP", protected("None", copy), protected("Require", place))
        bad = answer("EP", protected("Require", copy), protected("None", place))
        assert (good.answer, bad.answer) == (PASSED, FAILED)


@pytest.mark.parametrize("copy", COPIES)
def test_copies_alone_tell_nothing_and_the_note_says_so(copy: str) -> None:
    for value in ("Require", "None"):
        said = answer("EP", protected(value, copy))
        assert said.answer is UNKNOWN
        assert "copies were found, which do not tell what is in use" in said.note
        assert [proof.path for proof in said.proofs] == [copy]
    assert judge_protection([protected("Require", copy)]).setup is Setup.UNKNOWN
    assert "copies" not in answer("TOKENCACHE", protected("Require", copy)).note


def test_the_file_in_its_place_wins_over_one_whose_place_says_nothing() -> None:
    loose = "pile/applicationHost.config"
    assert answer("EP", protected("None", loose), protected("Require", IN_PLACE)).answer is PASSED
    assert answer("EP", protected("Require", loose), protected("None", IN_PLACE)).answer is FAILED
    assert answer("EP", protected("Require", loose)).answer is PASSED
    assert answer("EP", protected("None", loose)).answer is FAILED


def test_an_export_counts_wherever_it_was_saved() -> None:
    name = "OrganizationConfig/EnableDownloadDomains"
    said = answer("DOWNLOADDOM", setting(name, "False", "C/Users/adm/Desktop/org.xml"))
    assert said.answer is FAILED


def test_a_library_in_the_component_store_is_not_the_one_that_is_loaded() -> None:
    def of(path: str, revision: int) -> Fact:
        origin = Origin(f"C/Windows/{path}/cachtokn.dll", 1)
        version = f"10.0.14393.{revision}"
        return Fact(Subject.FILE_VERSION, "cachtokn.dll", version, "exchange-binary", origin)

    store, live = of("WinSxS/amd64_x", 9999), "System32/inetsrv"
    assert answer("TOKENCACHE", TOKEN, store).answer is UNKNOWN
    assert answer("TOKENCACHE", store).answer is UNKNOWN
    assert "copies were found" in answer("TOKENCACHE", store).note
    assert answer("TOKENCACHE", TOKEN, store, of(live, 0)).answer is FAILED
    assert answer("TOKENCACHE", TOKEN, of("WinSxS/x", 0), of(live, 9999)).answer is PASSED


def test_a_configuration_that_breaks_off_is_no_proof() -> None:
    whole = members(PROTECTION)["E19_Configured_ApplicationHost.config"]
    cut = whole[: whole.index(b'<location path="Exchange Back End/EWS">')]
    said = answer("EP", *facts_of(cut, "applicationHost.config")[1])
    assert said.answer is UNKNOWN
    assert "breaks off" in said.note
    bad = facts_of(whole.replace(b'"Require"', b'"None"', 9)[:120_000], "applicationHost.config")[1]
    assert answer("EP", *bad).answer is FAILED


def test_windows_can_suppress_it() -> None:
    facts = facts_in(PROTECTION, "E16_Configured_ApplicationHost.config")
    off = setting("Control/Lsa/SuppressExtendedProtection", "1")
    assert answer("EP", *facts, off).answer is FAILED


# Single checks: check, build, product, facts, answer


def module(name: str) -> Fact:
    return fact(Subject.IIS_MODULE, name, rf"%windir%\System32\inetsrv\{name}.dll")


def library(version: str, name: str = "cachtokn.dll") -> Fact:
    return fact(Subject.FILE_VERSION, name, version)


TOKEN = module("TokenCacheModule")
OTHER = module("HttpLoggingModule")
SIGNING = "Data/EnableSerializationDataSigning"
SUPERIORS = "Schema/ms-Exch-Storage-Group/possSuperiors"
VERSION = "Schema/ms-Exch-Schema-Version-Pt/rangeUpper"
DENIED = "Domain/a.example/Exchange may not write managedBy of computers"
CONTAINER = "Domain/a.example/objectVersion"
DOWNLOAD = "OrganizationConfig/EnableDownloadDomains"
OWA = "OwaVirtualDirectory/owa (Default Web Site)"
EWS = "WebServicesVirtualDirectory/EWS (Default Web Site)/MRSProxyEnabled"
HYBRID = setting("HybridConfiguration/Name", "Hybrid Configuration")
APP_SWITCH = override("Global/ExchangeOnpremAsThirdPartyAppId", "Enabled=true")
SHARED = "00000002-0000-0ff1-ce00-000000000000"
OWN = "4c3b2a10-1111-2222-3333-444455556666"
BACK = setting("web.config/Exchange Back End/owa", "read")
KEY = "machineKey/Exchange Back End/ecp"
EXCHANGE_KEY = "sha256:6d60845874ad370b4c0e1906237bb25eaf3490e22abd71b9c8423f81664e8fe3"


def download(external: str, internal: str) -> list[Fact]:
    return [
        setting(DOWNLOAD, "true"),
        setting(f"{OWA}/ExternalDownloadHostName", external),
        setting(f"{OWA}/InternalDownloadHostName", internal),
        setting(f"{OWA}/InternalUrl", "https://mail.a.example/owa"),
    ]


CASES: list[tuple[str, BuildNumber | None, str, list[Fact], Answer]] = [
    ("TOKENCACHE", None, "2019", [OTHER], PASSED),
    ("TOKENCACHE", None, "2019", [TOKEN, OTHER], UNKNOWN),
    ("TOKENCACHE", None, "2019", [TOKEN, library("10.0.17763.4967")], FAILED),
    ("TOKENCACHE", None, "2019", [TOKEN, library("10.0.17763.4968")], PASSED),
    ("TOKENCACHE", None, "2016", [TOKEN, library("10.0.14393.6343")], PASSED),
    ("TOKENCACHE", None, "2013", [TOKEN, library("8.5.9600.21612")], FAILED),
    ("TOKENCACHE", None, "SE", [TOKEN, library("10.0.26100.1")], PASSED),
    ("TOKENCACHE", None, "SE", [TOKEN, library("10.0.19999.1")], UNKNOWN),
    ("TOKENCACHE", None, "SE", [library("10.0.20348.1")], UNKNOWN),
    ("SERIAL", CU22, "2016", [], FAILED),
    ("SERIAL", JAN23, "2016", [], UNKNOWN),
    ("SERIAL", JAN23, "2016", [LISTED], FAILED),
    ("SERIAL", JAN23, "2016", [LISTED, override(SIGNING, "Enabled=true")], PASSED),
    ("SERIAL", NOV23, "2016", [], UNKNOWN),
    ("SERIAL", NOV23, "2016", [LISTED], PASSED),
    ("SERIAL", NOV23, "2016", [LISTED, override(SIGNING, "Enabled=False")], FAILED),
    (
        "SERIAL",
        NOV23,
        "2016",
        [LISTED, override(SIGNING, "not in force (X): Enabled=False")],
        PASSED,
    ),
    (
        "SERIAL",
        NOV23,
        "2016",
        [LISTED, override(SIGNING, "Enabled=False; MaxVersion=15.1.2507.17")],
        PASSED,
    ),
    ("SERIAL", None, "2016", [LISTED], UNKNOWN),
    ("SERIAL", SE_NEW, "SE", [LISTED], PASSED),
    ("SERIAL", None, "2013", [], UNKNOWN),
    ("SERIAL", None, "2013", [setting("Diagnostics/EnableSerializationDataSigning", "1")], PASSED),
    ("SERIAL", None, "2013", [setting("Diagnostics/EnableSerializationDataSigning", "0")], FAILED),
    ("SCHEMA", None, "2013", [setting(SUPERIORS, "msExchX, computer")], FAILED),
    ("SCHEMA", None, "2013", [setting(SUPERIORS, "msExchX")], PASSED),
    ("SCHEMA", None, "2016", [setting(VERSION, "15333")], FAILED),
    ("SCHEMA", None, "2016", [setting(VERSION, "15334")], PASSED),
    ("SCHEMA", None, "2019", [setting(VERSION, "17002")], FAILED),
    ("SCHEMA", None, "2019", [setting(VERSION, "17003")], PASSED),
    ("SCHEMA", CU22, "2016", [], PASSED),
    ("SCHEMA", (15, 1, 2242, 12), "2016", [], UNKNOWN),
    ("SCHEMA", None, "SE", [], PASSED),
    ("PREPDOMAIN", None, "2019", [setting(DENIED, "True"), setting(CONTAINER, "13243")], PASSED),
    ("PREPDOMAIN", None, "2019", [setting(DENIED, "False"), setting(CONTAINER, "13243")], FAILED),
    ("PREPDOMAIN", None, "2019", [setting(CONTAINER, "13242")], FAILED),
    ("PREPDOMAIN", None, "2019", [setting(CONTAINER, "13243")], UNKNOWN),
    ("PREPDOMAIN", None, "2013", [setting(DENIED, "True"), setting(CONTAINER, "13238")], PASSED),
    ("DOWNLOADDOM", (15, 2, 659, 4), "2019", [setting(DOWNLOAD, "true")], FAILED),
    ("DOWNLOADDOM", CU11, "2019", [setting(DOWNLOAD, "false")], FAILED),
    ("DOWNLOADDOM", CU11, "2019", [setting(DOWNLOAD, "true")], UNKNOWN),
    ("DOWNLOADDOM", CU11, "2019", download("dl.a.example", ""), FAILED),
    ("DOWNLOADDOM", CU11, "2019", download("dl.a.example", "MAIL.a.example"), FAILED),
    ("DOWNLOADDOM", CU11, "2019", download("dl.a.example", "dl.a.example"), PASSED),
    ("FIPFS", CU22, "2016", [setting("FIP-FS/Configuration.xml", "read")], FAILED),
    ("FIPFS", CU23_NEW, "2016", [], UNKNOWN),
    ("FIPFS", CU23_NEW, "2016", [setting("FIP-FS/Configuration.xml", "read")], PASSED),
    ("FIPFS", None, "2016", [setting("FIP-FS/Configuration.xml", "read")], UNKNOWN),
    ("FIPFS", CU23_NEW, "2016", [setting("FIP-FS/override", "Jpeg|NO")], FAILED),
    ("FIPFS", SE_NEW, "SE", [setting("FIP-FS/Configuration.xml", "read")], PASSED),
    ("FIPFS", (15, 0, 1497, 48), "2013", [], FAILED),
    ("HYBRIDAPP", None, "2019", [setting("AuthServer/ACS/Type", "MicrosoftACS")], ELSEWHERE),
    ("HYBRIDAPP", None, "2019", [HYBRID], UNKNOWN),
    ("HYBRIDAPP", None, "2019", [HYBRID, LISTED], FAILED),
    ("HYBRIDAPP", None, "2019", [HYBRID, LISTED, APP_SWITCH], UNKNOWN),
    (
        "HYBRIDAPP",
        None,
        "2019",
        [LISTED, APP_SWITCH, setting("AuthServer/EvoSts/ApplicationIdentifier", SHARED)],
        FAILED,
    ),
    (
        "HYBRIDAPP",
        None,
        "2019",
        [LISTED, APP_SWITCH, setting("AuthServer/EvoSts/ApplicationIdentifier", OWN)],
        UNKNOWN,
    ),
    ("MACHINEKEY", None, "2016", [BACK], PASSED),
    ("MACHINEKEY", None, "2016", [setting(KEY, "validationKey=AutoGenerate")], UNKNOWN),
    ("MACHINEKEY", None, "2016", [BACK, setting(KEY, "validationKey=sha256:00")], UNKNOWN),
    ("MACHINEKEY", None, "2010", [setting(KEY, f"validationKey={EXCHANGE_KEY}")], FAILED),
    ("OWALIGHT", None, "2019", [setting(f"{OWA}/OWALightEnabled", "true")], FAILED),
    ("OWALIGHT", None, "2019", [setting(f"{OWA}/OWALightEnabled", "False")], PASSED),
    (
        "OWALIGHT",
        None,
        "2019",
        [
            setting(f"{OWA}/OWALightEnabled", "False"),
            setting("OwaMailboxPolicy/Default/OWALightEnabled", "True"),
        ],
        FAILED,
    ),
    ("OWALIGHT", SE_NEW, "SE", [setting(f"{OWA}/OWALightEnabled", "true")], PASSED),
    ("LEGACYGROUPS", None, "2016", [setting("Group/Exchange Domain Servers", "present")], FAILED),
    ("LEGACYGROUPS", None, "2016", [setting("Group/Domain Admins", "present")], PASSED),
    ("LEGACYGROUPS", None, "2016", [setting("Group/Exchange Servers", "present")], UNKNOWN),
    ("DOTNET", None, "2016", [library("4.8.4190.0", "System.Data.dll")], PASSED),
    ("DOTNET", None, "2016", [library("4.8.3761.0", "System.Data.dll")], FAILED),
    ("DOTNET", None, "2016", [library("4.7.3630.0", "System.Data.dll")], PASSED),
    ("MRSPROXY", CU22, "2016", [setting(EWS, "true")], FAILED),
    ("MRSPROXY", CU22, "2016", [setting(EWS, "false")], PASSED),
    ("MRSPROXY", CU22, "2016", [], UNKNOWN),
    ("MRSPROXY", SE_NEW, "SE", [setting(EWS, "true")], PASSED),
]


@pytest.mark.parametrize(
    ("check", "build", "product", "facts", "expected"),
    CASES,
    ids=[f"{n}-{case[0]}-{case[4].value}" for n, case in enumerate(CASES)],
)
def test_a_check_is_answered(
    check: str, build: BuildNumber | None, product: str, facts: list[Fact], expected: Answer
) -> None:
    (said,) = answers(build, product, facts, check)
    assert said.answer is expected, said.note
    places = {(one.origin.path, one.origin.line, one.text) for one in facts}
    assert {(proof.path, proof.line, proof.text) for proof in said.proofs} <= places


def test_every_check_was_asked_with_each_of_its_answers() -> None:
    asked = {(case[0], case[4]) for case in CASES}
    elsewhere = {"EP", "URLREWRITE", "EEMS", "OVERRIDES", "HYBRIDAPP", "AMSI"}
    for check in CHECKS.keys() - elsewhere:
        assert (check, PASSED) in asked, check
        assert (check, FAILED) in asked, check


# Overrides


def test_overrides_concern_only_the_fixes_that_they_switch_off() -> None:
    off = override("Cafe/RemoveBackendCookieFromAutoDiscoverV2Response", "Enabled=False")
    bad, good = answers(CU23_NEW, "2016", [LISTED, off], "OVERRIDES")
    assert (bad.answer, bad.cves) == (FAILED, ("CVE-2025-33051",))
    assert (good.answer, len(good.cves)) == (PASSED, 6)
    assert "CVE-2025-33051" not in good.cves
    assert bad.proofs[0].text.startswith("Cafe/Remove")


@pytest.mark.parametrize(
    ("name", "value", "cve"),
    [
        (
            "Transport/NonCompliantSenderSettings",
            "AddP2FromRegexMatchHeader=false",
            "CVE-2024-49040",
        ),
        ("OAuth/AppIdBasedAudienceValidation", "Enabled=False", "CVE-2025-25005"),
        (
            "Transport/NonCompliantSenderSettings",
            "BlockNullBytesInFromHeader=False",
            "CVE-2025-25006",
        ),
        (
            "Transport/NonCompliantSenderSettings",
            "BlockCharactersAfterUnquotedSemicolon=False",
            "CVE-2025-25007",
        ),
        ("Global/CatTokenAuthorizationCheck", "Enabled=False", "CVE-2025-53782"),
        (
            "Transport/NonCompliantSenderSettings",
            "BlockEmailWithMultipleP2FromHeaders=False",
            "CVE-2025-59248",
        ),
        ("Transport/ParseGroupEmailAddressesInPartnerUtils", "Enabled=False", "CVE-2025-59248"),
        (
            "ContentConversion/InboundMimeHeaderParserCheckGroupAddresses",
            "Enabled=False",
            "CVE-2025-59248",
        ),
    ],
)
def test_each_switch_belongs_to_its_vulnerability(name: str, value: str, cve: str) -> None:
    bad, _ = answers(CU23_NEW, "2016", [override(name, value)], "OVERRIDES")
    assert (bad.answer, bad.cves) == (FAILED, (cve,))
    (fine,) = answers(CU23_NEW, "2016", [LISTED, override(name, value[:-5] + "True")], "OVERRIDES")
    assert (fine.answer, len(fine.cves)) == (PASSED, 7)


# Microsoft's recorded servers, in their variants


def test_download_domains_of_the_variants() -> None:
    on = variant("GetOrganizationConfig1.xml")
    same = answer(
        "DOWNLOADDOM", *on, *variant("GetOwaVirtualDirectory1.xml"), build=CU11, product="2019"
    )
    assert same.answer is FAILED
    assert "own name" in same.note
    half = answer(
        "DOWNLOADDOM", *on, *variant("GetOwaVirtualDirectory2.xml"), build=CU11, product="2019"
    )
    assert half.answer is FAILED
    assert "InternalDownloadHostName" in half.note


def test_the_token_cache_of_the_variants() -> None:
    loaded = facts_in(SERVERS / "E19.zip", "GetIISModules.xml")
    fixed = variant("GetVersionInformationCachToknPatched.xml")
    assert answer("TOKENCACHE", *loaded, *fixed, product="2019").answer is PASSED
    removed = answer("TOKENCACHE", *variant("GetIISModulesNoTokenCacheModule.xml"), product="2019")
    assert removed.answer is PASSED
    assert "administrator" in removed.note


def test_signing_and_hybrid_of_the_variants() -> None:
    on = variant("GetSettingOverride1.xml")
    assert answer("SERIAL", *on, build=(15, 2, 1118, 25), product="2019").answer is PASSED
    app = [*variant("GetSettingOverride2.xml"), *variant("GetHybridConfiguration.xml")]
    said = answer("HYBRIDAPP", *app, product="2019")
    assert said.answer is UNKNOWN
    assert "Get-AuthServer" in said.note
    without = [*variant("GetSettingOverride1.xml"), *variant("GetHybridConfiguration.xml")]
    assert answer("HYBRIDAPP", *without, product="2019").answer is FAILED


def test_the_misconfigured_variant_is_named() -> None:
    said = answer(
        "EP", *variant("applicationHost2.config"), build=(15, 2, 1118, 25), product="2019"
    )
    assert said.answer is FAILED
    assert said.note.endswith("Exchange Back End/PowerShell is None, needs Require")


def test_answers_do_not_depend_on_the_order_of_the_facts() -> None:
    facts = server("E16")
    assert answer_checks(CU22, "2016", facts) == answer_checks(CU22, "2016", facts[::-1])


def test_proofs_are_bounded() -> None:
    for one in answer_checks(CU22, "2016", server("E16")):
        assert len(one.proofs) <= 12


# AMSI


def test_requests_are_scanned_unless_an_override_says_otherwise() -> None:
    module = setting("web.config/Default Web Site/owa/modules/HttpRequestFilteringModule", "x")
    off, on = (override("Cafe/HttpRequestFiltering", f"Enabled={v}") for v in ("False", "True"))

    def said(*facts: Fact) -> Answer:
        return scanning(known(CU23_NEW, "2016", facts)).answer

    assert said(module, LISTED) is PASSED
    assert said(module, LISTED, on) is PASSED
    assert said(module, LISTED, off) is FAILED
    assert said(off) is FAILED
    assert said(module) is UNKNOWN
    assert said(LISTED) is UNKNOWN
    assert scanning(known(CU23_NEW, "2016", variant("ADTopVariantConfiguration1.xml"))).answer is (
        FAILED
    )
