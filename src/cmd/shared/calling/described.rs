//! A call as the flags describe it, and the members of `tool_call` that record it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::cmd::shared::writing::OpenLogbook;
use logbook_format::digest::{in_a_row, of_words, sha256_hex};
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::secrets::MARK_BEGINS;
use logbook_json::{self as json, Limits};
use logbook_model::error::{Error, Result};
use logbook_model::names;

/// Flags that describe a call.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Described {
    /// The tool, as the agent calls it
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub tool: Option<String>,
    /// The MCP server that offers it
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub mcp_server: Option<String>,
    /// none, read, write, exec, network, deploy, payment, send or delete
    #[arg(hide_short_help = true, long, value_name = "CLASS")]
    pub side_effect: Option<String>,
    /// The call cannot be undone
    #[arg(hide_short_help = true, long, conflicts_with = "reversible")]
    pub irreversible: bool,
    /// The call can be undone
    #[arg(hide_short_help = true, long)]
    pub reversible: bool,
    /// How much it touches: a count, or a word such as production
    #[arg(hide_short_help = true, long, value_name = "N")]
    pub impact: Option<String>,
    /// Why the agent makes the call
    #[arg(hide_short_help = true, long, value_name = "TEXT")]
    pub rationale: Option<String>,
    /// How much of the arguments to store: digest, redacted or full
    #[arg(hide_short_help = true, long, value_name = "WHAT", value_parser = ["digest", "redacted", "full"], default_value = "redacted")]
    pub args: String,
    /// Another field of the row, as key=value or key:=json
    #[arg(hide_short_help = true, long, value_name = "FIELD")]
    pub field: Vec<String>,
}

/// How much of the arguments of a call is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Only their SHA-256.
    Digest,
    /// The arguments without secrets, and the SHA-256 of all.
    Redacted,
    /// The arguments with secrets, and their SHA-256.
    Full,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// As JSON text.
    pub json: String,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Whether they are the words of a command line.
    pub is_command: bool,
}

/// The longest action derived from arguments, in characters.
const ACTION_CHARS_MAX: usize = 200;

impl Arguments {
    /// The words of a command. The digest covers each word followed by a NUL, so that `printf
    /// '%s\0' CMD ARGS… | sha256sum` gives it too.
    pub fn of_command(command: &[OsString]) -> Arguments {
        let mut json = b"[".to_vec();
        for (at, word) in command.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            json::quote_into(&word.to_string_lossy(), &mut json);
        }
        json.push(b']');
        Arguments {
            json: String::from_utf8_lossy(&json).into_owned(),
            sha256: of_words(command.iter().map(|word| word.as_bytes())),
            is_command: true,
        }
    }

    /// Arguments that are JSON. The digest covers the text as the row has it.
    pub fn of_json(text: &str) -> Result<Arguments> {
        json::validate(text.as_bytes(), Limits::GRAMMAR)
            .map_err(|fault| Error::usage(format!("the arguments are not valid JSON: {fault}")))?;
        let text = in_a_row(text).into_owned();
        Ok(Arguments { sha256: sha256_hex(text.as_bytes()), json: text, is_command: false })
    }

    /// One line for people. Secrets are redacted before it is cut, so that no part of one is left.
    pub fn action(&self, logbook: &OpenLogbook) -> Result<String> {
        let json = logbook.arguments_as_stored(&self.json)?;
        if !self.is_command {
            return Ok(shortened(&json));
        }
        let words = json::Leaves::new(json.as_bytes()).filter_map(json::decode);
        let words: Vec<String> = words.map(|word| shell_word(&String::from_utf8_lossy(&word))).collect();
        Ok(shortened(&words.join(" ")))
    }
}

impl Described {
    /// How much of the arguments to store.
    pub fn keep(&self) -> Keep {
        match self.args.as_str() {
            "digest" => Keep::Digest,
            "full" => Keep::Full,
            _ => Keep::Redacted,
        }
    }

    /// Adds to `pairs` what is called, how, and with which arguments.
    pub fn describe(&self, pairs: &mut Pairs, call: &str, tool: &str, arguments: Option<&Arguments>) -> Result<()> {
        pairs.text("tool_call.id", call)?;
        pairs.text("tool_call.tool", tool)?;
        if let Some(arguments) = arguments {
            if self.keep() != Keep::Digest {
                pairs.json("tool_call.args", &arguments.json)?;
            }
            pairs.text("tool_call.args_sha256", &arguments.sha256)?;
        }
        let of_call = |name: &str| name.starts_with("tool_call.") && names::type_of(name).is_some();
        self.refuse_fields(|name| of_call(name) || name == "tool_call.contract")?;
        self.describe_circumstances(pairs)
    }

    /// Adds to `pairs` how the call is made, and why.
    pub fn describe_circumstances(&self, pairs: &mut Pairs) -> Result<()> {
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
        self.refuse_fields(|name| OF_GATES.contains(&name))?;
        self.field.iter().try_for_each(|field| pairs.argument(field))
    }

    /// Refuses a `--field` that only the command itself may set, so that what was shown is what
    /// runs.
    fn refuse_fields(&self, is_own: impl Fn(&str) -> bool) -> Result<()> {
        for field in &self.field {
            let key = field.split_once('=').map_or(field.as_str(), |(key, _)| key.trim_end_matches(':'));
            let (first, rest) = key.split_once('.').map_or((key, ""), |(first, rest)| (first, rest));
            let first = names::from_camel_case(first).unwrap_or_else(|| first.to_owned());
            let member = rest.split('.').next().unwrap_or_default();
            let member = names::call_member_from_camel_case(member).unwrap_or_else(|| member.to_owned());
            let name = if first == "tool_call" { format!("tool_call.{member}") } else { first };
            if is_own(&name) {
                return Err(Error::usage(format!("--field {name}: the command itself says this")).hint(
                    match name.as_str() {
                        "agent_id" => "LOGBOOK_AGENT=NAME says which agent calls",
                        "task" => "logbook start --task 'text' says what a run is for",
                        _ => "give its flag, if it has one; further fields are those that no flag is for",
                    },
                ));
            }
        }
        Ok(())
    }
}

/// Fields of a gate's row that no `--field` may set. Agent and task come from the environment and
/// the run.
const OF_GATES: [&str; 7] = ["timestamp", "step", "policy", "expires_at", "undoes", "agent_id", "task"];

fn shortened(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(ACTION_CHARS_MAX) else { return text.to_owned() };
    let kept = &text[..cut];
    // Do not leave half of a redaction mark.
    let open = kept.rfind(MARK_BEGINS).filter(|at| !kept[*at..].contains(']'));
    format!("{}…", &kept[..open.unwrap_or(cut)])
}
