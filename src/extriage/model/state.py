"""The state of a server as its files tell it: builds, updates, settings, defences.

A fact is what one place in the evidence says. Facts are never merged while reading: which of them
to believe, and what they mean together, is the analysis' business.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extriage.model.evidence import Origin


class Subject(StrEnum):
    """What a fact is about; `name` and `value` of the fact are explained for each."""

    BUILD = "build"
    """A build with its security update: name says what carries it, value is `15.1.2507.44`."""
    CU_BUILD = "cu-build"
    """A build that only tells the cumulative update: name and value as above."""
    UPDATE = "update"
    """An installation: name is the KB or package, value `installed`, `failed`, `removed` …"""
    FILE_VERSION = "file-version"
    """Version of a file that is not Exchange's own: name is the file, value four integers."""
    EXTENDED_PROTECTION = "extended-protection"
    """name is `Default Web Site/owa`, value `None`, `Allow` or `Require`."""
    IIS_MODULE = "iis-module"
    """A native module of IIS: name is the module, value the path of its file."""
    SIGNATURE = "signature"
    """Authenticode: name is the file, value the status and the signer."""
    REWRITE_RULE = "rewrite-rule"
    """A URL Rewrite rule: name is `<site or path>: <rule>`, value its pattern and action."""
    SETTING = "setting"
    """One property of an object: name is `OrganizationConfig/EnableDownloadDomains`."""
    SETTING_OVERRIDE = "setting-override"
    """name is `Component/Section`, value its parameters, `Enabled=False`."""
    MITIGATION = "mitigation"
    """A mitigation of the Emergency Mitigation Service or EOMT: value `applied`, `blocked` …"""
    VIRTUAL_DIRECTORY = "virtual-directory"
    """A folder that IIS serves: name is `Default Web Site/owa`, value its physical path."""
    LOGGING = "logging"
    """How IIS writes its logs: name is `<site or path>/httpLogging/dontLog`, value as written."""
    HANDLER = "handler"
    """What answers requests: name is `<site or path>: <handler>`, value its type or program."""
    MANAGED_MODULE = "managed-module"
    """A module of .NET code: name is `<site or path>: <module>`, value its type."""
    MACHINE_KEY = "machine-key"
    """Keys of ASP.NET: name is the site or path, value a digest of each key that is set."""
    ISAPI_FILTER = "isapi-filter"
    """A filter of IIS: name is `<site or path>: <filter>`, value the path of its file."""
    ISAPI_RESTRICTION = "isapi-restriction"
    """A program that IIS may run: name is `<site or path>: <program>`, value `true` or `false`."""
    APPLICATION_POOL = "application-pool"
    """A worker process of IIS: name is the pool, value the kind of account it runs as."""
    WEB_SETTING = "web-setting"
    """A switch of IIS or ASP.NET: name is `<site or path>/<element>/<key>`, value as written."""
    PROGRAM_FILE = "program-file"
    """A library that IIS or Exchange would load: name is its file, value what it is."""
    TRANSPORT_AGENT = "transport-agent"
    """Code that sees every mail: name is the agent, value the path of its assembly."""
    SCHEDULED_TASK = "scheduled-task"
    """A task of Windows: name is its place among the tasks, value command and arguments."""
    SERVICE = "service"
    """A service or driver of Windows: name is the service, value the path of its program."""
    AUTOSTART = "autostart"
    """What Windows starts or loads by the registry: name is the key, value what is started."""
    PORT_PROXY = "port-proxy"
    """Connections that Windows hands on: name is address and port, value the other end."""
    CERTIFICATE_REQUEST = "certificate-request"
    """A request for a certificate that was left behind: name is its thumbprint."""
    OBJECT = "object"
    """An object as a cmdlet or the directory said it: name is `InboxRule/<identity>`."""


FOR_RULES = frozenset(
    {
        Subject.LOGGING,
        Subject.HANDLER,
        Subject.MANAGED_MODULE,
        Subject.MACHINE_KEY,
        Subject.ISAPI_FILTER,
        Subject.ISAPI_RESTRICTION,
        Subject.APPLICATION_POOL,
        Subject.WEB_SETTING,
        Subject.PROGRAM_FILE,
        Subject.TRANSPORT_AGENT,
        Subject.SCHEDULED_TASK,
        Subject.SERVICE,
        Subject.AUTOSTART,
        Subject.PORT_PROXY,
        Subject.CERTIFICATE_REQUEST,
        Subject.OBJECT,
    }
)
"""Subjects that only rules ask for: such facts are matched while a file is read, and not kept."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What one place in the evidence says of the state of a server."""

    subject: Subject
    name: str
    value: str
    evidence: str
    """Kind of evidence: `exchange-binary`, `registry-hive`, `setup-log` …"""
    origin: Origin
    time: datetime | None = None
    """When it was so, in UTC; None if the evidence does not say."""
    computer: str = ""
    """The server it is true of, if the evidence names one."""
    text: str = ""
    """The place in the evidence's own words, bounded."""
    properties: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    """What else rules may ask for, by name; a tuple where one property has several values."""


class Answer(StrEnum):
    """Answer to one of the checks that decide whether a patched build is closed."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot-tell"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Proof:
    """A place in the evidence that an answer rests on."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """One configuration check, answered from the evidence as far as it goes."""

    id: str
    """Id in `config_checks.csv`: `EP`, `TOKENCACHE` …"""
    title: str
    cves: tuple[str, ...]
    answer: Answer
    note: str
    """One sentence: what was found, or which evidence would answer it."""
    proofs: tuple[Proof, ...] = ()
