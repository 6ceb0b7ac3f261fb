"""applicationHost.config: directories, modules, rules; what breaks off gives what stands before."""

import hashlib
from collections.abc import Iterable

import pytest
from config_reading import MODULES, PROTECTION, SERVERS, facts_of, members

from extriage.model.state import Fact, Subject
from extriage.parsers.rewrite import rule_of

BEGIN = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- <configuration> in a comment is not the root -->
<configuration><configSections><sectionGroup name="system.applicationHost"/></configSections>
"""
SITE = b"""<system.applicationHost><sites>
<site name="Default Web Site" id="1"><application path="/">
<virtualDirectory path="/" physicalPath="C:\\inetpub\\wwwroot" /></application>
<application path="/ecp"><virtualDirectory path="/" physicalPath="D:\\X\\ecp"
 userName="svc" password="hunter2" /><virtualDirectory path="/old" physicalPath="E:\\old" />
</application><logFile directory="Z:\\logs" enabled="false" /></site>
</sites></system.applicationHost>
"""


def values(facts: Iterable[Fact], subject: Subject) -> dict[str, str]:
    return {fact.name: fact.value for fact in facts if fact.subject is subject}


def config(body: bytes) -> list[Fact]:
    kind, facts, trouble = facts_of(BEGIN + body + b"</configuration>", "applicationHost.config")
    assert (kind, trouble) == ("iis-config", "")
    return facts


def test_a_real_configuration_is_read_whole() -> None:
    data = members(SERVERS / "E19.zip")["Exchange/IIS/applicationHost.config"]
    kind, facts, trouble = facts_of(data, "a/applicationHost.config.txt")
    assert (kind, trouble) == ("iis-config", "")
    modules = values(facts, Subject.IIS_MODULE)
    assert len(modules) == 33
    assert modules["TokenCacheModule"] == r"%windir%\System32\inetsrv\cachtokn.dll"
    folders = values(facts, Subject.VIRTUAL_DIRECTORY)
    assert folders["Default Web Site"] == r"%SystemDrive%\inetpub\wwwroot"
    assert folders["Exchange Back End/EWS"].endswith(r"ClientAccess\exchweb\EWS")
    assert values(facts, Subject.LOGGING)["all sites/httpLogging/dontLog"] == "false"
    assert values(facts, Subject.HANDLER)["all sites: StaticFile"].startswith("StaticFileModule,")
    managed = values(facts, Subject.MANAGED_MODULE)
    assert managed["all sites: OutputCache"] == "System.Web.Caching.OutputCacheModule"
    (token,) = (fact for fact in facts if fact.name == "TokenCacheModule")
    line = data.decode().splitlines()[token.origin.line - 1]
    assert "TokenCacheModule" in line
    assert "cachtokn.dll" in line


def test_extended_protection_is_given_for_each_directory() -> None:
    data = members(PROTECTION)["E19_Configured_IPFilter_ApplicationHost.config"]
    _, facts, _ = facts_of(data, "applicationHost.config")
    found = values(facts, Subject.EXTENDED_PROTECTION)
    assert found["Default Web Site/owa"] == "Require"
    assert found["Default Web Site/EWS"] == "Allow"
    assert found["Exchange Back End/EWS"] == "None"
    settings = values(facts, Subject.SETTING)
    assert settings["IIS/Default Web Site/owa/sslFlags"] == "Ssl, Ssl128"
    listed = settings["IIS/Exchange Back End/EWS/ipSecurity"]
    assert listed.startswith("allowUnlisted=false; ")
    assert "127.0.0.1=true" in listed
    assert "192.168.100.5=true" in listed


@pytest.mark.parametrize("kind", ["iis-modules", "extended-protection"])
def test_every_sample_is_read_whole(kind: str) -> None:
    archive = {"iis-modules": MODULES, "extended-protection": PROTECTION}[kind]
    configs = {n: d for n, d in members(archive).items() if n.endswith(".config")}
    assert len(configs) == {"iis-modules": 3, "extended-protection": 13}[kind]
    for name, data in configs.items():
        found, facts, trouble = facts_of(data, name)
        assert (found, trouble) == ("iis-config", ""), name
        assert len(values(facts, Subject.IIS_MODULE)) >= 31, name
        assert len(values(facts, Subject.EXTENDED_PROTECTION)) >= 15, name


def test_a_value_is_inherited_from_the_site_unless_the_directory_says_otherwise() -> None:
    facts = config(
        SITE
        + b"""<location path="Default Web Site"><system.webServer><security><access sslFlags="Ssl"/>
<authentication><windowsAuthentication><extendedProtection tokenChecking="Require"/>
</windowsAuthentication></authentication></security></system.webServer></location>
<location path="Default Web Site/ecp/old"><system.webServer><security><authentication>
<windowsAuthentication><extendedProtection tokenChecking="None"/></windowsAuthentication>
</authentication></security></system.webServer></location>"""
    )
    assert values(facts, Subject.EXTENDED_PROTECTION) == {
        "Default Web Site/ecp": "Require",
        "Default Web Site/ecp/old": "None",
    }
    assert values(facts, Subject.SETTING)["IIS/Default Web Site/ecp/sslFlags"] == "Ssl"


def test_logging_that_is_off_or_moved_is_told_and_no_password_is() -> None:
    facts = config(
        SITE
        + b"""<location path="Default Web Site/ecp"><system.webServer><httpLogging dontLog="true"/>
</system.webServer></location>"""
    )
    assert values(facts, Subject.LOGGING) == {
        "Default Web Site/ecp/httpLogging/dontLog": "true",
        "Default Web Site/logFile/enabled": "false",
        "Default Web Site/logFile/directory": r"Z:\logs",
    }
    assert values(facts, Subject.VIRTUAL_DIRECTORY) == {
        "Default Web Site": r"C:\inetpub\wwwroot",
        "Default Web Site/ecp": r"D:\X\ecp",
        "Default Web Site/ecp/old": r"E:\old",
    }
    old = next(fact for fact in facts if fact.name == "Default Web Site/ecp/old")
    assert dict(old.properties) == {
        "Site": "Default Web Site",
        "Application": "/ecp",
        "VirtualPath": "/old",
        "PhysicalPath": r"E:\old",
    }
    assert "hunter2" not in repr(facts)


def test_added_handlers_and_modules_are_told_with_their_place() -> None:
    facts = config(
        b"""<location path="Default Web Site/owa"><system.webServer><handlers>
<add name="x" path="*.gif" verb="*" type="Evil.Handler, Evil" preCondition="integratedMode"/>
<add name="php" path="*.php" modules="FastCgiModule" scriptProcessor="C:\\php\\php-cgi.exe"/>
</handlers><modules><add name="Native"/><add name="Own" type="Evil.Module, Evil"/></modules>
</system.webServer><system.web><httpHandlers><add verb="GET" path="a.axd" type="T"/></httpHandlers>
</system.web></location>"""
    )
    assert values(facts, Subject.HANDLER) == {
        "Default Web Site/owa: x": "Evil.Handler, Evil",
        "Default Web Site/owa: php": r"C:\php\php-cgi.exe",
        "Default Web Site/owa: GET a.axd": "T",
    }
    assert values(facts, Subject.MANAGED_MODULE) == {
        "Default Web Site/owa: Own": "Evil.Module, Evil"
    }
    php = next(fact for fact in facts if fact.name.endswith(": php"))
    assert dict(php.properties)["Modules"] == "FastCgiModule"
    assert dict(php.properties)["Location"] == "Default Web Site/owa"


def test_rules_say_where_they_stand() -> None:
    facts = config(
        b"""<location path="Default Web Site"><system.webServer><rewrite><rules><clear/>
<rule name="EEMS M1.1 PowerShell - inbound" stopProcessing="true" enabled="false">
<match url=".*" negate="true"/><conditions><add input="{REQUEST_URI}" pattern="a&amp;b"
 negate="true"/></conditions><action type="AbortRequest"/></rule></rules></rewrite>
</system.webServer></location>
<system.webServer><rewrite><globalRules><rule name="g"><match url="x"/><action
 type="CustomResponse" statusCode="403"/></rule></globalRules></rewrite></system.webServer>"""
    )
    rules = [fact for fact in facts if fact.subject is Subject.REWRITE_RULE]
    names = [
        "Default Web Site: ",
        "Default Web Site: EEMS M1.1 PowerShell - inbound",
        "all sites: g",
    ]
    assert [fact.name for fact in rules] == names
    clear, eems, other = (rule_of(fact) for fact in rules)
    assert clear
    assert clear.action == "clear"
    assert eems
    assert (eems.enabled, eems.stops, eems.negate, eems.match) == (False, True, True, ".*")
    assert [(c.input, c.pattern, c.negate) for c in eems.conditions] == [
        ("{REQUEST_URI}", "a&b", True)
    ]
    assert "(disabled)" in rules[1].text
    assert other
    assert (other.direction, other.action, other.value) == ("global", "CustomResponse", "403")


def test_an_explicit_key_is_told_without_the_key() -> None:
    key = b"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
    facts = config(
        b'<location path="Default Web Site/ecp"><system.web><machineKey validationKey="'
        + key
        + b'" decryptionKey="AutoGenerate" /></system.web></location>'
    )
    (fact,) = (fact for fact in facts if fact.name.startswith("machineKey/"))
    assert fact.value.startswith("validationKey=sha256:")
    assert fact.value.endswith("; decryptionKey=AutoGenerate")
    (told,) = (dict(fact.properties) for fact in facts if fact.subject is Subject.MACHINE_KEY)
    assert told == {
        "Location": "Default Web Site/ecp",
        "Explicit": "True",
        "ValidationKeySha256": hashlib.sha256(key).hexdigest(),
        "ValidationKeyLength": "48",
        "ValidationKeyForm": "sequence",
    }
    assert key.decode() not in repr(facts)


def test_a_key_is_the_same_key_where_applications_are_told_apart_by_it() -> None:
    facts = config(
        b'<system.web><machineKey validationKey="abcd,IsolateApps" validation="SHA1"/></system.web>'
    )
    (told,) = (dict(fact.properties) for fact in facts if fact.subject is Subject.MACHINE_KEY)
    assert told["ValidationKeySha256"] == hashlib.sha256(b"ABCD").hexdigest()
    assert told["ValidationKeyLength"] == "4"
    assert told["Validation"] == "SHA1"


def test_a_file_that_breaks_off_gives_what_stands_before_and_says_so() -> None:
    data = members(PROTECTION)["E19_Configured_ApplicationHost.config"]
    at = data.index(b'<location path="Exchange Back End/EWS">')
    kind, facts, trouble = facts_of(data[:at], "applicationHost.config")
    assert kind == "iis-config"
    assert trouble.startswith("broken at line ")
    found = values(facts, Subject.EXTENDED_PROTECTION)
    assert found["Exchange Back End/ecp"] == "Require"
    assert values(facts, Subject.SETTING)["IIS/complete"] == "False"
    assert "Exchange Back End/EWS" not in found
    assert len(values(facts, Subject.IIS_MODULE)) == 33


def test_the_malformed_sample_is_named() -> None:
    data = members(SERVERS / "E19-variants.zip")["Exchange/IIS/BadApplicationHost.config"]
    kind, facts, trouble = facts_of(data, "applicationHost.config")
    assert (kind, trouble) == ("iis-config", "broken at line 128: mismatched tag")
    assert [fact.name for fact in facts] == ["IIS/complete"]


def test_a_page_that_looks_like_a_configuration_stays_a_page() -> None:
    assert facts_of(BEGIN + SITE, "owa/auth/x.aspx")[0] == "web-file"
