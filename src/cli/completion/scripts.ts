// The scripts that make TAB call `orch __complete`, which decides what is offered.
import type { shells } from '../context/definition.ts';

const bash = `# bash completion of orch:  source <(orch completion bash)
_orch() {
  local line word typed i last words
  COMPREPLY=()
  words=()
  # Bash splits words at colons: \`tag:backend\` is three of them, of which it replaces the last.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    last=$((\${#words[@]} - 1))
    if ((last >= 0)) && [[ $word == ':' || \${words[last]} == *: ]]; then words[last]+=$word; else words+=("$word"); fi
  done
  typed=
  last=$((\${#words[@]} - 1))
  if ((last >= 0)) && [[ \${words[last]} == *:* ]]; then typed=\${words[last]%:*}:; fi
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then
      compopt -o default
      return
    fi
    word=\${line%%$'\\t'*}
    COMPREPLY+=("\${word#"$typed"}")
  done < <(orch __complete -- "\${words[@]}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _orch orch
`;

const zsh = `#compdef orch
# zsh completion of orch:  source <(orch completion zsh)
_orch() {
  local -a lines values sizes
  local line word
  lines=("\${(@f)$(orch __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[1]} == ':files' ]]; then
    _files
    return
  fi
  for line in $lines; do
    word=\${line%%$'\\t'*}
    if [[ $word == *= ]]; then sizes+=($word); else values+=("\${word//:/\\\\:}:\${line#*$'\\t'}"); fi
  done
  (( \${#sizes} )) && compadd -S '' -- $sizes
  (( \${#values} )) && _describe -V orch values
}
if [[ \${funcstack[1]} == _orch ]]; then _orch "$@"; else compdef _orch orch; fi
`;

const fish = `# fish completion of orch:  orch completion fish | source
function __orch_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (orch __complete -- $words[2..-1] 2>/dev/null)
    if test "$lines[1]" = ':files'
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $lines
    end
end
complete -c orch -f -a '(__orch_complete)'
`;

export const completionScripts: Record<(typeof shells)[number], string> = { bash, zsh, fish };
