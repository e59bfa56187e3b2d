/** For zsh with its completion system (compinit). */
export const zshScript = `#compdef kubectl-netdebug
# zsh completion for kubectl-netdebug: source it after compinit, or put it into a folder of fpath as _kubectl-netdebug.
# 'kubectl netdebug' is completed by kubectl's own script: see 'kubectl netdebug completion kubectl'.
compdef _kubectl-netdebug kubectl-netdebug

_kubectl-netdebug() {
  local program=\${(Q)words[1]} line word about bits
  local -a typed found candidates space
  [[ $program == '~/'* ]] && program=$HOME/\${program:2}
  (( CURRENT > 2 )) && typed=("\${(@Q)words[2,CURRENT-1]}")
  found=("\${(@f)$("$program" __complete "\${typed[@]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  [[ \${found[-1]} == :<-> ]] || return 1
  bits=\${found[-1]#:}
  found[-1]=()
  # Candidates of --flag=word are words.
  [[ $PREFIX == -*=* ]] && compset -P 1 '*='
  if (( ! \${#found} )); then
    (( bits & 16 )) && { _files -/; return }
    (( bits & 4 )) || { _files; return }
    return 1
  fi
  for line in "\${found[@]}"; do
    word=\${line%%$'\\t'*}
    about=\${line#"$word"}
    candidates+=("\${word//:/\\\\:}\${about:+:\${about#$'\\t'}}")
  done
  (( bits & 2 )) && space=(-S '')
  _describe -t words 'netdebug' candidates "\${space[@]}"
}

# As a file of fpath it is called at once, as sourced text it is not.
if [[ \${funcstack[1]} == _kubectl-netdebug ]]; then
  _kubectl-netdebug "$@"
fi
`;
