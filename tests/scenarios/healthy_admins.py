"""What the people who run a healthy organisation's mail order: cmdlets, rights, settings."""

import json
from collections.abc import Callable, Iterator

from healthy import Line, at, cmdlet, people, stamp


def _acts(day: str, caller: str, orders: tuple[str, ...], pause: int = 30) -> Iterator[Line]:
    for step, order in enumerate(orders):
        yield from cmdlet(at(day, step * pause), order, caller)


def migration() -> Iterator[Line]:
    """Mailboxes are exported to a share and moved; the right to do so is given first."""
    orders = [
        'New-ManagementRoleAssignment -Role "Mailbox Import Export" -User "mig-admin"',
        'New-ManagementRoleAssignment -Role "ApplicationImpersonation" -User "svc-mig"',
        'Add-RoleGroupMember -Identity "Recipient Management" -Member "mig-admin"',
    ]
    for user in people(12):
        name = user.rpartition("\\")[2]
        pst = rf"\\fs01\pst$\{name}.pst"
        orders.append(f'New-MailboxExportRequest -Mailbox "{name}" -FilePath "{pst}"')
        orders.append(f'New-MoveRequest -Identity "{name}" -TargetDatabase "DB02"')
        orders.append(f'Remove-MailboxExportRequest -Identity "{name}\\MailboxExport"')
        orders.append(
            f'Add-MailboxPermission -Identity "{name}" -User "svc-mig" -AccessRights "FullAccess" '
            '-AutoMapping "False"'
        )
    yield from _acts("2022-03-14T18:00:00", "mig-admin", tuple(orders))
    pst = r"\\fs01\d$\pst\one.pst"
    order = f'New-MailboxExportRequest -Mailbox "x" -FilePath "{pst}"'
    yield from cmdlet(at("2022-03-14T20:00:00"), order, "mig-admin")
    yield from cmdlet(at("2022-03-14T20:10:00"), order, "mig-admin", "The path is not there")


def legal_hold() -> Iterator[Line]:
    orders = (
        'Add-RoleGroupMember -Identity "Discovery Management" -Member "legal"',
        'New-MailboxSearch -Name "Case 7" -SourceMailboxes "cfo" -InPlaceHoldEnabled "True"',
        'Search-Mailbox -Identity "cfo" -TargetMailbox "Discovery" -TargetFolder "Case 7"',
        'Search-Mailbox -Identity "all" -SearchQuery "phish" -DeleteContent "True" -Force "True"',
        'New-ComplianceSearch -Name "Case 7" -ExchangeLocation "All"',
        'Set-Mailbox -Identity "cfo" -LitigationHoldEnabled "True"',
    )
    yield from _acts("2023-02-06T09:00:00", "legal", orders)


def helpdesk() -> Iterator[Line]:
    orders = [
        'Set-Mailbox -Identity "leaver" -ForwardingAddress "contoso.example/Users/Deputy"',
        'Set-Mailbox -Identity "leaver2" -ForwardingSmtpAddress "smtp:leaver2@new.example"',
        'Set-Mailbox -Identity "x" -ForwardingSmtpAddress "smtp:y@contoso.example"',
        'Set-Mailbox -Identity "x" -ForwardingSmtpAddress $null',
        'New-InboxRule -Mailbox "novak" -Name "Rechnungen" -SubjectContainsWords "Rechnung" '
        '-MoveToFolder "novak:\\Archiv"',
        'New-InboxRule -Mailbox "novak" -Name "N" -From "news@partner.example" '
        '-MoveToFolder "novak:\\News"',
        'New-InboxRule -Mailbox "novak" -Name "Spam" -SubjectOrBodyContainsWords "spam" '
        '-MoveToFolder "novak:\\Junk Email"',
        'New-InboxRule -Mailbox "x" -Name "Pager" -ForwardTo "4915112345@sms.example"',
        'Add-ADPermission -Identity "info" -User "novak" -ExtendedRights "Send As"',
        'Add-MailboxFolderPermission -Identity "x:\\Calendar" -User "Default" '
        '-AccessRights "Reviewer"',
        'Add-MailboxFolderPermission -Identity "team:\\Kalender" -User "Standard" '
        '-AccessRights "Editor"',
    ]
    for user in people(12):
        order = f'Add-MailboxPermission -Identity "{user}" -User "helpdesk"'
        orders.append(f'{order} -AccessRights "FullAccess"')
    yield from _acts("2024-06-03T08:00:00", "helpdesk", tuple(orders))


def transport_and_hybrid() -> Iterator[Line]:
    orders = (
        'New-TransportRule -Name "Disclaimer" -ApplyHtmlDisclaimerText "<p>Contoso</p>"',
        'New-TransportRule -Name "Archive" -BlindCopyTo "archive@contoso.example"',
        'New-JournalRule -Name "Journal" -JournalEmailAddress "journal@archive.example"',
        'New-SendConnector -Name "Outbound to Office 365" -AddressSpaces "smtp:contoso.example"',
        'New-ReceiveConnector -Name "Printers" -RemoteIPRanges "10.0.8.0/24"',
        'Set-RemoteDomain -Identity "Default" -AutoForwardEnabled "True"',
        'Install-TransportAgent -Name "CodeTwo" -AssemblyPath '
        '"C:\\Program Files\\CodeTwo\\CodeTwo Exchange Rules Pro\\C2ExchRulesAgent.dll"',
        'Enable-TransportAgent -Identity "CodeTwo"',
        'New-PartnerApplication -Name "SfB" -ApplicationIdentifier '
        '"00000004-0000-0ff1-ce00-000000000000" -UseAuthServer "True"',
        'New-AuthServer -Name "ACS" -AuthMetadataUrl '
        '"https://accounts.accesscontrol.windows.net/contoso.example/metadata/json/1"',
        'Set-PartnerApplication -Identity "Exchange Online" -Enabled "True"',
        'New-ExchangeCertificate -GenerateRequest "True" -RequestFile "\\\\fs01\\certs\\mail.req"',
        'Export-ExchangeCertificate -Thumbprint "0A1B" -BinaryEncoded "True"',
        'New-ExchangeCertificate -SubjectName "cn=Microsoft Exchange Server Auth Certificate"',
        'Set-AuthConfig -NewCertificateThumbprint "0A1B2C"',
        "Get-AuthConfig",
        'Export-ExchangeCertificate -Thumbprint "0A1B2C" -BinaryEncoded "True"',
        'Set-OabVirtualDirectory -Identity "EX01\\OAB" -ExternalUrl "https://m.example/OAB"',
        'Remove-OabVirtualDirectory -Identity "EX01\\OAB (Default Web Site)" -Force "True"',
        'New-OabVirtualDirectory -Server "EX01" -ExternalUrl "https://m.example/OAB"',
        'New-DlpPolicy -Name "PCI" -TemplateData "<dlpPolicyTemplates/>"',
        'Remove-DlpPolicy -Identity "PCI"',
        'Set-Mailbox -Identity "admin-x" -HiddenFromAddressListsEnabled "True"',
        'Set-MailboxAuditBypassAssociation -Identity "svc-backup" -AuditBypassEnabled "True"',
    )
    yield from _acts("2025-09-01T15:00:00", "Administrator", orders)


def exports() -> Iterator[Line]:
    """Write the lists that an administrator made for the analyst."""
    folder = "EX01/exports"
    yield (
        f"{folder}/roles.txt",
        _list(
            {
                "Name": "Mailbox Import Export-mig-admin",
                "Role": "Mailbox Import Export",
                "RoleAssigneeName": "mig-admin",
                "RoleAssignmentDelegationType": "Regular",
            },
            {
                "Name": "ApplicationImpersonation-svc-backup",
                "Role": "ApplicationImpersonation",
                "RoleAssigneeName": "svc-backup",
                "RoleAssignmentDelegationType": "Regular",
            },
        ),
    )
    yield (
        f"{folder}/mailboxes.txt",
        _list(
            {
                "Name": "Leaver",
                "PrimarySmtpAddress": "leaver@contoso.example",
                "RecipientTypeDetails": "UserMailbox",
                "ForwardingAddress": "",
                "ForwardingSmtpAddress": "smtp:leaver@new.example",
                "DeliverToMailboxAndForward": "True",
            },
        ),
    )
    yield (
        f"{folder}/rules.txt",
        _list(
            {
                "Name": "Rechnungen",
                "SubjectContainsWords": "{Rechnung}",
                "MoveToFolder": "Archiv",
                "Enabled": "True",
                "RuleIdentity": "5",
                "Priority": "1",
            },
        ),
    )
    yield (
        f"{folder}/permissions.txt",
        _list(
            {
                "FolderName": "Calendar",
                "User": "Default",
                "AccessRights": "{Reviewer}",
                "Identity": "Default",
                "IsValid": "True",
            },
        ),
    )


def _list(*objects: dict[str, str]) -> str:
    return "\n".join(
        "".join(f"{name:<30} : {value}\n" for name, value in one.items()) for one in objects
    )


def audited() -> Iterator[Line]:
    """Mailbox audit: deputies and the help desk open mailboxes of others."""
    for step, user in enumerate(people(15)):
        told = {
            "Operation": "FolderBind",
            "OperationResult": "Succeeded",
            "LogonType": "Delegate",
            "ExternalAccess": False,
            "FolderPathName": "\\Inbox",
            "ClientInfoString": "Client=OWA;",
            "ClientIPAddress": "10.20.9.3",
            "MailboxOwnerUPN": f"{user.rpartition(chr(92))[2]}@contoso.example",
            "LogonUserDisplayName": "Help Desk",
            "LastAccessed": stamp(at("2024-06-03T08:30:00", step * 60)),
        }
        yield "exports/mailbox-audit.json", json.dumps(told)
        change = {"Operation": "UpdateFolderPermissions", "LogonType": "Owner"}
        yield "exports/mailbox-audit.json", json.dumps(told | change)


SCENES: tuple[Callable[[], Iterator[Line]], ...] = (
    migration,
    legal_hold,
    helpdesk,
    transport_and_hybrid,
    exports,
    audited,
)
