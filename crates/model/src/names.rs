//! The standard fields of a row (`docs/format.md`, The row). From this one table come the checks of
//! `append`, its typed `key=value`, the camelCase spellings, the warnings of queries and the test
//! of the JSON Schema.

use super::words::{ApprovalState, FinalStatus, Rating, SideEffect};

/// The type of a standard field. `null` is valid for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Any string.
    String,
    /// Any number.
    Number,
    /// An integer of at least this value, written without point or exponent.
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

/// A row of the table of standard fields.
#[derive(Debug, Clone, Copy)]
pub struct Standard {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub of: Type,
}

const fn field(name: &'static str, of: Type) -> Standard {
    Standard { name, of }
}

macro_rules! fields {
    (
        envelope { $($envelope:ident $envelope_name:literal,)+ }
        payload { $($payload:ident $payload_name:literal $of:expr,)+ }
    ) => {
        /// A standard field, by its position in the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = concat!("`", $envelope_name, "`")] $envelope,)+
            $(#[doc = concat!("`", $payload_name, "`")] $payload,)+
        }

        impl Field {
            /// The number of standard fields.
            pub const COUNT: usize = [$($envelope_name,)+ $($payload_name,)+].len();

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Field::$envelope => $envelope_name,)+
                    $(Field::$payload => $payload_name,)+
                }
            }
        }

        /// The envelope, in the order in which it is written.
        pub const ENVELOPE: &[&str] = &[$($envelope_name,)+];

        /// Standard payload fields.
        pub const PAYLOAD: &[Standard] = &[$(field($payload_name, $of),)+];
    };
}

fields! {
    envelope {
    RunId "run_id",
    Step "step",
    Timestamp "timestamp",
    Kind "kind",
    Phase "phase",
    Action "action",
    Status "status",
    ArtifactRef "artifact_ref",
    NextIntent "next_intent",
    BlockedOn "blocked_on",
    }
    payload {
    Id "id" Type::String,
    AgentId "agent_id" Type::String,
    AgentVersion "agent_version" Type::String,
    ParentRunId "parent_run_id" Type::String,
    TurnId "turn_id" Type::String,
    HandoffTo "handoff_to" Type::String,
    Model "model" Type::String,
    PromptVersion "prompt_version" Type::String,
    ToolsAvailable "tools_available" Type::Strings,
    Permissions "permissions" Type::Strings,
    Task "task" Type::String,
    Requester "requester" Type::String,
    Owner "owner" Type::String,
    Inputs "inputs" Type::Any,
    InputRefs "input_refs" Type::Strings,
    OutputRefs "output_refs" Type::Strings,
    ToolCall "tool_call" Type::ToolCall,
    ApprovalState "approval_state" Type::OneOf(ApprovalState::WORDS),
    Approver "approver" Type::String,
    Policy "policy" Type::Any,
    Reason "reason" Type::String,
    Rationale "rationale" Type::String,
    Attempt "attempt" Type::Integer(1),
    RetryOf "retry_of" Type::String,
    RetryOwner "retry_owner" Type::String,
    FallbackOf "fallback_of" Type::String,
    EscalatedTo "escalated_to" Type::String,
    StateVersion "state_version" Type::NumberOrString,
    Client "client" Type::String,
    Error "error" Type::Any,
    DurationMs "duration_ms" Type::Number,
    WaitMs "wait_ms" Type::Number,
    TokensIn "tokens_in" Type::Integer(0),
    TokensOut "tokens_out" Type::Integer(0),
    CostUsd "cost_usd" Type::Number,
    FinalStatus "final_status" Type::OneOf(FinalStatus::WORDS),
    Rating "rating" Type::OneOf(Rating::WORDS),
    Corrects "corrects" Type::String,
    Answers "answers" Type::String,
    Undoes "undoes" Type::String,
    Evidence "evidence" Type::Any,
    Host "host" Type::String,
    TraceId "trace_id" Type::String,
    SpanId "span_id" Type::String,
    User "user" Type::String,
    Tty "tty" Type::String,
    ExpiresAt "expires_at" Type::String,
    }
}

/// Standard members of `tool_call`.
pub const TOOL_CALL: &[Standard] = &[
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

/// Fields that record a decision: who decided what, and how. Only the commands that decide write
/// them (`docs/format.md`, What append refuses).
pub const OF_DECISIONS: &[&str] = &["approval_state", "approver", "rating", "client", "answers", "user", "tty"];

/// Whether a user may give the field `name` this value. Those of [`OF_DECISIONS`] may only be null,
/// or say that nobody was asked.
pub fn may_be_given(name: &str, value: &[u8]) -> bool {
    !OF_DECISIONS.contains(&name) || value == b"null" || (name == "approval_state" && value == b"\"not_required\"")
}

/// Fields that commands write beside the standard payload.
pub const WRITTEN: &[&str] = &["set", "unset", "retract", "corrected_by"];

/// The type of the payload field `name`, including `tool_call.x`.
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

/// All standard names, including `tool_call.x`; the envelope first.
pub fn all() -> impl Iterator<Item = String> {
    let payload = PAYLOAD.iter().map(|field| field.name.to_owned());
    let call = TOOL_CALL.iter().map(|field| format!("tool_call.{}", field.name));
    ENVELOPE.iter().map(|name| (*name).to_owned()).chain(payload).chain(call)
}

/// The standard top-level name that `key` spells in camelCase (`runId`). `toolCallId` and the like
/// are members of `tool_call`: `tool_call.id`. `None` if `key` is not such a spelling.
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
    // camelCase is argsSha256 and costUsd: a digit does not begin a word.
    snake
}
