"""Ordinary pages that share words with web shells: what administrators and developers write."""

# ruff: noqa: E501 (lines of pages, as their authors write them)

Page = tuple[str, str, str]
"""Name, extension, text."""

_HEAD = '<%@ Page Language="C#" AutoEventWireup="true" %>\n'

PAGES: tuple[Page, ...] = (
    (
        "data binding",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Data.SqlClient" %>
<form id="f" runat="server"><asp:Repeater id="Rows" runat="server"><ItemTemplate>
<h2><%# Eval("Title") %></h2><p><%# DataBinder.Eval(Container.DataItem, "Body") %></p>
<a href='<%# "item.aspx?id=" + Eval("Id") %>'>more</a></ItemTemplate></asp:Repeater></form>
<script runat="server">void Page_Load(object s, EventArgs e) { if (!IsPostBack) {
Rows.DataSource = new[] { new { Id = 1, Title = "News", Body = "None" } }; Rows.DataBind(); } }</script>
""",
    ),
    (
        "fixed converter",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Diagnostics" %>
<script runat="server">
void Page_Load(object sender, EventArgs e) {
  var info = new ProcessStartInfo(@"C:\\Tools\\wkhtmltopdf.exe",
    "\\"C:\\\\Reports\\\\week.html\\" \\"C:\\\\Reports\\\\week.pdf\\"");
  info.UseShellExecute = false; info.RedirectStandardOutput = true;
  using (var worker = Proc¦ess.St¦art(info)) { worker.WaitForExit(30000); }
  Response.Redirect("week.pdf");
}
</script>
""",
    ),
    (
        "validated upload",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.IO" %>
<form id="f" runat="server" enctype="multipart/form-data"><asp:FileUpload id="Photo" runat="server" />
<asp:Button id="Send" runat="server" OnClick="Send_Click" Text="Send" /><asp:Label id="Note"
runat="server" /></form>
<script runat="server">
protected void Send_Click(object sender, EventArgs e) {
  if (!Photo.HasFile) { Note.Text = "Choose a file."; return; }
  string extension = Path.GetExtension(Photo.FileName).ToLowerInvariant();
  if (extension != ".jpg" && extension != ".png") { Note.Text = "Pictures only."; return; }
  if (Photo.PostedFile.ContentLength > 2000000) { Note.Text = "Too large."; return; }
  Photo.SaveAs(Server.MapPath("~/App_Data/photos/" + Guid.NewGuid() + extension));
  Note.Text = "Thank you.";
}
</script>
""",
    ),
    (
        "fixed file by handler",
        ".ashx",
        """<%@ WebHandler Language="C#" Class="Menu" %>
using System.IO; using System.Web;
public class Menu : IHttpHandler {
  public void ProcessRequest(HttpContext context) {
    context.Response.ContentType = "application/json";
    context.Response.Write(File.ReadAllText(context.Server.MapPath("~/App_Data/menu.json")));
  }
  public bool IsReusable { get { return true; } }
}
""",
    ),
    (
        "picture in base64",
        ".aspx",
        _HEAD
        + '<img alt="" src="data:image/png;base64,'
        + "iVBORw0KGgoAAAANSUhEUgAAAAUA" * 60
        + '" />\n<asp:Label runat="server" Text="Logo" />\n',
    ),
    (
        "picture from base64",
        ".ashx",
        """<%@ WebHandler Language="C#" Class="Dot" %>
using System; using System.Web;
public class Dot : IHttpHandler {
  static readonly byte[] Gif = Convert.FromBase64String(
    "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7");
  public void ProcessRequest(HttpContext context) {
    context.Response.ContentType = "image/gif"; context.Response.BinaryWrite(Gif);
  }
  public bool IsReusable { get { return true; } }
}
""",
    ),
    (
        "own types by reflection",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Reflection" %>
<script runat="server">
void Page_Load(object sender, EventArgs e) {
  Assembly own = Assembly.GetExecutingAssembly();
  foreach (Type type in own.GetTypes()) {
    if (typeof(IDisposable).IsAssignableFrom(type)) { Response.Write(type.Name + "<br/>"); }
  }
  object settings = Activator.CreateInstance(typeof(UriBuilder));
  PropertyInfo host = settings.GetType().GetProperty("Host");
  host.SetValue(settings, "intranet", null);
  Response.Write(Assembly.Lo¦ad("System.Web").GetName().Version);
}
</script>
""",
    ),
    (
        "encoded request values",
        ".aspx",
        _HEAD
        + """<script runat="server">
void Page_Load(object sender, EventArgs e) {
  string words = Request.QueryString["q"] ?? "";
  Found.Text = Server.HtmlEncode(words);
  Response.Cookies["last"].Value = HttpUtility.UrlEncode(words);
}
</script><p>You looked for <asp:Literal id="Found" runat="server" />.
<%= Server.HtmlEncode(Request["page"]) %> <%: Request.Form["name"] %></p>
""",
    ),
    (
        "parametrised query",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Data.SqlClient" %>
<script runat="server">
void Page_Load(object sender, EventArgs e) {
  string wire = System.Configuration.ConfigurationManager.ConnectionStrings["Shop"].ConnectionString;
  using (var line = new SqlConnection(wire))
  using (var order = new SqlCommand("SELECT Name FROM Customers WHERE Id = @id", line)) {
    order.Parameters.AddWithValue("@id", int.Parse(Request.QueryString["id"]));
    line.Open();
    using (SqlDataReader rows = order.ExecuteReader()) {
      while (rows.Read()) { Response.Write(Server.HtmlEncode(rows.GetString(0))); }
    }
  }
}
</script>
""",
    ),
    (
        "health page",
        ".aspx",
        _HEAD
        + """<%@ Import Namespace="System.Net.Sockets" %>
<script runat="server">
void Page_Load(object sender, EventArgs e) {
  bool up = true;
  try { using (var line = new TcpClient()) { line.Connect("sql01.contoso.example", 1433); } }
  catch (SocketException) { up = false; }
  Response.StatusCode = up ? 200 : 503;
  Response.Write(up ? "OK " + Environment.MachineName : "DOWN");
}
</script>
""",
    ),
    (
        "logon page",
        ".aspx",
        _HEAD
        + """<form id="f" runat="server"><asp:TextBox id="User" runat="server" />
<asp:TextBox id="Password" TextMode="Password" runat="server" />
<asp:Button id="Go" runat="server" Text="Sign in" OnClick="Go_Click" /></form>
<script runat="server">
protected void Go_Click(object sender, EventArgs e) {
  if (Membership.ValidateUser(User.Text, Password.Text)) {
    FormsAuthentication.RedirectFromLoginPage(User.Text, false);
  } else { System.IO.File.AppendAllText(Server.MapPath("~/App_Data/failed.log"),
    DateTime.UtcNow.ToString("o") + " sign-in failed for " + User.Text + Environment.NewLine); }
}
</script>
""",
    ),
    (
        "error page",
        ".aspx",
        _HEAD
        + """<script runat="server">
void Page_Load(object sender, EventArgs e) {
  Exception why = Server.GetLastError();
  if (why != null) { Details.Text = Server.HtmlEncode(why.ToString()); Server.ClearError(); }
  Response.StatusCode = 500; Response.TrySkipIisCustomErrors = true;
}
</script><h1>Something went wrong</h1><pre><asp:Literal id="Details" runat="server" /></pre>
<p>Address: <%= Server.HtmlEncode(Request.RawUrl) %></p>
""",
    ),
    (
        "translations",
        ".aspx",
        _HEAD
        + """<script runat="server">
string hello = "\\u0417\\u0434\\u0440\\u0430\\u0432\\u0441\\u0442\\u0432\\u0443\\u0439\\u0442\\u0435";
string bye = "\\u518d\\u89c1", thanks = "\\u0434\\u044f\\u043a\\u0443\\u044e";
void Page_Load(object sender, EventArgs e) {
  Words.Text = Request.UserLanguages[0].StartsWith("zh") ? bye : hello + thanks; }
</script><asp:Literal id="Words" runat="server" /><script>
var days = ["\\u5468\\u4e00", "\\u5468\\u4e8c", "\\u5468\\u4e09"];</script>
""",
    ),
    (
        "documentation that quotes shells",
        ".aspx",
        _HEAD
        + "<h1>How to spot a web shell</h1><pre>&lt;%@ Page Language=&quot;Jscript&quot;%&gt;"
        + "&lt;%ev¦al(Request.Item[&quot;pass&quot;],&quot;uns¦afe&quot;);%&gt;</pre>\n<pre>"
        + "Proc¦ess.St¦art(&quot;cm¦d.exe&quot;, &quot;/c &quot; + Request[&quot;c&quot;]);\n"
        + "Assembly.Lo¦ad(Request.BinaryRead(Request.ContentLength))</pre>\n"
        + '<p>Updated <asp:Label id="Day" runat="server" Text="2024-05-02" /></p>\n',
    ),
    (
        "minified script",
        ".aspx",
        _HEAD
        + "<script>!function(e,t){for(var n=0,r=t.length;n<r;n++)e[t[n]]=function(a){return function(){"
        + "return eval(a)}}(t[n]);window.exec=e}({},"
        + '["a","b","c"]);' * 40
        + "</script>\n<asp:Label runat='server' Text='x' />\n",
    ),
    (
        "evaluation in the browser",
        ".aspx",
        _HEAD
        + """<script src="jquery.js"></script><script>
$.get("list.ashx", function (data) { var rows = eval("(" + data + ")"); $.globalEval(rows.code);
var make = new Function("a", "return a + 1"); setTimeout("refresh()", 500);
if (window.ActiveXObject) { new ActiveXObject("Microsoft.XMLHTTP"); } });
document.write(unescape("%3Cb%3E")); </script><div id="rows" runat="server"></div>
""",
    ),
    (
        "raw html in a view",
        ".cshtml",
        """@model Shop.Models.Article
@using System.Linq
@{ ViewBag.Title = Model.Title; Layout = "~/Views/Shared/_Layout.cshtml"; }
<h1>@Model.Title</h1>@Html.Raw(Model.Body)
@foreach (var tag in Model.Tags.OrderBy(t => t)) { <span>@tag</span> }
@if (Request["print"] == "1") { <link rel="stylesheet" href="~/print.css" /> }
@using (Html.BeginForm()) { @Html.AntiForgeryToken() @Html.TextBoxFor(m => m.Title) }
""",
    ),
    (
        "business service",
        ".svc",
        """<%@ ServiceHost Language="C#" Debug="false" Service="Orders" %>
using System; using System.Linq; using System.ServiceModel;
[ServiceContract] public interface IOrders { [OperationContract] decimal Total(int[] prices, string code); }
public class Orders : IOrders {
  public decimal Total(int[] prices, string code) {
    decimal sum = prices.Sum(); return code == "SUMMER" ? sum * 0.9m : sum;
  }
}
""",
    ),
    (
        "business service, code elsewhere",
        ".svc",
        '<%@ ServiceHost Language="C#" Debug="true" Service="Shop.Orders" '
        'CodeBehind="Orders.svc.cs" %>\n',
    ),
    (
        "service that computes",
        ".asmx",
        """<%@ WebService Language="C#" Class="Rates" %>
using System; using System.Web.Services;
[WebService(Namespace = "http://contoso.example/rates")]
public class Rates : WebService {
  [WebMethod] public double Convert(double amount, string from, string to) {
    double rate = from == "EUR" && to == "USD" ? 1.1 : 1.0; return Math.Round(amount * rate, 2);
  }
  [WebMethod(EnableSession = true)] public string Visit(string name) {
    Session["name"] = name; return "Hello, " + Server.HtmlEncode(name);
  }
}
""",
    ),
    (
        "checked download",
        ".ashx",
        """<%@ WebHandler Language="C#" Class="Manual" %>
using System.IO; using System.Linq; using System.Web;
public class Manual : IHttpHandler {
  static readonly string[] Known = { "guide.pdf", "prices.pdf" };
  public void ProcessRequest(HttpContext context) {
    string name = Path.GetFileName(context.Request.QueryString["file"] ?? "");
    if (!Known.Contains(name)) { context.Response.StatusCode = 404; return; }
    string place = Path.Combine(context.Server.MapPath("~/App_Data/manuals"), name);
    context.Response.ContentType = "application/pdf";
    context.Response.AddHeader("Content-Disposition", "attachment; filename=" + name);
    context.Response.TransmitFile(place);
  }
  public bool IsReusable { get { return false; } }
}
""",
    ),
    (
        "pages by code behind",
        ".aspx",
        '<%@ Page Language="VB" AutoEventWireup="false" CodeFile="Default.aspx.vb" '
        'Inherits="_Default" MasterPageFile="~/Site.master" %>\n<asp:Content ID="Main" '
        'ContentPlaceHolderID="Main" runat="server"><asp:GridView ID="Grid" runat="server" '
        'DataSourceID="Source" /><asp:SqlDataSource ID="Source" runat="server" SelectCommand='
        '"SELECT [Id], [Name] FROM [Offices]" ConnectionString="<%$ ConnectionStrings:Shop %>" />'
        "</asp:Content>\n",
    ),
    (
        "application start",
        ".asax",
        """<%@ Application Language="C#" %>
<script runat="server">
void Application_Start(object sender, EventArgs e) { Application["visits"] = 0; }
void Application_BeginRequest(object sender, EventArgs e) {
  if (!Request.IsSecureConnection && !Request.IsLocal) {
    Response.Redirect("https://" + Request.Url.Host + Request.RawUrl); } }
void Application_Error(object sender, EventArgs e) {
  System.Diagnostics.Trace.TraceError(Server.GetLastError().ToString()); }
</script>
""",
    ),
    (
        "control",
        ".ascx",
        """<%@ Control Language="VB" ClassName="Search" %>
<asp:TextBox ID="Words" runat="server" /><asp:Button ID="Go" runat="server" OnClick="Go_Click" />
<script runat="server">
Protected Sub Go_Click(ByVal sender As Object, ByVal e As EventArgs)
  Response.Redirect("results.aspx?q=" & Server.UrlEncode(Words.Text))
End Sub
</script>
""",
    ),
)
