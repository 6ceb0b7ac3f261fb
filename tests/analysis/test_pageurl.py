"""The URL of a file follows from its place, whatever the drive, the collector or the spelling."""

import pytest

from extriage.analysis.pageurl import Directory, directories, page_of, url_of
from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject

V15 = r"C:\Program Files\Microsoft\Exchange Server\V15"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (rf"{V15}\FrontEnd\HttpProxy\owa\auth\X.aspx", "/owa/auth/x.aspx"),
        (rf"{V15}\FrontEnd\HttpProxy\OAB\a\b.aspx", "/oab/a/b.aspx"),
        (rf"{V15}\FrontEnd\HttpProxy\sync\x.ashx", "/microsoft-server-activesync/x.ashx"),
        (rf"{V15}\FrontEnd\HttpProxy\Rest\x.svc", "/api/x.svc"),
        (rf"{V15}\ClientAccess\ecp\auth\x.aspx", "/ecp/auth/x.aspx"),
        (rf"{V15}\ClientAccess\exchweb\ews\x.asmx", "/ews/x.asmx"),
        (r"E:\Exchange\FrontEnd\HttpProxy\owa\auth\x.aspx", "/owa/auth/x.aspx"),
        (r"C:\inetpub\wwwroot\aspnet_client\x.aspx", "/aspnet_client/x.aspx"),
        (r"c:\INETPUB\WWWROOT\x.aspx", "/x.aspx"),
        (r"\\127.0.0.1\C$\inetpub\wwwroot\aspnet_client\x.aspx", "/aspnet_client/x.aspx"),
        (r"\\?\C:\inetpub\wwwroot\aspnet_client\..\x.aspx", "/x.aspx"),
        (r"inetpub\wwwroot\aspnet_client\x.aspx", "/aspnet_client/x.aspx"),
        (r"C:\inetpub\wwwroot\aspnet_client\x.aspx::$DATA", "/aspnet_client/x.aspx"),
        (r"C:\inetpub\wwwroot\aspnet_client\x.aspx. ", "/aspnet_client/x.aspx"),
        (r"C:\inetpub\wwwroot\a\inetpub\wwwroot\x.aspx", "/a/inetpub/wwwroot/x.aspx"),
        (
            "EX01.zip!/uploads/auto/C%3A/inetpub/wwwroot/aspnet_client/x.aspx",
            "/aspnet_client/x.aspx",
        ),
        (
            "ev/HarddiskVolumeShadowCopy2/inetpub/wwwroot/aspnet_client/x.aspx",
            "/aspnet_client/x.aspx",
        ),
        ("ev/EX01/wwwroot/aspnet_client/x.aspx", "/aspnet_client/x.aspx"),
        ("pages/aspnet_client/system_web/x.aspx", "/aspnet_client/system_web/x.aspx"),
        ("pages/owa/auth/x.aspx", "/owa/auth/x.aspx"),
    ],
)
def test_a_file_below_a_served_folder_has_its_url(path: str, url: str) -> None:
    assert url_of(path) == url


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x.aspx",
        r"C:\Temp\x.aspx",
        rf"{V15}\FrontEnd\HttpProxy\web.config",
        rf"{V15}\FrontEnd\HttpProxy\x.aspx",
        rf"{V15}\FrontEnd\HttpProxy\owa\bin\x.dll",
        rf"{V15}\FrontEnd\HttpProxy\owa\web.config",
        rf"{V15}\Logging\HttpProxy\Owa\HttpProxy_2021030200-1.LOG",
        r"C:\inetpub\wwwroot\App_Code\x.ashx",
        r"C:\inetpub\wwwroot\x.ascx",
        r"C:\inetpub\wwwroot",
        r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\owa\1\2\x.aspx",
    ],
)
def test_what_cannot_be_asked_for_has_none(path: str) -> None:
    assert url_of(path) == ""


def test_folders_of_the_configuration_come_first() -> None:
    def fact(name: str, value: str) -> Fact:
        return Fact(Subject.VIRTUAL_DIRECTORY, name, value, "iis-config", Origin("c", 1))

    served = directories(
        [
            fact("Default Web Site/", r"%SystemDrive%\inetpub\wwwroot"),
            fact("Default Web Site/OWA/Themes", r"C:\ProgramData\COM1"),
            fact("Default Web Site/deep", r"C:\ProgramData\COM1\deep"),
            fact("Default Web Site/odd", "%elsewhere%"),
            fact("Default Web Site/none", ""),
        ]
    )
    assert served[0] == Directory("programdata/com1/deep", "/deep")
    assert url_of(r"C:\ProgramData\COM1\x.aspx", served) == "/owa/themes/x.aspx"
    assert url_of(r"ev/C/ProgramData/COM1/deep/x.aspx", served) == "/deep/x.aspx"
    assert url_of(r"C:\inetpub\wwwroot\x.aspx", served) == "/x.aspx"
    assert url_of(r"C:\ProgramData\COM12\x.aspx", served) == ""


@pytest.mark.parametrize(
    ("stem", "page"),
    [
        ("/owa/auth/X.aspx", "/owa/auth/x.aspx"),
        ("//owa//auth/.\\x.aspx", "/owa/auth/x.aspx"),
        ("/aspnet_client/x.aspx/y/z.js", "/aspnet_client/x.aspx"),
        ("/aspnet_client/x.aspx;jsessionid=1", "/aspnet_client/x.aspx"),
        ("/x.aspxx", ""),
        ("/owa/", ""),
        ("x.aspx", ""),
        ("", ""),
    ],
)
def test_a_url_names_the_page_that_answers_it(stem: str, page: str) -> None:
    assert page_of(stem) == page
