"""web.config: which directory it is for, whose server, and the rules of mitigations in it."""

import pytest
from config_reading import SERVERS, facts_of, members

from extriage.model.state import Fact, Subject
from extriage.parsers.rewrite import rule_of

OUTBOUND = b"""<configuration><system.webServer><rewrite><outboundRules>
<rule name="EOMT OWA CSP - outbound" preCondition="shell" patternSyntax="ECMAScript">
<match serverVariable="RESPONSE_Content_Security_Policy" pattern="(.*)" />
<action type="Rewrite" value="{R:1}; script-src-attr 'none'" /></rule>
<preConditions><preCondition name="shell">
<add input="{RESPONSE_CONTENT_TYPE}" pattern="^text/html" />
<add input="{REQUEST_URI}" pattern="^/owa/?" /></preCondition></preConditions>
</outboundRules></rewrite></system.webServer></configuration>"""


def read(name: str, archive: str = "E19.zip") -> list[Fact]:
    kind, facts, trouble = facts_of(members(SERVERS / archive)[name], name)
    assert (kind, trouble) == ("web-config", "")
    return facts


def test_the_front_end_names_its_server_and_its_modules() -> None:
    facts = read("Exchange/IIS/DefaultWebSite-OWA_web.config")
    assert {fact.computer for fact in facts} == {"SOLO-E19A"}
    settings = {fact.name: fact.value for fact in facts}
    assert settings["web.config/Default Web Site/owa"] == "read"
    assert settings["machineKey/Default Web Site/owa"] == "validationKey=AutoGenerate,IsolateApps"
    modules = [name for name in settings if name.startswith("web.config/") and "/modules/" in name]
    assert {name.rsplit("/", 1)[1] for name in modules} == {
        "HostHeaderValidationModule",
        "HttpRequestFilteringModule",
        "OwaPltInfoModule",
        "HttpProxy",
        "cafe_exppw",
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (r"C:\Program Files\X\V15\FrontEnd\HttpProxy\owa\web.config", "Default Web Site/owa"),
        ("x/FrontEnd/HttpProxy/sync/web.config", "Default Web Site/Microsoft-Server-ActiveSync"),
        ("x/FrontEnd/HttpProxy/Rest/web.config", "Default Web Site/API"),
        ("a.zip!/C/inetpub/wwwroot/web.config", "Default Web Site"),
        ("x/ClientAccess/exchweb/ews/web.config", "Exchange Back End/EWS"),
        ("ClientAccess/ecp/web.config", "Exchange Back End/ecp"),
        ("flat/someones_web.config", "someones_web.config"),
    ],
)
def test_the_path_tells_which_directory_it_is(path: str, place: str) -> None:
    kind, facts, _ = facts_of(b"<configuration><system.web></system.web></configuration>", path)
    assert kind == "web-config"
    assert facts[-1].name == f"web.config/{place}"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("DefaultWebSite_web.config", "Default Web Site"),
        ("ExchangeBackEnd-ECP_web.config", "Exchange Back End/ecp"),
        ("ExchangeBackEnd-OWA_web.config", "Exchange Back End/owa"),
    ],
)
def test_without_its_path_the_content_tells_which_directory_it_is(name: str, place: str) -> None:
    assert read(f"Exchange/IIS/{name}")[-1].name == f"web.config/{place}"


def test_outbound_rules_carry_the_precondition_that_stands_behind_them() -> None:
    _, facts, trouble = facts_of(OUTBOUND, "FrontEnd/HttpProxy/owa/web.config")
    assert trouble == ""
    (fact,) = (fact for fact in facts if fact.subject is Subject.REWRITE_RULE)
    rule = rule_of(fact)
    assert rule
    assert rule.direction == "outbound"
    assert [c.input for c in rule.conditions] == ["{RESPONSE_CONTENT_TYPE}", "{REQUEST_URI}"]
    assert rule.value == "{R:1}; script-src-attr 'none'"


def test_a_malformed_file_gives_what_stands_before() -> None:
    name = "Exchange/IIS/DefaultWebSite_web1.config"
    _, facts, trouble = facts_of(members(SERVERS / "E19-variants.zip")[name], name)
    assert trouble == "broken at line 42: mismatched tag"
    told = {fact.name: fact.value for fact in facts}
    assert "machineKey/Default Web Site" in told
    assert told["web.config/Default Web Site"] == "broken"


def test_no_file_that_iis_executes_is_taken_for_a_configuration() -> None:
    assert facts_of(b"<configuration><system.web>", "aspnet_client/x.ashx")[0] == "web-file"
    assert facts_of(b"<Objs Version='1'>schemas.microsoft.com/powershell/2004/04", "a.asmx")[0] == (
        "web-file"
    )


def test_other_programs_configurations_are_left_alone() -> None:
    assert (
        facts_of(b"<configuration><startup/></configuration>", "EdgeTransport.exe.config")[0] == ""
    )
