"""What a file says of the server's state, as a record that rules can look at.

Every fact becomes one: `Subject`, `Name` and `Value` say what, the properties of its subject stand
beside them under their own names. Objects that a cmdlet or the directory handed out (`Subject:
object`) have all their properties as fields, `Object` tells the kind: `InboxRule`.
"""

from collections.abc import Mapping

from extriage.model.evidence import Fields, Record
from extriage.model.state import Fact, Subject

KIND = "setting"
COMMON = ("Subject", "Name", "Value", "Evidence", "EvidencePath", "Computer", "Text")
_OF_IIS = ("Location",)
PROPERTIES: Mapping[Subject, tuple[str, ...]] = {
    Subject.VIRTUAL_DIRECTORY: ("Site", "Application", "VirtualPath", "PhysicalPath", "UserName"),
    Subject.LOGGING: (*_OF_IIS, "Setting"),
    Subject.HANDLER: (
        *_OF_IIS,
        *("Handler", "Path", "Verb", "Type", "Modules", "ScriptProcessor", "PreCondition"),
    ),
    Subject.MANAGED_MODULE: (*_OF_IIS, "Module", "Type", "PreCondition"),
    Subject.MACHINE_KEY: (
        *_OF_IIS,
        *("Explicit", "Validation", "Decryption", "ValidationKeySha256", "ValidationKeyLength"),
        *("DecryptionKeySha256", "DecryptionKeyLength"),
        *("ValidationKeyForm", "DecryptionKeyForm"),
    ),
    Subject.ISAPI_FILTER: (*_OF_IIS, "Filter", "Path", "Enabled"),
    Subject.ISAPI_RESTRICTION: (*_OF_IIS, "Path", "Allowed", "Description"),
    Subject.APPLICATION_POOL: ("Identity", "UserName"),
    Subject.WEB_SETTING: (*_OF_IIS, "Element", "Action", "Key"),
    Subject.PROGRAM_FILE: (
        *("Path", "FileName", "Role", "Signature", "Company", "OriginalName", "Built"),
    ),
    Subject.TRANSPORT_AGENT: ("AssemblyPath", "Factory", "BaseType", "Enabled"),
    Subject.SCHEDULED_TASK: (
        *("Uri", "Author", "Date", "Description", "Command", "Arguments", "WorkingDirectory"),
        *("ClassId", "UserId", "RunLevel", "Hidden", "Enabled", "Triggers"),
        "Descriptor",
    ),
    Subject.SERVICE: (
        *("ImagePath", "ServiceDll", "FailureCommand"),
        *("DisplayName", "ObjectName", "Start", "Type"),
    ),
    Subject.AUTOSTART: ("Place", "Key", "Entry", "Command", "User"),
    Subject.PORT_PROXY: ("Protocol", "Listen", "Connect"),
    Subject.CERTIFICATE_REQUEST: ("Content",),
    Subject.OBJECT: ("Object",),
}
"""What a subject has besides the common fields; an object has its own properties as well."""


def setting_record(fact: Fact) -> Record:
    """Make a record of a fact; its text holds every field, so that any of them can be found."""
    usual = fact.text in ("", f"{fact.name}: {fact.value}"[: len(fact.text)])
    subject = {"Subject": fact.subject.value}
    fields: Fields = {
        **subject,
        "Name": fact.name,
        "Value": fact.value,
        **dict(fact.properties),
        **subject,
        "Evidence": fact.evidence,
        "EvidencePath": fact.origin.path,
        "Computer": fact.computer,
        "Text": "" if usual else fact.text,
    }
    return Record(KIND, fact.time, fact.origin, fields, setting_text(fields), fact.computer)


def setting_text(fields: Fields) -> str:
    """Write a record's fields as one line."""
    return "; ".join(f"{name}={_plain(value)}" for name, value in fields.items() if value)


def _plain(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def fields_of(subject: Subject) -> tuple[str, ...]:
    """Name the fields that a subject's records have."""
    return (*COMMON, *PROPERTIES.get(subject, ()))
