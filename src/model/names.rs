//! The standard fields of a row (`docs/format.md`, The row): one table that
//! `append`'s checks, its typed `key=value`, the camelCase spellings, the
//! query's warnings and the JSON Schema test are all made from.

use super::words::{ApprovalState, FinalStatus, Rating, SideEffect};

/// What a standard field may hold. `null` is taken everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Any string.
    String,
    /// Any number.
    Number,
    /// A whole number ≥ the given least one, written without point or exponent.
    Integer(i64),
    /// true or false.
    Boolean,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A string or an array of strings.
    Strings,
    /// A number or a string.
    NumberOrString,
    /// An object whose standard members are in [`TOOL_CALL`].
    ToolCall,
    /// Any JSON.
    Any,
}

/// A standard field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub of: Type,
}

const fn field(name: &'static str, of: Type) -> Field {
    Field { name, of }
}

/// The envelope, in the order in which it is written.
pub const ENVELOPE: &[&str] =
    &["run_id", "step", "timestamp", "kind", "phase", "action", "status", "artifact_ref", "next_intent", "blocked_on"];

/// Standard payload fields.
pub const PAYLOAD: &[Field] = &[
    field("id", Type::String),
    field("agent_id", Type::String),
    field("agent_version", Type::String),
    field("parent_run_id", Type::String),
    field("turn_id", Type::String),
    field("handoff_to", Type::String),
    field("model", Type::String),
    field("prompt_version", Type::String),
    field("tools_available", Type::Strings),
    field("permissions", Type::Strings),
    field("task", Type::String),
    field("requester", Type::String),
    field("owner", Type::String),
    field("inputs", Type::Any),
    field("input_refs", Type::Strings),
    field("output_refs", Type::Strings),
    field("tool_call", Type::ToolCall),
    field("approval_state", Type::OneOf(ApprovalState::WORDS)),
    field("approver", Type::String),
    field("policy", Type::Any),
    field("reason", Type::String),
    field("rationale", Type::String),
    field("attempt", Type::Integer(1)),
    field("retry_of", Type::String),
    field("retry_owner", Type::String),
    field("fallback_of", Type::String),
    field("escalated_to", Type::String),
    field("state_version", Type::NumberOrString),
    field("client", Type::String),
    field("error", Type::Any),
    field("duration_ms", Type::Number),
    field("wait_ms", Type::Number),
    field("tokens_in", Type::Integer(0)),
    field("tokens_out", Type::Integer(0)),
    field("cost_usd", Type::Number),
    field("final_status", Type::OneOf(FinalStatus::WORDS)),
    field("rating", Type::OneOf(Rating::WORDS)),
    field("corrects", Type::String),
    field("answers", Type::String),
    field("undoes", Type::String),
    field("evidence", Type::Any),
    field("host", Type::String),
    field("trace_id", Type::String),
    field("span_id", Type::String),
    field("user", Type::String),
    field("tty", Type::String),
    field("expires_at", Type::String),
];

/// Standard members of `tool_call`.
pub const TOOL_CALL: &[Field] = &[
    field("id", Type::String),
    field("tool", Type::String),
    field("mcp_server", Type::String),
    field("schema_sha256", Type::String),
    field("args", Type::Any),
    field("args_sha256", Type::String),
    field("side_effect", Type::OneOf(SideEffect::WORDS)),
    field("reversible", Type::Boolean),
    field("impact_scope", Type::NumberOrString),
    field("result", Type::Any),
    field("result_sha256", Type::String),
    field("exit_code", Type::Integer(i64::MIN)),
];

/// Fields in which decisions are recorded: who decided, what, and through which door. Only the commands
/// that decide write them (`docs/format.md`, What append refuses).
pub const OF_DECISIONS: &[&str] = &["approval_state", "approver", "rating", "client", "answers", "user", "tty"];

/// Whether anybody may give the field `name` this value: those of [`OF_DECISIONS`] only where they say nothing, or that
/// nobody was asked.
pub fn may_be_given(name: &str, value: &[u8]) -> bool {
    !OF_DECISIONS.contains(&name) || value == b"null" || (name == "approval_state" && value == b"\"not_required\"")
}

/// Members of rows that commands write beside the standard payload.
pub const WRITTEN: &[&str] = &["set", "unset", "retract", "corrected_by"];

/// The type of the payload field `name`, `tool_call.x` included.
pub fn type_of(name: &str) -> Option<Type> {
    let (table, name) = match name.strip_prefix("tool_call.") {
        Some(member) => (TOOL_CALL, member),
        None => (PAYLOAD, name),
    };
    table.iter().find(|field| field.name == name).map(|field| field.of)
}

/// Whether `name` is a standard top-level field.
pub fn is_standard(name: &str) -> bool {
    ENVELOPE.contains(&name) || PAYLOAD.iter().any(|field| field.name == name)
}

/// All standard names, `tool_call.x` included, envelope first.
pub fn all() -> impl Iterator<Item = String> {
    let payload = PAYLOAD.iter().map(|field| field.name.to_owned());
    let call = TOOL_CALL.iter().map(|field| format!("tool_call.{}", field.name));
    ENVELOPE.iter().map(|name| (*name).to_owned()).chain(payload).chain(call)
}

/// The standard top-level name that `key` spells in camelCase (`runId`);
/// also `toolCallId` and its like, which mean members of `tool_call`, as
/// `tool_call.id`. `None` when `key` is no such spelling.
pub fn from_camel_case(key: &str) -> Option<String> {
    if !key.bytes().any(|byte| byte.is_ascii_uppercase()) || !key.starts_with(|first: char| first.is_ascii_lowercase())
    {
        return None;
    }
    let snake = snake_case(key);
    if is_standard(&snake) {
        return Some(snake);
    }
    let member = snake.strip_prefix("tool_call_")?;
    TOOL_CALL.iter().any(|field| field.name == member).then(|| format!("tool_call.{member}"))
}

/// The standard member of `tool_call` that `key` spells in camelCase.
pub fn call_member_from_camel_case(key: &str) -> Option<String> {
    let snake = snake_case(key);
    (snake != key && TOOL_CALL.iter().any(|field| field.name == snake)).then_some(snake)
}

fn snake_case(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for character in key.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    // camelCase writers say argsSha256 and costUsd; digits take no underscore of their own.
    snake
}
