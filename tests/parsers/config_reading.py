"""Reads configuration evidence the way the scanner does, for tests of parsers and checks."""

import io
from pathlib import Path

from extriage import parsers
from extriage.model.evidence import Unit
from extriage.model.state import Fact
from extriage.sources import Opened, read, survey

EVIDENCE = Path(__file__).parents[1] / "evidence"
PROTECTION = EVIDENCE / "extended-protection" / "extended-protection.zip"
MODULES = EVIDENCE / "iis-modules" / "iis-modules.zip"
SERVERS = EVIDENCE / "exchange-config"
TASK = r"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Date>2021-03-03T04:05:06.789</Date>
    <Author>CONTOSO\EX01$</Author>
    <URI>\Microsoft\Windows\Winnet</URI>
  </RegistrationInfo>
  <Actions Context="Author">
    <Exec>
      <Command>C:\Windows\Temp\a.exe</Command>
      <Arguments>-a &amp; -b</Arguments>
    </Exec>
    <ComHandler><ClassId>{0F87369F-A4E5-4CFC-BD3E-73E6154572DD}</ClassId></ComHandler>
  </Actions>
  <Triggers><BootTrigger><Enabled>true</Enabled></BootTrigger><CalendarTrigger/></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel>
  </Principal></Principals>
  <Settings><Hidden>true</Hidden><Enabled>true</Enabled></Settings>
</Task>"""
AGENTS = rb"""<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <mexRuntime>
    <monitoring><agentExecution timeLimitInMilliseconds="90000" /></monitoring>
    <agentList>
      <agent name="Transport Rule Agent" baseType="Microsoft.Exchange.Data.Transport.Routing"
       classFactory="Microsoft.Exchange.MessagingPolicies.TransportRuleAgent.Factory"
       assemblyPath="C:\Program Files\Exchange\V15\TransportRoles\agents\Rule\a.dll"
       enabled="true" />
      <agent name="" classFactory="Evil.F" assemblyPath="C:\ProgramData\e.dll" enabled="false"/>
    </agentList>
  </mexRuntime>
</configuration>"""
RULES = r"""
Description                           : If the message: subject includes 'invoice', redirect it
Enabled                               : True
Identity                              : contoso.example/Users/a\7124
Name                                  : .
MailboxOwnerId                        : contoso.example/Users/a
ForwardTo                             :
RedirectTo                            : {"x" [SMTP:x@evil.example], "y" [SMTP:y@evil.example]}
SubjectContainsWords                  : {invoice}
SomethingElse                         : kept

Name                                  : Second
ForwardTo                             : {b}
RedirectTo                            :

"""


def facts_of(data: bytes, name: str) -> tuple[str, list[Fact], str]:
    """Give a file's kind, its facts, and what is wrong with it."""
    head, stream, _ = parsers.open_text(io.BytesIO(data))
    kind = parsers.recognise(head, name)
    reader = parsers.KINDS[kind].reader if kind else None
    found: list[Fact] = []
    if reader is None:
        return kind, found, ""
    assert reader.accepts(head, name)
    try:
        for fact in reader.read(parsers.Document(name, stream.read())):
            found.append(fact)  # noqa: PERF402
    except parsers.DocumentError as error:
        return kind, found, str(error)
    return kind, found, ""


def members(archive: Path) -> dict[str, bytes]:
    """Read an archive with the tool's own zip source; names are those inside it."""
    files: dict[str, bytes] = {}
    for unit in survey([archive]).units:
        files |= _files(unit)
    return files


def _files(unit: Unit) -> dict[str, bytes]:
    found = {}
    for item in read(unit):
        assert isinstance(item, Opened), item
        found[item.artifact.path.split("!/", 1)[1]] = item.stream.read()
    return found


def facts_in(archive: Path, *names: str) -> list[Fact]:
    """Read the facts of an archive's files, all or those named by the end of their path."""
    facts: list[Fact] = []
    for name, data in members(archive).items():
        if not names or name.endswith(names):
            facts.extend(facts_of(data, name)[1])
    return facts
