//! `logbook completions SHELL`: a script that completes commands and flags.

use clap_complete::Shell;

use crate::cmd::table;
use crate::cmd::{Door, help};
use crate::error::{Error, Exit, Result, nearest};

/// Examples shown in the help.
pub const EXAMPLES: &str = "  logbook completions bash > ~/.local/share/bash-completion/completions/logbook\n  logbook completions fish > ~/.config/fish/completions/logbook.fish";

/// Arguments of `completions`.
#[derive(clap::Args)]
pub struct Completions {
    /// bash, zsh, fish or powershell
    shell: String,
}

/// `logbook completions SHELL`
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
    clap_complete::generate(*shell, &mut table::tree(), "logbook", &mut script);
    help::print(door, &String::from_utf8_lossy(&script))
}
