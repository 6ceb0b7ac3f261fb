<%@ Page Language="C#" Inherits="HelpDesk_67.Default" %>
<html><head><title>Help desk</title></head><body>
<form id="ticket" runat="server"><asp:TextBox ID="Subject" runat="server" /></form>
</body></html>
