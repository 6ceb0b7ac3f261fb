"""Native modules: signed by Microsoft or not, in their usual place or not."""

import pytest
from config_reading import MODULES, SERVERS, facts_in, members

from extriage.analysis.modules import ModuleVerdict, judge_modules
from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject

TESTS = {"Test-SignedBy3rdParty", "Test-Unsigned", "Test-UnsignedInvalid"}
CONFIGS = [name for name in sorted(members(MODULES)) if name.endswith(".config")]
SIGNATURES = [name for name in sorted(members(MODULES)) if name.startswith("acs_")]


def suspicious(facts: list[Fact]) -> set[str]:
    return {one.name for one in judge_modules(facts) if one.verdict is ModuleVerdict.SUSPICIOUS}


def test_there_are_the_samples_that_are_meant() -> None:
    assert len(CONFIGS) == 3
    assert len(SIGNATURES) == 34


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_is_as_its_name_says(name: str) -> None:
    found = judge_modules(facts_in(MODULES, name))
    assert len(found) == (34 if "Mixed" in name else 31)
    assert suspicious(facts_in(MODULES, name)) == (TESTS if "Mixed" in name else set())
    others = {one.verdict for one in found if one.name not in TESTS}
    assert others == {ModuleVerdict.USUAL}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_as_its_name_says(name: str) -> None:
    (module,) = judge_modules(facts_in(MODULES, name))
    bad = "Test-" in name
    assert module.verdict is (ModuleVerdict.SUSPICIOUS if bad else ModuleVerdict.MICROSOFT)
    assert module.proofs[0].path == name


def test_signatures_and_configuration_meet() -> None:
    mixed = facts_in(MODULES, "E16_applicationHost_Mixed.config", ".xml")
    found = {one.name: one for one in judge_modules(mixed)}
    assert {name for name, one in found.items() if one.verdict is ModuleVerdict.SUSPICIOUS} == TESTS
    assert found["Test-Unsigned"].reason == "the file is not signed"
    assert found["Test-UnsignedInvalid"].reason.startswith("its signature does not hold")
    assert "ContosoTech" in found["Test-SignedBy3rdParty"].reason
    assert found["HttpLoggingModule"].verdict is ModuleVerdict.MICROSOFT
    assert len(found["HttpLoggingModule"].proofs) == 2


@pytest.mark.parametrize("name", ["E16", "E19"])
def test_the_recorded_servers_have_33_modules_none_malicious(name: str) -> None:
    listed = judge_modules(facts_in(SERVERS / f"{name}.zip", "GetIISModules.xml"))
    assert len(listed) == 33
    assert {one.verdict for one in listed} == {ModuleVerdict.MICROSOFT}
    both = facts_in(SERVERS / f"{name}.zip", "GetIISModules.xml", "applicationHost.config")
    assert suspicious(both) == set()


def module(path: str, *more: Fact) -> ModuleVerdict:
    loaded = Fact(Subject.IIS_MODULE, "m", path, "iis-config", Origin("a.config", 7))
    (found,) = [one for one in judge_modules([loaded, *more]) if one.name == "m"]
    return found.verdict


def signed(path: str, value: str) -> Fact:
    return Fact(Subject.SIGNATURE, path, value, "powershell-export", Origin("s.xml", 1))


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        (r"%windir%\System32\inetsrv\loghttp.dll", ModuleVerdict.USUAL),
        (r"%SystemRoot%\SysWOW64\inetsrv\LogHttp.dll", ModuleVerdict.USUAL),
        (r"C:\Windows\System32\inetsrv\evil.dll", ModuleVerdict.CANNOT_TELL),
        (r"C:\Windows\System32\inetsrv\sub\loghttp.dll", ModuleVerdict.SUSPICIOUS),
        (r"C:\Windows\Temp\loghttp.dll", ModuleVerdict.SUSPICIOUS),
        (r"%programfiles%\Microsoft\Exchange Server\V15\Bin\kerbauth.dll", ModuleVerdict.USUAL),
        (r"F:\Elsewhere\Bin\kerbauth.dll", ModuleVerdict.SUSPICIOUS),
        (r"\\10.0.0.9\share\x.dll", ModuleVerdict.SUSPICIOUS),
        ("", ModuleVerdict.SUSPICIOUS),
    ],
)
def test_without_a_signature_the_place_counts(path: str, verdict: ModuleVerdict) -> None:
    assert module(path) is verdict


def test_exchange_may_be_installed_elsewhere() -> None:
    folder = Fact(
        Subject.VIRTUAL_DIRECTORY,
        "Default Web Site/owa",
        r"F:\Elsewhere\FrontEnd\HttpProxy\owa",
        "iis-config",
        Origin("a.config", 9),
    )
    assert module(r"F:\Elsewhere\Bin\kerbauth.dll", folder) is ModuleVerdict.USUAL
    assert module(r"F:\Elsewhere\Bin\other.dll", folder) is ModuleVerdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("Valid; CN=Microsoft Windows, O=Microsoft Corporation, C=US", ModuleVerdict.MICROSOFT),
        ("Valid; CN=O=Microsoft Corporation Ltd, O=Other", ModuleVerdict.SUSPICIOUS),
        ("Valid; CN=Microsoft Windows", ModuleVerdict.SUSPICIOUS),
        ("HashMismatch; CN=x, O=Microsoft Corporation", ModuleVerdict.SUSPICIOUS),
        ("Valid", ModuleVerdict.SUSPICIOUS),
    ],
)
def test_only_a_valid_signature_of_microsoft_counts(value: str, verdict: ModuleVerdict) -> None:
    assert module(r"%windir%\x.dll", signed(r"C:\WINDOWS\X.dll", value)) is verdict
