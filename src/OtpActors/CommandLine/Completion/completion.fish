# fish completion of OtpActors: OtpActors completion fish | source, or save it as
# ~/.config/fish/completions/OtpActors.fish

function __OtpActors_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l line (string join ' ' -- $words[2..-1] $word)
    set -q words[2]; or set line "$word"
    set -l suggestions ($words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
    # Options are offered to whoever begins one.
    string match -q -- '-*' "$word"; or set suggestions (string match -v -- '-*' $suggestions)
    set suggestions (string match -- '?*' $suggestions)
    # Without a suggestion the word is taken for a file's name.
    if set -q suggestions[1]
        printf '%s\n' $suggestions
    else
        __fish_complete_path "$word"
    end
end

complete -c OtpActors -f -a '(__OtpActors_complete)'
