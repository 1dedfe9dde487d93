//! Who decides, and through which door: what rows of decisions say beside the decision.

use rustix::process::getuid;
use rustix::termios::ttyname;

use super::Desk;
use crate::cmd::Door;
use logbook_format::draft::pairs::Pairs;
use logbook_model::error::{Error, Result};
use logbook_model::shown::as_it_reads;

/// The door through which a person came: what `client` says in the row of a decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Client {
    /// A command that was typed, or a key of the dashboard.
    #[default]
    Terminal,
    /// A form of a web page.
    Web,
}

impl Desk {
    /// Says in `pairs` who decides (`by`, else the user), and through which door, as which user and
    /// on which terminal.
    pub fn sign(&self, pairs: &mut Pairs, by: Option<&str>, door: &Door<'_>) -> Result<()> {
        let user = user(door);
        if by.is_some_and(|by| as_it_reads(by).is_empty()) {
            return Err(Error::usage("--by: who decides has no name").hint("--by maria; without --by it is the user"));
        }
        pairs.text("approver", by.unwrap_or(&user))?;
        let (client, terminal) = match self.client {
            Client::Terminal => ("terminal", terminal()),
            // Whoever sits at a browser does not sit at the server's terminal.
            Client::Web => ("web", None),
        };
        pairs.text("client", client)?;
        pairs.text("user", &user)?;
        if let Some(terminal) = terminal {
            pairs.text("tty", &terminal)?;
        }
        Ok(())
    }
}

/// The user's name, else their number: what the operating system says, not what they call
/// themselves.
pub fn user(door: &Door<'_>) -> String {
    let number = getuid().as_raw();
    let known = std::fs::read_to_string("/etc/passwd").ok();
    let name = known.as_deref().unwrap_or_default().lines().find_map(|line| {
        let words: Vec<&str> = line.split(':').collect();
        (words.get(2)?.parse() == Ok(number)).then(|| (*words.first()?).to_owned().into())?
    });
    name.or_else(|| door.env.var("USER").map(str::to_owned)).unwrap_or_else(|| number.to_string())
}

/// The terminal at which the command was typed.
fn terminal() -> Option<String> {
    let name = ttyname(std::io::stdin(), Vec::new()).or_else(|_| ttyname(std::io::stderr(), Vec::new())).ok()?;
    name.into_string().ok()
}
