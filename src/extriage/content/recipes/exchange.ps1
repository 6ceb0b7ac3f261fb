<#
.SYNOPSIS
Copies what extriage reads of a Microsoft Exchange Server into one folder.

.DESCRIPTION
For PowerShell 2 and later, Exchange 2010 and later. Read it before you run it; it is short.
It reads the registry and IIS's configuration to find the folders, copies with robocopy /B (which
reads files whatever their permissions are), saves registry hives with reg.exe, has wevtutil.exe
export event logs that could not be copied, and writes nothing anywhere but below -Output: copies,
collect.log, robocopy.log and sha256.txt. It stops nothing, deletes nothing, and needs no network.
Run it as administrator, in the 64-bit PowerShell:

  powershell.exe -NoProfile -ExecutionPolicy Bypass -File exchange.ps1 -Output F:\collected

.PARAMETER Output
A new or empty folder, best on another disk: Exchange stops mail when its disk is full. If the
script was interrupted, run it again with the same folder: what is there already is not copied again.

.PARAMETER Days
How many days of logs to copy, by the time of their last change; 0 for all.

.PARAMETER Install
Exchange's folder, if it is not in the registry any more.

.PARAMETER IisLogs
A folder of IIS logs, if it is not in applicationHost.config any more.

.PARAMETER More
Folders of Exchange logs that were moved out of Exchange's folder: transport, POP, IMAP. Write
several as one word with semicolons between them: 'E:\Tracking;F:\Pop'

.PARAMETER Shares
Copies folders on other computers too, if IIS's configuration names them. An intruder may have put
one there, to get hold of your logon: look first.

.PARAMETER KeepFreeGB
A folder is left out if copying it would leave less than this free at -Output.
#>
param(
    [string]$Output = '',
    [int]$Days = @DAYS@,
    [string]$Install = '@INSTALL@',
    [string]$IisLogs = '@IISLOGS@',
    [string[]]$More = @(),
    [switch]$Shares,
    [int]$KeepFreeGB = 10
)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

# Of what IIS serves, files of any name are copied up to this size; any of them may be a page.
$small = @SMALL@

# Place | base | folder | deep or flat | aged, all or any | names
$places = @(
@PLACES@
)

function Write-Told([string]$text) {
    if ($text.StartsWith('NOT ') -or $text.StartsWith('NO HASH ')) { $script:failures++ }
    $line = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ') + ' ' + $text
    Write-Host $line
    if ($script:log) { [IO.File]::AppendAllText($script:log, $line + "`r`n") }
    else { $script:before += $line + "`r`n" }
}

function Stop-Here([string]$text) {
    Write-Host $text
    exit 2
}

function Get-Plain([string]$path) {
    $plain = [Environment]::ExpandEnvironmentVariables($path).Replace('/', '\').TrimEnd('\')
    return $plain
}

function Test-Below([string]$path, [string]$folder) {
    $start = $folder.TrimEnd('\') + '\'
    return ($path.TrimEnd('\') + '\').StartsWith($start, [StringComparison]::OrdinalIgnoreCase)
}

function Get-InstallFolder {
    foreach ($version in @('v15', 'v14')) {
        $key = "HKLM:\SOFTWARE\Microsoft\ExchangeServer\$version\Setup"
        if (Test-Path -LiteralPath $key) {
            $value = (Get-Item -LiteralPath $key).GetValue('MsiInstallPath')
            if ($value) { Get-Plain $value }
        }
    }
    if ($Install) { Get-Plain $Install }
}

function Get-IisFolder([string]$query) {
    $path = Join-Path $env:windir 'System32\inetsrv\config\applicationHost.config'
    if (-not (Test-Path -LiteralPath $path)) { return }
    try {
        $config = New-Object System.Xml.XmlDocument
        $config.XmlResolver = $null
        $config.Load($path)
        foreach ($node in $config.SelectNodes($query)) { Get-Plain $node.Value }
    } catch {
        Write-Told "NOT READ applicationHost.config: $($_.Exception.Message)"
    }
}

function Get-Bases {
    $bases = @{}
    $disk = $env:SystemDrive
    $bases['windows'] = @($env:windir)
    $bases['install'] = @(Get-InstallFolder)
    $logs = '//logFile/@directory|//centralW3CLogFile/@directory'
    $bases['iis-logs'] = @(Get-IisFolder $logs) + @("$disk\inetpub\logs\LogFiles")
    if ($IisLogs) { $bases['iis-logs'] += Get-Plain $IisLogs }
    $bases['iis-config'] = @((Join-Path $env:windir 'System32\inetsrv\config'))
    $bases['inetpub'] = @("$disk\inetpub")
    $bases['web'] = @(Get-IisFolder '//virtualDirectory/@physicalPath')
    $bases['temp-aspnet'] = @()
    foreach ($name in @('Framework64', 'Framework')) {
        $net = Join-Path $env:windir "Microsoft.NET\$name"
        if (-not (Test-Path -LiteralPath $net)) { continue }
        foreach ($version in @(Get-ChildItem -LiteralPath $net -ErrorAction SilentlyContinue)) {
            $bases['temp-aspnet'] += Join-Path $version.FullName 'Temporary ASP.NET Files'
        }
    }
    $bases['event-logs'] = @((Join-Path $env:windir 'System32\winevt\Logs'))
    $bases['defender'] = @((Join-Path $env:ProgramData 'Microsoft\Windows Defender'))
    $bases['setup-logs'] = @("$disk\ExchangeSetupLogs")
    $bases['drive'] = @()
    foreach ($one in [IO.DriveInfo]::GetDrives()) {
        if ($one.DriveType -eq 'Fixed') { $bases['drive'] += $one.Name.TrimEnd('\') }
    }
    return $bases
}

function Get-Target([string]$path) {
    # C:\inetpub becomes <Output>\<server>\C\inetpub; \\nas\logs becomes <Output>\<server>\UNC\nas\logs.
    if ($path.StartsWith('\\')) { return Join-Path $script:server ('UNC\' + $path.TrimStart('\')) }
    return Join-Path $script:server $path.Replace(':', '')
}

function Get-Files([string]$from, [bool]$deep) {
    # Links and junctions are not followed, as robocopy /XJ does not: they may lead round in a ring.
    $waiting = New-Object System.Collections.Queue
    $waiting.Enqueue($from + '\')
    while ($waiting.Count -gt 0) {
        $folder = $waiting.Dequeue()
        $items = @(Get-ChildItem -LiteralPath $folder -Force -ErrorAction SilentlyContinue)
        foreach ($item in $items) {
            if (-not $item.PSIsContainer) { $item }
            elseif ($deep -and -not ($item.Attributes -band [IO.FileAttributes]::ReparsePoint)) {
                $waiting.Enqueue($item.FullName)
            }
        }
    }
}

function Test-Name([string]$name, [string[]]$names) {
    foreach ($one in $names) { if ($name -like $one) { return $true } }
    return $false
}

function Test-Room([string]$from, [string[]]$names, [bool]$deep, [string]$age) {
    $oldest = [DateTime]::MinValue
    if ($age -eq 'aged' -and $Days -gt 0) { $oldest = [DateTime]::Now.AddDays(-$Days) }
    [long]$size = 0
    Get-Files $from $deep | ForEach-Object {
        if ($_.LastWriteTime -lt $oldest) { return }
        if ((Test-Name $_.Name $names) -or ($age -eq 'any' -and $_.Length -le $small)) {
            $size += $_.Length
        } elseif ($age -eq 'any') {
            $changed = $_.LastWriteTimeUtc.ToString('yyyy-MM-ddTHH:mm:ssZ')
            Write-Told "NOT COPIED $($_.FullName): $($_.Length) bytes, changed $changed"
        }
    }
    $told = "copying $from`: $size bytes at most"
    if ($Output.StartsWith('\\')) { Write-Told $told; return $true }
    $free = (New-Object IO.DriveInfo($Output.Substring(0, 1))).AvailableFreeSpace
    $enough = ($free - $size) -ge ($KeepFreeGB * 1073741824)
    if ($enough) { Write-Told $told }
    else { Write-Told "NOT COPIED $from`: it has $size bytes, only $free are free at $Output" }
    return $enough
}

function Write-Missing([string]$from, [string[]]$names, [bool]$deep, [string]$age) {
    # robocopy says only that something failed: these files were to be copied, and are not there.
    $oldest = [DateTime]::MinValue
    if ($age -eq 'aged' -and $Days -gt 0) { $oldest = [DateTime]::Now.AddDays(1 - $Days) }
    Get-Files $from $deep | ForEach-Object {
        $wanted = (Test-Name $_.Name $names) -or ($age -eq 'any' -and $_.Length -le $small)
        if (-not $wanted -or $_.LastWriteTime -lt $oldest) { return }
        if (-not (Test-Path -LiteralPath (Get-Target $_.FullName))) {
            Write-Told "NOT COPIED $($_.FullName)"
        }
    }
}

function Copy-Names([string]$from, [string[]]$names, [string[]]$options) {
    $source = $from
    if ($from.Length -eq 2) { $source = $from + '\' }
    $words = @($source, (Get-Target $from)) + $names + $options
    $words += @('/B', '/COPY:DAT', '/XJ', '/R:1', '/W:1', '/NP', '/NJH', '/NDL')
    $words += '/UNILOG+:' + (Join-Path $Output 'robocopy.log')
    & "$env:windir\System32\robocopy.exe" $words | Out-Null
    return $LASTEXITCODE
}

function Copy-Folder([string]$from, [string[]]$names, [bool]$deep, [string]$age) {
    $key = ($from + '|' + ($names -join ';') + '|' + $deep).ToLowerInvariant()
    if ($script:done.ContainsKey($key)) { return }
    $script:done[$key] = $true
    if ($from.StartsWith('\\') -and -not ($Shares -or $script:trusted -contains $from)) {
        Write-Told "NOT COPIED $from`: it is on another computer; -Shares copies it too"
        return
    }
    if (-not (Test-Path -LiteralPath ($from + '\'))) { Write-Told "not there: $from"; return }
    if (-not (Test-Room $from $names $deep $age)) { return }
    $options = @()
    if ($deep) { $options += '/S' }
    if ($age -eq 'aged' -and $Days -gt 0) { $options += "/MAXAGE:$Days" }
    $ended = Copy-Names $from $names $options
    if ($age -eq 'any') {
        $again = Copy-Names $from @('*') ($options + "/MAX:$small")
        if ($again -gt $ended) { $ended = $again }
    }
    if ($ended -ge 8) {
        Write-Told "NOT ALL COPIED $from`: robocopy ended with $ended, see robocopy.log"
        if ($names -like '*.evtx') { Export-Logs $from $names }
        Write-Missing $from $names $deep $age
    } else {
        Write-Told "copied $from"
    }
}

function Save-Hive([string]$key, [string]$file) {
    $target = Get-Target $file
    New-Item -ItemType Directory -Force -Path (Split-Path -Parent $target) | Out-Null
    & "$env:windir\System32\reg.exe" save $key $target /y | Out-Null
    if ($LASTEXITCODE -eq 0) { Write-Told "saved $key" } else { Write-Told "NOT SAVED $key" }
}

function Export-Logs([string]$from, [string[]]$names) {
    # Windows itself hands out a log that another program holds.
    foreach ($file in @(Get-Files $from $false)) {
        if (-not (Test-Name $file.Name $names)) { continue }
        $target = Get-Target $file.FullName
        if (Test-Path -LiteralPath $target) { continue }
        New-Item -ItemType Directory -Force -Path (Split-Path -Parent $target) | Out-Null
        $log = $file.Name.Substring(0, $file.Name.Length - 5).Replace('%4', '/')
        & "$env:windir\System32\wevtutil.exe" epl $log $target | Out-Null
        if ($LASTEXITCODE -eq 0) { Write-Told "exported $log" }
        else { Write-Told "NOT EXPORTED $($file.FullName)" }
    }
}

function Save-UserHives {
    $list = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
    foreach ($entry in @(Get-ChildItem -LiteralPath $list)) {
        $folder = $entry.GetValue('ProfileImagePath')
        if (-not $folder) { continue }
        $sid = $entry.PSChildName
        # A hive that is in use is locked: the registry itself hands it out.
        try {
            if (Test-Path -LiteralPath "Registry::HKEY_USERS\$sid") {
                Save-Hive "HKU\$sid" ((Get-Plain $folder) + '\NTUSER.DAT')
            } else {
                Copy-Folder (Get-Plain $folder) @('NTUSER.DAT', 'NTUSER.DAT.LOG?') $false 'all'
            }
        } catch { Write-Told "NOT COPIED $folder`: $($_.Exception.Message)" }
    }
}

function Test-Wide([string]$from, [hashtable]$bases) {
    # A virtual directory may point at a whole drive, or at Windows: an intruder's may.
    if ($from.Length -le 3) { return $true }
    $inner = @($bases['iis-config']) + @($bases['install']) + @($env:ProgramFiles, $env:PUBLIC)
    foreach ($folder in $inner) {
        if ($folder -and (Test-Below $folder $from)) { return $true }
    }
    return $false
}

function Get-Starts([string]$base, [string]$folder, [hashtable]$bases) {
    foreach ($start in @($bases[$base])) {
        if ($start -and $folder) { $start + '\' + $folder } elseif ($start) { $start }
    }
}

function Copy-Place([string]$line, [hashtable]$bases) {
    $id, $base, $folder, $depth, $age, $names = $line.Split('|')
    if ($id -eq 'registry') {
        foreach ($hive in @('SOFTWARE', 'SYSTEM')) {
            try { Save-Hive "HKLM\$hive" (Join-Path $env:windir "System32\config\$hive") }
            catch { Write-Told "NOT SAVED HKLM\$hive`: $($_.Exception.Message)" }
        }
        return
    }
    foreach ($from in @(Get-Starts $base $folder $bases)) {
        $deep = $depth -eq 'deep'
        if ($base -eq 'web' -and (Test-Wide $from $bases)) {
            Write-Told "only its top: $from is a virtual directory"
            $deep = $false
        }
        # What a configuration names may be no path at all; other places are copied all the same.
        try { Copy-Folder $from $names.Split(';') $deep $age }
        catch { Write-Told "NOT COPIED $from`: $($_.Exception.Message)" }
    }
}

function Get-Hasher {
    # Where Windows allows certified algorithms only, the first one refuses to be made.
    try { return New-Object System.Security.Cryptography.SHA256Managed }
    catch {
        [void][Reflection.Assembly]::LoadWithPartialName('System.Core')
        return New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    }
}

function Write-Hashes {
    $hasher = Get-Hasher
    $plain = New-Object System.Text.UTF8Encoding($false)
    $made = Join-Path $Output 'sha256.txt'
    $list = New-Object System.IO.StreamWriter($made, $false, $plain)
    $list.NewLine = "`n"
    $count = 0
    try {
        Get-ChildItem -LiteralPath $script:server -Recurse -Force -ErrorAction SilentlyContinue `
            -ErrorVariable hidden | ForEach-Object {
            if ($_.PSIsContainer) { return }
            try {
                $stream = [IO.File]::OpenRead($_.FullName)
                try { $hash = [BitConverter]::ToString($hasher.ComputeHash($stream)) }
                finally { $stream.Close() }
                $name = $_.FullName.Substring($Output.Length + 1).Replace('\', '/')
                $list.WriteLine($hash.Replace('-', '').ToLowerInvariant() + '  ' + $name)
                $count++
            } catch {
                Write-Told "NO HASH $($_.Exception.Message)"
            }
        }
    } finally {
        $list.Close()
    }
    foreach ($one in @($hidden)) { if ($one) { Write-Told "NO HASH $one" } }
    Write-Told "$count files are in sha256.txt"
    $stream = [IO.File]::OpenRead($made)
    try { $hash = [BitConverter]::ToString($hasher.ComputeHash($stream)) }
    finally { $stream.Close() }
    $hash = $hash.Replace('-', '').ToLowerInvariant()
    Write-Told "write this down elsewhere: the SHA-256 of sha256.txt is $hash"
}

$script:log = ''
$script:before = ''
$script:failures = 0
$script:done = @{}
$identity = [Security.Principal.WindowsIdentity]::GetCurrent()
$role = [Security.Principal.WindowsBuiltInRole]::Administrator
if (-not (New-Object Security.Principal.WindowsPrincipal($identity)).IsInRole($role)) {
    Stop-Here 'Run this as administrator: most of these files are for administrators only.'
}
if ([IntPtr]::Size -ne 8) { Stop-Here 'Run this in the 64-bit PowerShell, not in the (x86) one.' }
if (-not $Output) { Stop-Here 'Name a new folder: -Output F:\collected' }
if ($Output -notmatch '^([A-Za-z]:\\[^\\]|\\\\[^\\]+\\[^\\]+\\[^\\])') {
    Stop-Here 'Write -Output as a whole path to a folder, like F:\collected'
}
$Output = $Output.TrimEnd('\')
if (@($Output.Split('\') | Where-Object { $_ -eq '..' -or $_ -eq '.' }).Count -gt 0) {
    Stop-Here 'Write -Output without . and ..'
}
if ($Output -match '[\[\]*?"<>|;]') { Stop-Here 'Write -Output without brackets and signs' }
if (-not (Test-Path -LiteralPath ([IO.Path]::GetPathRoot($Output)))) {
    Stop-Here "There is no drive or share for $Output"
}
$script:server = Join-Path $Output $env:COMPUTERNAME
$script:again = (Test-Path -LiteralPath (Join-Path $Output 'collect.log')) -and
    (Test-Path -LiteralPath $script:server)
if ((Test-Path -LiteralPath $Output) -and -not $script:again -and
    @(Get-ChildItem -LiteralPath $Output -Force).Count) {
    Stop-Here "$Output is not empty; name another folder."
}
# robocopy takes larger numbers for a date.
if ($Days -lt 0 -or $Days -ge 1900) { $Days = 0 }
$More = @($More | ForEach-Object { $_.Split(';') } | Where-Object { $_ } |
    ForEach-Object { Get-Plain $_ })
$script:trusted = $More + @(Get-Plain $IisLogs)
$bases = Get-Bases
$ours = @($bases['install']) + @($bases['iis-logs']) + @($bases['inetpub'])
$ours += @($bases['windows']) + $More
# Of a virtual directory that is too wide only the top is copied.
$ours += @($bases['web'] | Where-Object { $_ -and -not (Test-Wide $_ $bases) })
foreach ($line in $places) {
    $id, $base, $folder, $rest = $line.Split('|')
    if ($base -ne 'web') { $ours += @(Get-Starts $base $folder $bases) }
}
foreach ($folder in $ours) {
    if ($folder -and (Test-Below $Output $folder)) {
        Stop-Here "$Output lies in $folder, which is evidence; name a folder elsewhere."
    }
}
New-Item -ItemType Directory -Force -Path $Output | Out-Null
New-Item -ItemType Directory -Force -Path $script:server | Out-Null
$script:log = Join-Path $Output 'collect.log'
[IO.File]::AppendAllText($script:log, $script:before)
Write-Told "collecting from $env:COMPUTERNAME as $($identity.Name), $Days days of logs (0: all)"
if ($script:again) { Write-Told 'going on with what was collected before' }
if (-not $bases['install']) { Write-Told 'NOT FOUND: Exchange is not in the registry' }

$users = $false
foreach ($line in $places) {
    if ($line.StartsWith('user-hives|') -or $line.StartsWith('service-hives|')) { $users = $true }
    else { Copy-Place $line $bases }
}
try { if ($users) { Save-UserHives } }
catch { Write-Told "NOT SAVED the hives of the users: $($_.Exception.Message)" }
foreach ($folder in $More) {
    try { Copy-Folder $folder @('*.log') $true 'aged' }
    catch { Write-Told "NOT COPIED $folder`: $($_.Exception.Message)" }
}
try { Write-Hashes } catch { Write-Told "NO HASH $($_.Exception.Message)" }
@MISSING@
Write-Told "$($script:failures) lines of collect.log say NOT or NO HASH: look at them"
Write-Told 'done; give the whole folder to: extriage scan'
