"""More ordinary pages: classic ASP, administrators' pages, configuration, other languages."""

# ruff: noqa: E501 (lines of pages, as their authors write them)

from webshells.benign_pages import Page

_HEAD = '<%@ Page Language="C#" %>\n'

PAGES: tuple[Page, ...] = (
    (
        "classic list",
        ".asp",
        """<%@ Language="VBScript" %><% Option Explicit
Dim wire, rows
Set wire = Server.CreateObject("ADODB.Connection")
wire.Open Application("ShopConnection")
Set rows = wire.Execute("SELECT Name, Price FROM Products ORDER BY Name")
Do Until rows.EOF
  Response.Write "<li>" & Server.HTMLEncode(rows("Name")) & " " & rows("Price") & "</li>"
  rows.MoveNext
Loop
rows.Close : wire.Close %>
""",
    ),
    (
        "classic counter",
        ".asp",
        """<% Dim room, pen, many
Set room = Server.CreateObject("Scripting.FileSystemObject")
Set pen = room.OpenTextFile(Server.MapPath("counter.txt"), 1)
many = CLng(pen.ReadLine) + 1 : pen.Close
Set pen = room.CreateTextFile(Server.MapPath("counter.txt"), True)
pen.WriteLine many : pen.Close
Response.Write "Visitor " & many %>
""",
    ),
    (
        "classic mail form",
        ".asp",
        """<% If Request.Form("mail") <> "" Then
Dim letter : Set letter = Server.CreateObject("CDO.Message")
letter.To = "office@contoso.example" : letter.From = "web@contoso.example"
letter.Subject = "Question" : letter.TextBody = Request.Form("words") : letter.Send
Response.Write "Thank you, " & Server.HTMLEncode(Request.Form("name"))
End If %><form method="post"><input name="mail"><textarea name="words"></textarea></form>
""",
    ),
    (
        "classic include and procedure",
        ".asp",
        """<!--#include file="conn.asp"--><% Sub Head(title) : Response.Write "<h1>" & title & "</h1>" : End Sub
Call Head("Evaluation of the year") : Dim order
Set order = Server.CreateObject("ADODB.Command") : Set order.ActiveConnection = wire
order.CommandText = "usp_List" : order.Parameters.Append order.CreateParameter("@y", 3, 1, , CInt(Request("y")))
Set rows = order.Execute %>
""",
    ),
    (
        "service restart by the administrator",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.ServiceProcess" %>
<script runat="server">void Restart_Click(object s, EventArgs e) {
  if (!User.IsInRole("CONTOSO\\\\Web Admins")) { Response.StatusCode = 403; return; }
  var spooler = new ServiceController("Spooler"); spooler.Stop();
  spooler.WaitForStatus(ServiceControllerStatus.Stopped); spooler.Start(); }
</script><form runat="server"><asp:Button runat="server" OnClick="Restart_Click" Text="Restart" /></form>
""",
    ),
    (
        "fixed script",
        ".aspx",
        _HEAD
        + """<script runat="server">void Run_Click(object s, EventArgs e) {
  System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c C:\\\\Jobs\\\\nightly.cmd"); Note.Text = "Started"; }
</script><form runat="server"><asp:Button runat="server" OnClick="Run_Click" Text="Run now" />
<asp:Label id="Note" runat="server" /></form>
""",
    ),
    (
        "request as a number to a program",
        ".ashx",
        """<%@ WebHandler Language="C#" Class="Label" %>
using System.Diagnostics; using System.Web;
public class Label : IHttpHandler {
  public void ProcessRequest(HttpContext context) {
    int number = int.Parse(context.Request["number"]);
    var info = new ProcessStartInfo(@"C:\\Tools\\barcode.exe", number.ToString());
    info.UseShellExecute = false; Proc¦ess.St¦art(info).WaitForExit();
    context.Response.WriteFile(@"C:\\Tools\\out.png");
  }
  public bool IsReusable { get { return false; } }
}
""",
    ),
    (
        "csv export",
        ".ashx",
        """<%@ WebHandler Language="VB" Class="Export" %>
Imports System.Web
Public Class Export : Implements IHttpHandler
Public Sub ProcessRequest(ByVal context As HttpContext) Implements IHttpHandler.ProcessRequest
  context.Response.ContentType = "text/csv"
  context.Response.AddHeader("Content-Disposition", "attachment; filename=offices.csv")
  For Each office As String In New String() {"Berlin", "Oslo"}
    context.Response.Write(office & vbCrLf)
  Next
End Sub
Public ReadOnly Property IsReusable() As Boolean Implements IHttpHandler.IsReusable
Get
Return False
End Get
End Property
End Class
""",
    ),
    (
        "feed reader",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Net" %><%@ Import Namespace="System.Xml" %>
<script runat="server">void Page_Load(object s, EventArgs e) {
  var asked = (HttpWebRequest)WebRequest.Create("https://news.contoso.example/feed.xml");
  using (var answer = asked.GetResponse()) { var feed = new XmlDocument(); feed.Load(answer.GetResponseStream());
    Rows.DataSource = feed.SelectNodes("//item/title"); Rows.DataBind(); } }
</script><asp:Repeater id="Rows" runat="server"><ItemTemplate><%# Eval("InnerText") %></ItemTemplate></asp:Repeater>
""",
    ),
    (
        "fixed style sheet",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Xml.Xsl" %><script runat="server">
void Page_Load(object s, EventArgs e) { var sheet = new XslCompiledTransform();
  sheet.Load(Server.MapPath("report.xslt")); sheet.Transform(Server.MapPath("report.xml"), null, Response.Output); }
</script>
""",
    ),
    (
        "cookie decryption",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Security.Cryptography" %><script runat="server">
void Page_Load(object s, EventArgs e) {
  HttpCookie kept = Request.Cookies["prefs"]; if (kept == null) { return; }
  byte[] data = Convert.FromBase64String(kept.Value);
  using (var aes = new AesManaged { Key = Keys.Prefs, IV = new byte[16] })
  using (var open = aes.CreateDecryptor()) {
    string text = System.Text.Encoding.UTF8.GetString(open.TransformFinalBlock(data, 0, data.Length));
    Theme.Text = Server.HtmlEncode(text); } }
</script><asp:Literal id="Theme" runat="server" />
""",
    ),
    (
        "webhook that parses json",
        ".ashx",
        """<%@ WebHandler Language="C#" Class="Hook" %>
using System.IO; using System.Web; using System.Web.Script.Serialization; using System.Collections.Generic;
public class Hook : IHttpHandler {
  public void ProcessRequest(HttpContext context) {
    string body = new StreamReader(context.Request.InputStream).ReadToEnd();
    var told = new JavaScriptSerializer().Deserialize<Dictionary<string, string>>(body);
    context.Application["state"] = told["state"]; context.Response.StatusCode = 204;
  }
  public bool IsReusable { get { return true; } }
}
""",
    ),
    (
        "guest book",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.IO" %><script runat="server">
void Send_Click(object s, EventArgs e) {
  string line = DateTime.UtcNow.ToString("s") + " " + Server.HtmlEncode(Words.Text) + "<br>";
  File.AppendAllText(Server.MapPath("~/App_Data/guests.txt"), line);
  Book.Text = File.ReadAllText(Server.MapPath("~/App_Data/guests.txt")); }
</script><form runat="server"><asp:TextBox id="Words" runat="server" /><asp:Button runat="server"
OnClick="Send_Click" Text="Send" /><asp:Literal id="Book" runat="server" /></form>
""",
    ),
    (
        "gallery of a fixed folder",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.IO" %><% foreach (FileInfo one in
new DirectoryInfo(Server.MapPath("~/photos")).GetFiles("*.jpg")) { %>
<a href="photos/<%= one.Name %>"><%= one.Name %> (<%= one.Length / 1024 %> kB)</a><% } %>
""",
    ),
    (
        "server state",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Management" %><script runat="server">
void Page_Load(object s, EventArgs e) {
  var asked = new ManagementObjectSearcher("SELECT FreeSpace, Name FROM Win32_LogicalDisk");
  foreach (ManagementObject disk in asked.Get()) { Response.Write(disk["Name"] + ": " + disk["FreeSpace"] + "<br>"); }
  foreach (string name in Request.ServerVariables) { Response.Write(Server.HtmlEncode(name) + "<br>"); } }
</script>
""",
    ),
    (
        "idle time by the system",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Runtime.InteropServices" %><script runat="server">
[DllImport("kernel32.dll")] static extern ulong GetTickCount64();
void Page_Load(object s, EventArgs e) { Response.Write(GetTickCount64() / 1000); }
</script>
""",
    ),
    (
        "session state",
        ".aspx",
        _HEAD
        + """<script runat="server">void Page_Load(object s, EventArgs e) {
  var basket = (System.Collections.Generic.List<string>)Session["basket"];
  if (Request["add"] != null) { basket.Add(Request["add"]); Session["basket"] = basket; }
  Many.Text = basket.Count.ToString(); }
</script><asp:Literal id="Many" runat="server" />
""",
    ),
    (
        "dynamic controls",
        ".aspx",
        _HEAD
        + """<script runat="server">void Page_Init(object s, EventArgs e) {
  string view = Request["view"] == "list" ? "List" : "Table";
  Place.Controls.Add(LoadControl("~/Controls/" + view + ".ascx"));
  Server.Execute("header.aspx"); }
</script><asp:PlaceHolder id="Place" runat="server" />
""",
    ),
    (
        "ordinary configuration",
        "web.config",
        """<?xml version="1.0" encoding="utf-8"?>
<configuration><system.web><compilation debug="false" targetFramework="4.8"><buildProviders>
<add extension=".rdlc" type="Microsoft.Reporting.RdlBuildProvider, Microsoft.ReportViewer.WebForms" />
</buildProviders></compilation><customErrors mode="RemoteOnly" /></system.web>
<system.webServer><handlers><add name="ReportViewer" path="Reserved.ReportViewerWebControl.axd"
verb="*" type="Microsoft.Reporting.WebForms.HttpHandler, Microsoft.ReportViewer.WebForms" />
</handlers><modules runAllManagedModulesForAllRequests="true"><remove name="WebDAVModule" /></modules>
</system.webServer><!-- pages are compiled when they are first asked for, see <% %> in the manual -->
</configuration>
""",
    ),
    (
        "commented-out debugging",
        ".aspx",
        _HEAD
        + """<%-- Proc¦ess.St¦art("notepad.exe"); File.Delete(path); removed in 2014 --%>
<script runat="server">// was: Response.Write(Request["x"]); Assembly.Lo¦ad(name);
void Page_Load(object s, EventArgs e) { /* eval is for scripts only */ Title = "Start"; }
</script>
""",
    ),
    (
        "typed deserialisation of an own file",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Xml.Serialization" %><script runat="server">
void Page_Load(object s, EventArgs e) { using (var file = System.IO.File.OpenRead(Server.MapPath("~/App_Data/shop.xml"))) {
  var rows = (string[])new XmlSerializer(typeof(string[])).Deserialize(file); Many.Text = rows.Length + ""; } }
</script><asp:Literal id="Many" runat="server" />
""",
    ),
    (
        "address book dump",
        ".txt",
        """Name                            : OAB (Default Web Site)
PollInterval                    : 480
Server                          : EX01
InternalUrl                     : https://ex01.contoso.example/OAB
ExternalUrl                     : https://mail.contoso.example/OAB
WhenChanged                     : 3/3/2021 4:12:09 AM
""",
    ),
    (
        "script in jscript",
        ".aspx",
        """<%@ Page Language="JScript" %><script runat="server">
function Page_Load(sender, e) { var hours = new Date().getHours();
  Greeting.Text = hours < 12 ? "Good morning" : "Good day"; Name.Text = Server.HtmlEncode(Request["name"]); }
</script><asp:Literal id="Greeting" runat="server" /><asp:Literal id="Name" runat="server" />
""",
    ),
)
