/** For Windows PowerShell 5.1 and PowerShell 7. */
export const powershellScript = `# PowerShell completion for kubectl-netdebug.
# 'kubectl netdebug' is completed by kubectl's own script: see 'kubectl netdebug completion kubectl'.
Register-ArgumentCompleter -Native -CommandName 'kubectl-netdebug', 'kubectl-netdebug.exe' -ScriptBlock {
    param($word, $ast, $position)
    $program = $ast.CommandElements[0].Value
    $typed = @($ast.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.Extent.Text.Trim('"', "'") })
    # Windows PowerShell, and PowerShell 7 in its older way, leave an empty word out unless it is quoted.
    $last = $word
    if ($last -eq '' -and ($PSVersionTable.PSVersion -lt [version]'7.3.0' -or $PSNativeCommandArgumentPassing -eq 'Legacy')) { $last = '""' }
    $found = @(& $program __complete @typed $last 2>$null)
    if ($found.Count -eq 0 -or $found[-1] -notmatch '^:(\\d{1,3})$') { return }
    $bits = [int]$Matches[1]
    # Candidates of --flag=word are words, and PowerShell replaces the whole.
    $lead = if ($word -match '^-[^=]*=') { $Matches[0] } else { '' }
    if ($found.Count -eq 1) {
        # Nothing at all lets PowerShell offer files; one empty candidate keeps it from that.
        if ($bits -band 4) { '' }
        return
    }
    foreach ($line in $found[0..($found.Count - 2)]) {
        $text, $about = $line -split "\`t", 2
        if (-not $about) { $about = $text }
        $space = if ($bits -band 2) { '' } else { ' ' }
        [System.Management.Automation.CompletionResult]::new("$lead$text$space", $text, 'ParameterValue', $about)
    }
}
`;
