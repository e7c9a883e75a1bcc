#compdef OtpActors
# zsh completion of OtpActors: source <(OtpActors completion zsh) after compinit, or save it as _OtpActors in a
# directory of $fpath

_OtpActors() {
    local line="${(j: :)words[2,CURRENT-1]}" word="${words[CURRENT]}"
    line="${line:+$line }$word"
    local -a suggestions
    suggestions=("${(@f)$(${(Q)~words[1]} "[suggest:${#line}]" "$line" 2> /dev/null)}")
    suggestions=(${suggestions:#})
    # Options are offered to whoever begins one; without a suggestion the word is taken for a file's name.
    [[ $word == -* ]] || suggestions=(${suggestions:#-*})
    compadd -a suggestions || _files
}

if [[ $funcstack[1] == _OtpActors ]]; then
    _OtpActors "$@"
else
    compdef _OtpActors OtpActors
fi
