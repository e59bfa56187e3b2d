/** For fish 3. */
export const fishScript = `# fish completion for kubectl-netdebug.
# 'kubectl netdebug' is completed by kubectl's own script: see 'kubectl netdebug completion kubectl'.
function __kubectl_netdebug_complete
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~/' $HOME/ -- $typed[1])
    set -e typed[1]
    set -l found ($program __complete $typed "$word" 2>/dev/null)
    string match -qr '^:\\d{1,3}$' -- "$found[-1]"; or return
    set -l bits (string replace ':' '' -- $found[-1])
    set -e found[-1]
    # Candidates of --flag=word are words, and fish replaces the whole.
    set -l lead (string match -r '^-[^=]*=' -- "$word")
    if test (count $found) -gt 0
        printf '%s\\n' "$lead"$found
    else if test (math "floor($bits / 16) % 2") -eq 1
        printf '%s\\n' "$lead"(__fish_complete_directories (string replace -r '^-[^=]*=' '' -- "$word") '')
    else if test (math "floor($bits / 4) % 2") -eq 0
        printf '%s\\n' "$lead"(__fish_complete_path (string replace -r '^-[^=]*=' '' -- "$word"))
    end
end
complete -c kubectl-netdebug -e
complete -c kubectl-netdebug -f -a '(__kubectl_netdebug_complete)'
`;
