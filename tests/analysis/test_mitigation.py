"""Makeshifts: which rewrite rules guard, which do not, and what is a trace of defence only."""

import pytest
from config_reading import SERVERS, facts_of, members

from extriage.analysis.checks import answer_checks, defences, known
from extriage.model.evidence import Origin
from extriage.model.exchange import BuildNumber
from extriage.model.state import Answer, CheckAnswer, Fact, Subject

OPEN, FIXED = (15, 1, 2375, 7), (15, 1, 2507, 16)
BEFORE_JUNE, JUNE26 = (15, 1, 2507, 66), (15, 1, 2507, 69)
ROOT, OWA = "inetpub/wwwroot/web.config", "x/FrontEnd/HttpProxy/owa/web.config"
STRONG = "(?=.*autodiscover)(?=.*powershell)"
DECODED = "{UrlDecode:{REQUEST_URI}}"
REVISIONS = [
    (r".*autodiscover\.json.*\@.*Powershell.*", "revision 1"),
    (r".*autodiscover\.json.*Powershell.*", "revision 2"),
    (r"(?=.*autodiscover\.json)(?=.*powershell)", "revision 3"),
]


def config(rules: str, path: str = ROOT, kind: str = "rules") -> list[Fact]:
    text = (
        f"<configuration><system.webServer><rewrite><{kind}>{rules}</{kind}></rewrite>"
        "</system.webServer></configuration>"
    )
    found, facts, trouble = facts_of(text.encode(), path)
    assert (found, trouble) == ("web-config", "")
    return facts


def rule(
    pattern: str = STRONG,
    test: str = DECODED,
    more: str = 'stopProcessing="true"',
    action: str = "AbortRequest",
    name: str = "EEMS M1.1 PowerShell - inbound",
) -> str:
    return (
        f'<rule name="{name}" {more}><match url=".*" /><conditions><add input="{test}" '
        f'pattern="{pattern}" /></conditions><action type="{action}" /></rule>'
    )


def policy(value: str = "{R:1}; script-src-attr 'none'", more: str = "") -> list[Fact]:
    text = (
        f'<rule name="EOMT OWA CSP - outbound" {more}><match '
        'serverVariable="RESPONSE_Content_Security_Policy" pattern="(.*)" />'
        f'<action type="Rewrite" value="{value}" /></rule>'
    )
    return config(text, OWA, "outboundRules")


def answer(check: str, facts: list[Fact], build: BuildNumber | None = OPEN) -> CheckAnswer:
    (found,) = (one for one in answer_checks(build, "2016", facts) if one.id == check)
    return found


def setting(name: str, value: str, subject: Subject = Subject.SETTING) -> Fact:
    return Fact(subject, name, value, "powershell-export", Origin("s.xml", 1))


def test_the_last_revision_guards_and_the_reader_is_told_against_what() -> None:
    said = answer("URLREWRITE", config(rule()))
    assert said.answer is Answer.PASSED
    assert "does not stop OWASSRF" in said.note
    assert STRONG in said.proofs[0].text


@pytest.mark.parametrize(("pattern", "revision"), REVISIONS)
def test_earlier_revisions_are_weak_and_named(pattern: str, revision: str) -> None:
    said = answer("URLREWRITE", config(rule(pattern)))
    assert said.answer is Answer.FAILED
    assert revision in said.note


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (rule(test="{REQUEST_URI}"), "not decoded"),
        (rule(more='enabled="false"'), "disabled"),
        (rule(more='patternSyntax="Wildcard"'), "not applied as it was meant"),
        (rule(action="None"), "does not stop"),
        (rule(r"autodiscover.*x.*powershell"), "none that Microsoft published"),
        (
            rule().replace("</conditions>", '<add input="a" pattern="b"/></conditions>'),
            "some requests",
        ),
        (rule().replace('url=".*"', 'url="^owa"'), "some requests"),
    ],
)
def test_a_rule_that_does_not_guard_says_why(text: str, why: str) -> None:
    said = answer("URLREWRITE", config(text))
    assert said.answer is Answer.FAILED
    assert why in said.note


def test_a_rule_in_one_directory_is_too_narrow() -> None:
    facts = config(rule(), "x/FrontEnd/HttpProxy/Autodiscover/web.config")
    said = answer("URLREWRITE", facts)
    assert said.answer is Answer.FAILED
    assert "one directory only" in said.note


def test_a_directory_can_take_an_inherited_rule_away() -> None:
    guarded = config(rule())
    assert answer("URLREWRITE", [*guarded, *config("<clear />", OWA)]).answer is Answer.FAILED
    name = "EEMS M1.1 PowerShell - inbound"
    gone = config(f'<remove name="{name}" />', OWA)
    assert answer("URLREWRITE", [*guarded, *gone]).answer is Answer.FAILED
    other = config('<remove name="something else" />', OWA)
    assert answer("URLREWRITE", [*guarded, *other]).answer is Answer.PASSED
    own = config(f"<clear />{rule()}")
    assert answer("URLREWRITE", own).answer is Answer.PASSED


def test_absence_is_only_told_by_the_file_that_would_hold_the_rule() -> None:
    assert answer("URLREWRITE", []).answer is Answer.CANNOT_TELL
    assert answer("URLREWRITE", config("", OWA)).answer is Answer.CANNOT_TELL
    assert answer("URLREWRITE", config("")).answer is Answer.FAILED
    data = members(SERVERS / "E19-variants.zip")["Exchange/IIS/DefaultWebSite_web1.config"]
    broken = facts_of(data, "DefaultWebSite_web.config")[1]
    assert answer("URLREWRITE", broken).answer is Answer.CANNOT_TELL


def test_a_fixed_build_needs_no_rule() -> None:
    said = answer("URLREWRITE", config(rule()), FIXED)
    assert said.answer is Answer.NOT_APPLICABLE
    assert "leftover of the defence" in said.note


def test_the_rules_of_the_recorded_variant_guard_once_its_file_is_mended() -> None:
    data = members(SERVERS / "E19-variants.zip")["Exchange/IIS/DefaultWebSite_web1.config"]
    mended = data.replace(b"    <system.web>\n  </location>", b"    </system.web>\n  </location>")
    mended = mended.replace(
        b"    <system.web>\r\n  </location>", b"    </system.web>\n  </location>"
    )
    _, facts, trouble = facts_of(mended, "DefaultWebSite_web.config")
    assert trouble == ""
    assert answer("URLREWRITE", facts).answer is Answer.PASSED
    found = defences(known(OPEN, "2016", facts))
    assert [(one.what, one.by, one.effective) for one in found] == [
        (
            "EEMS M1.1 PowerShell - inbound",
            "Emergency Mitigation Service, CVE-2022-41040",
            True,
        ),
        ("RequestBlockingRule1", "made by hand, CVE-2022-41040", True),
        ("PowerShell - inbound", "EOMTv2, CVE-2022-41040", True),
    ]


def test_the_policy_rule_guards_until_the_update() -> None:
    assert answer("EEMS", policy(), BEFORE_JUNE).answer is Answer.PASSED
    assert answer("EEMS", policy(more='enabled="false"'), BEFORE_JUNE).answer is Answer.FAILED
    weak = answer("EEMS", policy("{R:1}; default-src 'self'"), BEFORE_JUNE)
    assert weak.answer is Answer.FAILED
    assert "scripts in attributes" in weak.note
    left = answer("EEMS", policy(), JUNE26)
    assert left.answer is Answer.PASSED
    assert "harmless" in left.note
    assert answer("EEMS", config("", OWA), BEFORE_JUNE).answer is Answer.FAILED
    assert answer("EEMS", [], BEFORE_JUNE).answer is Answer.CANNOT_TELL


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([setting("M2.1.0", "applied", Subject.MITIGATION)], Answer.PASSED),
        ([setting("M2.1.0", "blocked", Subject.MITIGATION)], Answer.FAILED),
        ([setting("M1.1", "applied", Subject.MITIGATION)], Answer.CANNOT_TELL),
        ([setting("OrganizationConfig/MitigationsEnabled", "False")], Answer.FAILED),
        ([setting("ExchangeServer/EX01/MitigationsEnabled", "False")], Answer.FAILED),
        ([setting("OrganizationConfig/MitigationsEnabled", "true")], Answer.CANNOT_TELL),
        ([setting("Service/MSExchangeMitigation/Status", "Stopped")], Answer.FAILED),
    ],
)
def test_the_service_tells_what_it_applied(facts: list[Fact], expected: Answer) -> None:
    assert answer("EEMS", facts, BEFORE_JUNE).answer is expected


def test_traces_of_defence_are_no_traces_of_attack() -> None:
    proxylogon = '<rule name="{}"><match url=".*" /><action type="AbortRequest" /></rule>'
    facts = [
        *config(
            proxylogon.format("X-AnonResource-Backend Abort - inbound")
            + proxylogon.format("X-BEResource Abort - inbound")
            + proxylogon.format("EEMS M9.9 something")
            + proxylogon.format("our own redirect")
            + rule(REVISIONS[0][0], name="block")
        ),
        *policy(),
        Fact(
            Subject.MITIGATION,
            "IIS:/Default Web Site: PowerShell - inbound",
            "applied by script",
            "exchange-config",
            Origin("IISManagementRestoreCmdlets-CVE-2022-41040.json", 1),
        ),
        setting("PING1", "applied", Subject.MITIGATION),
        setting("HttpLoggingModule", "x.dll", Subject.IIS_MODULE),
    ]
    found = {one.what: one for one in defences(known(OPEN, "2016", facts))}
    assert set(found) == {
        "X-AnonResource-Backend Abort - inbound",
        "X-BEResource Abort - inbound",
        "EEMS M9.9 something",
        "block",
        "EOMT OWA CSP - outbound",
        "IIS:/Default Web Site: PowerShell - inbound",
        "PING1",
        "TokenCacheModule removed",
    }
    assert found["X-BEResource Abort - inbound"].by == "EOMT, CVE-2021-26855"
    assert found["block"].effective is False
    assert "revision 1" in found["block"].note
    assert found["EOMT OWA CSP - outbound"].effective is True
    assert found["PING1"].note == "the service reports it as applied"
    assert found["TokenCacheModule removed"].by == "administrator"
