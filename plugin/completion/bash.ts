/** For bash 3.2 (macOS) and newer, without the package bash-completion. Nothing of what was typed is evaluated. */
export const bashScript = `# bash completion for kubectl-netdebug.
# 'kubectl netdebug' is completed by kubectl's own script: see 'kubectl netdebug completion kubectl'.
_kubectl_netdebug() {
  local IFS=$' \\t\\n' rest=\${COMP_LINE:0:COMP_POINT} word blank line lead='' at bits i
  local -a words found
  words=() found=() COMPREPLY=()
  # Readline cuts words at = and : as well; what stands together is one word.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=\${rest%%[![:space:]]*}
    rest=\${rest#"$blank"}
    word=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$rest
    rest=\${rest#"$word"}
    if ((i > 0)) && [[ -z $blank ]]; then
      at=$((\${#words[@]} - 1))
      words[at]=\${words[at]}$word
    else
      words[\${#words[@]}]=$word
    fi
  done
  for ((i = 0; i < \${#words[@]}; i++)); do
    word=\${words[i]}
    [[ $word == '~/'* ]] && word=$HOME/\${word:2}
    words[i]=\${word//[\\"\\'\\\\]/}
  done
  while IFS= read -r line; do
    found[\${#found[@]}]=$line
  done < <("\${words[@]:0:1}" __completeNoDesc "\${words[@]:1}" 2>/dev/null)
  at=$((\${#found[@]} - 1))
  ((at >= 0)) && [[ \${found[at]} =~ ^:([0-9]{1,3})$ ]] || return 0
  bits=\${BASH_REMATCH[1]}
  unset "found[at]"

  # Only what stands behind the last = or : that readline cuts at is replaced.
  word=\${words[\${#words[@]}-1]}
  if [[ $word == -*=* ]]; then
    lead=\${word%%=*}=
    word=\${word#*=}
    [[ $COMP_WORDBREAKS == *=* ]] && lead=''
  fi
  blank=''
  [[ $word == *:* && $COMP_WORDBREAKS == *:* ]] && blank=\${word%"\${word##*:}"}
  for line in \${found[@]+"\${found[@]}"}; do
    COMPREPLY[\${#COMPREPLY[@]}]=$lead\${line#"$blank"}
  done

  if ((at == 0 && (bits & 16))); then
    compopt -o dirnames 2>/dev/null || _kubectl_netdebug_files -d "$word"
  elif ((at == 0 && !(bits & 4))); then
    compopt -o default 2>/dev/null || _kubectl_netdebug_files -f "$word"
  fi
  if ((bits & 2)); then compopt -o nospace 2>/dev/null; fi
  return 0
}
_kubectl_netdebug_files() {
  local line
  while IFS= read -r line; do
    COMPREPLY[\${#COMPREPLY[@]}]=$line
  done < <(compgen "$1" -- "$2")
}
complete -F _kubectl_netdebug kubectl-netdebug
`;
