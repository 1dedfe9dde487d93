//! `logbook completions SHELL`: print a script that completes commands and flags.

use clap_complete::Shell;

use crate::cmd::Door;
use crate::cmd::itself::help;
use crate::cmd::table;
use logbook_model::error::{Error, Exit, Result, nearest};

pub const EXAMPLES: &str = "  logbook completions bash > ~/.local/share/bash-completion/completions/logbook\n  logbook completions fish > ~/.config/fish/completions/logbook.fish";

#[derive(clap::Args)]
pub struct Completions {
    /// bash, zsh, fish or powershell
    shell: String,
}

pub fn run(args: Completions, door: &mut Door<'_>) -> Result<Exit> {
    const SHELLS: [(&str, Shell); 4] =
        [("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish), ("powershell", Shell::PowerShell)];
    let Some((_, shell)) = SHELLS.iter().find(|(name, _)| *name == args.shell) else {
        let names = SHELLS.map(|(name, _)| name);
        let near = nearest(&args.shell, names).map_or(String::new(), |name| format!(", did you mean `{name}`?"));
        return Err(Error::usage(format!("unknown shell {:?}{near}", args.shell))
            .hint(format!("logbook completions {}", names.join("|"))));
    };
    let mut script = Vec::new();
    // Hidden commands are not offered.
    clap_complete::generate(*shell, &mut table::shown(), "logbook", &mut script);
    let script = String::from_utf8_lossy(&script);
    help::print(
        door,
        &match shell {
            Shell::Bash => format!("{script}{BASH}"),
            Shell::Fish => format!("{script}{FISH}"),
            Shell::Zsh => zsh(&script),
            _ => script.into_owned(),
        },
    )
}

/// Asks the logbook for words where the generated script knows only that a value follows.
const BASH: &str = r#"
_logbook_words() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" kind="" before="" word
    # bash takes `=` for a word of its own: --run=r-1
    [[ $prev == = ]] && prev="${COMP_WORDS[COMP_CWORD-2]}"
    [[ $cur == = ]] && cur=""
    case "$prev" in
        --group|--group-by|--select|--sort|--sort-by|--latest-by|--unset) kind=fields ;;
        -s|--status) kind=statuses ;;
        -p|--phase) kind=phases ;;
        --kind) kind=kinds ;;
        -r|--run) kind=runs ;;
        show|resume|diff|amend) [[ $COMP_CWORD -eq 2 && $cur != -* ]] && kind=runs ;;
        fields) [[ $COMP_CWORD -eq 2 && $cur != -* ]] && kind=fields ;;
    esac
    if [[ -z $kind ]]; then
        _logbook "$@"
        return
    fi
    if [[ $kind == fields ]]; then
        [[ $cur == *,* ]] && before="${cur%,*}," && cur="${cur##*,}"
        [[ $cur == -* ]] && before="$before-" && cur="${cur#-}"
    fi
    COMPREPLY=()
    while IFS= read -r word; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$before$word")
    done < <(logbook complete-words "$kind" 2>/dev/null)
}
complete -F _logbook_words -o bashdefault -o default logbook
"#;

const FISH: &str = r#"
function __logbook_sort_keys
    set -l before (string match -r '^.*,' -- (commandline -ct | string replace -r '^--[a-z-]+=' ''))
    set -l words (logbook complete-words fields)
    string join \n -- "$before"$words "$before-"$words
end
complete -c logbook -n "__fish_seen_subcommand_from show resume diff amend" -f -a "(logbook complete-words runs)"
complete -c logbook -n "__fish_seen_subcommand_from fields" -f -a "(logbook complete-words fields)"
complete -c logbook -s r -l run -x -a "(logbook complete-words runs)"
complete -c logbook -n "__fish_seen_subcommand_from append" -s s -l status -x -a "(logbook complete-words statuses)"
complete -c logbook -n "__fish_seen_subcommand_from append" -s p -l phase -x -a "(logbook complete-words phases)"
complete -c logbook -n "__fish_seen_subcommand_from append" -l kind -x -a "(logbook complete-words kinds)"
complete -c logbook -n "__fish_seen_subcommand_from query runs" -l sort -x -a "(__logbook_sort_keys)"
complete -c logbook -n "__fish_seen_subcommand_from query" -l sort-by -x -a "(__logbook_sort_keys)"
complete -c logbook -n "__fish_seen_subcommand_from query" -l group -l group-by -l select -l latest-by -x -a "(__fish_complete_list , 'logbook complete-words fields')"
complete -c logbook -n "__fish_seen_subcommand_from amend" -l unset -x -a "(logbook complete-words fields)"
"#;

const ZSH: &str = r#"
_logbook_words() {
    local -a found
    found=(${(f)"$(logbook complete-words $1 2>/dev/null)"})
    compadd -a found
}
_logbook_runs() { _logbook_words runs }
_logbook_statuses() { _logbook_words statuses }
_logbook_phases() { _logbook_words phases }
_logbook_kinds() { _logbook_words kinds }
_logbook_fields() { compset -P '*,'; compset -P '-'; _logbook_words fields }
"#;

/// The kind of words by a value's name, or by the help of an argument.
const ZSH_WORDS: [(&str, &str); 9] = [
    (":RUN:", "runs"),
    (":STATUS:", "statuses"),
    (":PHASE:", "phases"),
    (":KIND:", "kinds"),
    (":FIELD:", "fields"),
    (":FIELD,…:", "fields"),
    (" -- A run, or a row as ", "runs"),
    (" -- The row as ", "runs"),
    (" -- A field to count the values of", "fields"),
];

fn zsh(script: &str) -> String {
    let mut out = String::with_capacity(script.len() + ZSH.len());
    for (at, line) in script.lines().enumerate() {
        // With two colons zsh forgets the command and its flags after the first such word.
        let several = line.strip_prefix("'*::").map(|rest| format!("'*:{rest}"));
        let line = several.as_deref().unwrap_or(line);
        let words = ZSH_WORDS.iter().find(|(mark, _)| line.contains(mark));
        match (line.strip_suffix("_default' \\"), words) {
            (Some(start), Some((_, words))) => out.push_str(&format!("{start}_logbook_{words}' \\")),
            _ => out.push_str(line),
        }
        out.push('\n');
        if at == 0 {
            // After `#compdef logbook`, which must come first.
            out.push_str(ZSH);
        }
    }
    out
}
