//! A call as the command line describes it, and the members of `tool_call` that say so.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::cmd::writing::Desk;
use crate::error::{Error, Result};
use crate::format::digest::{Digest, Sha256, finished_hex, sha256_hex};
use crate::format::draft::pairs::{Pairs, shell_word};
use crate::json::{self, Limits};

/// Flags that describe a call.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Described {
    /// The tool, as the agent calls it
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// The MCP server that offers it
    #[arg(long, value_name = "NAME")]
    pub mcp_server: Option<String>,
    /// none, read, write, exec, network, deploy, payment, send or delete
    #[arg(long, value_name = "CLASS")]
    pub side_effect: Option<String>,
    /// What it does cannot be undone
    #[arg(long, conflicts_with = "reversible")]
    pub irreversible: bool,
    /// What it does can be undone
    #[arg(long)]
    pub reversible: bool,
    /// How much it touches: a count, or a word such as production
    #[arg(long, value_name = "N")]
    pub impact: Option<String>,
    /// Why the agent makes the call
    #[arg(long, value_name = "TEXT")]
    pub rationale: Option<String>,
    /// How much of the arguments is kept: digest, redacted or full
    #[arg(long, value_name = "WHAT", value_parser = ["digest", "redacted", "full"], default_value = "redacted")]
    pub args: String,
    /// A further field of the row, as key=value or key:=json
    #[arg(long, value_name = "FIELD")]
    pub field: Vec<String>,
}

/// How much of a call's arguments is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Their digest.
    Digest,
    /// And what they say, without secrets.
    Redacted,
    /// And all that they say.
    Full,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// As JSON.
    pub json: String,
    /// SHA-256 of them, in hexadecimal digits.
    pub sha256: String,
    /// They are the words of a command.
    is_command: bool,
}

/// Longest action that is made of a command line, in characters.
const ACTION_CHARS_MAX: usize = 200;

impl Arguments {
    /// A command with its arguments. The digest is that of each of them followed by a NUL, so that
    /// `printf '%s\0' CMD ARGS… | sha256sum` gives it too.
    pub fn of_command(command: &[OsString]) -> Arguments {
        let mut digest = Sha256::new();
        let mut json = b"[".to_vec();
        for (at, word) in command.iter().enumerate() {
            digest.update(word.as_bytes());
            digest.update([0]);
            if at > 0 {
                json.push(b',');
            }
            json::quote_into(&word.to_string_lossy(), &mut json);
        }
        json.push(b']');
        Arguments { json: String::from_utf8_lossy(&json).into_owned(), sha256: finished_hex(digest), is_command: true }
    }

    /// Arguments that are JSON; the digest is that of the text as given.
    pub fn of_json(text: &str) -> Result<Arguments> {
        json::validate(text.as_bytes(), Limits::GRAMMAR)
            .map_err(|fault| Error::usage(format!("the arguments are no JSON: {fault}")))?;
        Ok(Arguments { json: text.to_owned(), sha256: sha256_hex(text.as_bytes()), is_command: false })
    }

    /// In one line, for people: without secrets, then cut, so that no part of one is left.
    pub fn action(&self, desk: &Desk) -> Result<String> {
        let json = desk.arguments_as_stored(&self.json)?;
        if !self.is_command {
            return Ok(shortened(&json));
        }
        let words = json::Leaves::new(json.as_bytes()).filter_map(json::decode);
        let words: Vec<String> = words.map(|word| shell_word(&String::from_utf8_lossy(&word))).collect();
        Ok(shortened(&words.join(" ")))
    }
}

impl Described {
    /// How much of the arguments is kept.
    pub fn keep(&self) -> Keep {
        match self.args.as_str() {
            "digest" => Keep::Digest,
            "full" => Keep::Full,
            _ => Keep::Redacted,
        }
    }

    /// Says in `pairs` what is called, how, and with what.
    pub fn describe(&self, pairs: &mut Pairs, call: &str, tool: &str, arguments: Option<&Arguments>) -> Result<()> {
        pairs.text("tool_call.id", call)?;
        pairs.text("tool_call.tool", tool)?;
        if let Some(arguments) = arguments {
            if self.keep() != Keep::Digest {
                pairs.json("tool_call.args", &arguments.json)?;
            }
            pairs.text("tool_call.args_sha256", &arguments.sha256)?;
        }
        self.say(pairs)
    }

    /// Says in `pairs` how it is called, and why.
    pub fn say(&self, pairs: &mut Pairs) -> Result<()> {
        if let Some(server) = &self.mcp_server {
            pairs.text("tool_call.mcp_server", server)?;
        }
        if let Some(class) = &self.side_effect {
            pairs.text("tool_call.side_effect", class)?;
        }
        if self.irreversible || self.reversible {
            pairs.text("tool_call.reversible", if self.reversible { "true" } else { "false" })?;
        }
        if let Some(impact) = &self.impact {
            pairs.text("tool_call.impact_scope", impact)?;
        }
        if let Some(rationale) = &self.rationale {
            pairs.text("rationale", rationale)?;
        }
        self.field.iter().try_for_each(|field| pairs.argument(field))
    }
}

fn shortened(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(ACTION_CHARS_MAX) else { return text.to_owned() };
    let kept = &text[..cut];
    // A mark that is cut in half is no mark.
    let open = kept.rfind("[redacted:").filter(|at| !kept[*at..].contains(']'));
    format!("{}…", &kept[..open.unwrap_or(cut)])
}
