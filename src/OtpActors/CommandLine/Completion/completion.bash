# bash completion of OtpActors: source <(OtpActors completion bash), or save it as
# ~/.local/share/bash-completion/completions/OtpActors

_OtpActors() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} line suggestion
    line=${COMP_LINE:0:COMP_POINT}
    line=${line#*"$program" }
    COMPREPLY=()
    while IFS= read -r suggestion; do
        # Options are offered to whoever begins one.
        if [[ -n $suggestion && $suggestion == "$word"* && ($word == -* || $suggestion != -*) ]]; then
            COMPREPLY+=("$suggestion")
        fi
    done < <("${program/#\~/$HOME}" "[suggest:${#line}]" "$line" 2> /dev/null)
}

# Without a suggestion the word is taken for a file's name.
complete -o default -F _OtpActors OtpActors
