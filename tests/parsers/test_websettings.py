"""Switches of IIS and ASP.NET, as applicationHost.config and web.config tell them alike."""

import pytest
from config_reading import MODULES, SERVERS, facts_in, facts_of
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.state import Fact, Subject
from extriage.parsers.machinekey import measured

WEB = """<?xml version="1.0"?><configuration><system.webServer><security><requestFiltering>
<hiddenSegments><remove segment="web.config"/></hiddenSegments>
<fileExtensions><clear/><add fileExtension=".config" allowed="true"/></fileExtensions>
</requestFiltering></security><isapiFilters><filter name="f" path="C:\\f.dll"/></isapiFilters>
<modules><remove name="HttpLoggingModule"/><add name="m" type="A.B"/></modules></system.webServer>
<system.web><globalization fileEncoding="IBM037"/><pages enableViewStateMac="false"/>
<compilation><buildProviders><add extension=".jpg" type="P"/></buildProviders></compilation>
</system.web></configuration>"""
HOST = """<configuration><configSections>
<sectionGroup name="system.applicationHost"/></configSections>
<system.applicationHost><applicationPools><add name="stat">
<processModel identityType="SpecificUser" userName="CONTOSO\\svc" password="hunter2"/>
<environmentVariables><add name="COR_PROFILER" value="{x}"/></environmentVariables></add>
<applicationPoolDefaults><processModel identityType="LocalSystem"/></applicationPoolDefaults>
</applicationPools></system.applicationHost><system.webServer><security>
<isapiCgiRestriction notListedCgisAllowed="true"><add path="C:\\a.exe" allowed="true"/>
</isapiCgiRestriction></security></system.webServer></configuration>"""


def said(facts: list[Fact]) -> set[tuple[str, str, str, str]]:
    rows = [dict(fact.properties) for fact in facts if fact.subject is Subject.WEB_SETTING]
    values = [fact.value for fact in facts if fact.subject is Subject.WEB_SETTING]
    return {
        (str(row["Element"]), str(row["Action"]), str(row.get("Key", "")), value)
        for row, value in zip(rows, values, strict=True)
    }


def test_a_web_config_tells_what_it_opens() -> None:
    kind, facts, trouble = facts_of(WEB.encode(), "a/FrontEnd/HttpProxy/owa/web.config")
    assert (kind, trouble) == ("web-config", "")
    assert said(facts) == {
        ("hiddenSegments", "remove", "web.config", "remove"),
        ("fileExtensions", "clear", "", "clear"),
        ("fileExtensions", "add", ".config", "true"),
        ("modules", "remove", "HttpLoggingModule", "remove"),
        ("globalization", "set", "fileEncoding", "IBM037"),
        ("pages", "set", "enableViewStateMac", "false"),
        ("buildProviders", "add", ".jpg", "P"),
    }
    (found,) = (fact for fact in facts if fact.subject is Subject.ISAPI_FILTER)
    assert (found.name, found.value) == ("Default Web Site/owa: f", r"C:\f.dll")


def test_pools_and_programs_are_told_without_passwords() -> None:
    kind, facts, trouble = facts_of(HOST.encode(), "applicationHost.config")
    assert (kind, trouble) == ("iis-config", "")
    pools = [fact for fact in facts if fact.subject is Subject.APPLICATION_POOL]
    assert [(one.name, one.value) for one in pools] == [
        ("stat", "SpecificUser"),
        ("all pools", "LocalSystem"),
    ]
    assert dict(pools[0].properties)["UserName"] == r"CONTOSO\svc"
    assert "hunter2" not in repr(facts)
    assert said(facts) == {
        ("environmentVariables", "add", "COR_PROFILER", "{x}"),
        ("isapiCgiRestriction", "set", "notListedCgisAllowed", "true"),
    }
    (found,) = (fact for fact in facts if fact.subject is Subject.ISAPI_RESTRICTION)
    assert (found.name, found.value) == (r"all sites: C:\a.exe", "true")


def test_real_servers_have_the_filters_of_exchange_and_no_opened_list() -> None:
    facts = [*facts_in(SERVERS / "E19.zip"), *facts_in(MODULES)]
    loaded = [fact.value for fact in facts if fact.subject is Subject.ISAPI_FILTER]
    filters = {path.rpartition("\\")[2] for path in loaded}
    assert filters == {"owaauth.dll", "AirFilter.dll", "aspnet_filter.dll"}
    opened = [row for row in said(facts) if row[0] == "hiddenSegments" and row[1] != "add"]
    assert opened == []


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("00" * 64, "repeated"),
        ("AABB" * 32, "repeated"),
        ("0123456789ABCDEF" * 3, "sequence"),
        ("41636D6553656372657450617373776F7264466F7256696577", "text"),
        ("0F1E9A", "short"),
        ("xyz", "not-hex"),
        ("C5", "repeated"),
        ("9F3A71C2E8D40B5611AC7E93F0D2B845C61F8A3397E4D05B2C70AE19F3486BD7", "random"),
    ],
)
def test_the_form_of_a_key_is_told(key: str, form: str) -> None:
    assert measured({"validationKey": key})["ValidationKeyForm"] == form


@given(st.text(max_size=40) | st.text("0123456789abcdefABCDEF", max_size=40))
def test_no_key_breaks_the_reader(key: str) -> None:
    told = measured({"validationKey": key, "decryptionKey": f"{key},IsolateApps"})
    assert set(told) >= {"Explicit", "Validation"}


HANDLER = (
    '<handlers><add name="g" path="*.gif" verb="*" type="System.Web.UI.PageHandlerFactory"/>'
    "</handlers>"
)
OWA = "a/FrontEnd/HttpProxy/owa/web.config"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (OWA, f"<configuration><!--{'x' * 70_000}--><system.webServer>{HANDLER}"),
        (OWA, f"<!--{'x' * 70_000}--><configuration><system.webServer>{HANDLER}"),
        (OWA, f"<configuration><system.webServer\n>{HANDLER}"),
        (OWA, f"<configuration><location path='x'><system.webServer\t>{HANDLER}"),
        ("a/owa/h.config", HANDLER),
    ],
    ids=["long comment", "comment before the root", "line break", "tabulator", "section alone"],
)
def test_what_a_web_config_runs_cannot_be_hidden_by_its_shape(path: str, text: str) -> None:
    kind, facts, _ = facts_of(text.encode(), path)
    assert kind == "web-config"
    assert "*.gif" in {
        dict(fact.properties).get("Path") for fact in facts if fact.subject is Subject.HANDLER
    }


def test_a_long_comment_does_not_hide_the_main_configuration() -> None:
    text = f"<configuration><!--{'x' * 70_000}--><system.webServer>{HANDLER}"
    assert facts_of(text.encode(), "inetsrv/config/applicationHost.config")[0] == "iis-config"


def test_code_of_others_is_told_wherever_it_is_named() -> None:
    text = """<configuration><configSections><section name="s" type="Evil.S, Evil"/>
    <section name="t" type="System.Configuration.S, System"/></configSections><system.web>
    <compilation><assemblies><add assembly="Evil"/><add assembly="*"/></assemblies></compilation>
    <httpModules configSource="m.config"/></system.web><x type="AbortRequest"/></configuration>"""
    assert said(facts_of(text.encode(), OWA)[1]) == {
        ("code", "add", "configSections/section/type", "Evil.S, Evil"),
        ("code", "add", "assemblies/add/assembly", "Evil"),
        ("httpModules", "set", "configSource", "m.config"),
    }
