//! Flags of other tools, and what to type here in their place: the hint for an unknown flag is a
//! line that works.

use std::ffi::OsString;

use clap::Command;

/// Commands, flags that they do not have, and what to type in their place: after `logbook COMMAND`,
/// or a whole line if it contains `logbook`, with `{}` for the command. `…` is the rest of the
/// line.
struct Slip(Of, &'static [&'static str], &'static str);

enum Of {
    /// These commands.
    Are(&'static [&'static str]),
    /// All commands with this flag.
    Have(&'static str),
    Any,
}

use Of::{Any, Are, Have};

/// Other tools' flags for a text about what was done, or why.
const SAID: &[&str] = &["--message", "-m", "--msg", "--text", "--comment", "--note", "--description", "--summary"];
const WHY: &[&str] = &["--reason", "--why", "--because", "--rationale"];
const AGENT: &[&str] = &["--agent", "--agent-id"];
const COST: &[&str] = &["--cost", "--cost-usd", "--price"];
const TOKENS: &[&str] = &["--tokens", "--tokens-in", "--tokens-out"];
const TOOL: &[&str] = &["--tool", "--tool-name", "--command"];
const GREP: &[&str] = &["--message", "-m", "--msg", "--text", "--grep", "--search", "-e", "--pattern"];

/// Commands that store rows whose fields are arguments.
const ROWS: Of = Are(&["append", "handoff", "start", "amend"]);
/// Commands that store rows about a call, with fields by `--field`.
const CALLS: Of = Are(&["exec", "ask", "call begin", "call end"]);
/// Commands that store decisions, with a reason.
const DECIDE: Of = Are(&["approve", "deny", "hold", "release"]);
/// Commands whose arguments are a filter.
const FILTER: Of = Are(&["query", "tail", "stats", "fields"]);

/// The first that fits is used.
const SLIPS: &[Slip] = &[
    Slip(Are(&["append"]), SAID, "… -a 'what was done'"),
    Slip(Are(&["append"]), WHY, "… rationale='…'"),
    Slip(Are(&["append"]), &["--blocked", "--waiting"], "… -s blocked --blocked-on 'who or what'"),
    Slip(Are(&["append"]), &["--error"], "… -s failed error='…'"),
    Slip(Are(&["handoff"]), SAID, "… --note '…'"),
    Slip(Are(&["handoff"]), WHY, "… --note '…'"),
    Slip(Are(&["handoff"]), &["--agent", "--agent-id", "--from"], "… --to AGENT"),
    Slip(Are(&["start"]), SAID, "… --task '…'"),
    Slip(Are(&["start"]), &["--title", "--goal", "--name", "--id"], "RUN --task '…'"),
    Slip(Are(&["start"]), WHY, "… --task '…'"),
    Slip(Are(&["end"]), SAID, "… --note '…'"),
    Slip(Are(&["end"]), WHY, "… --note '…'"),
    Slip(Are(&["end"]), &["--status", "-s", "--failed", "--result"], "failed … --error '…'"),
    Slip(Are(&["end"]), &["--cost", "--price"], "… --cost-usd 0.12"),
    Slip(Are(&["end"]), TOKENS, "… --tokens-in 1200 --tokens-out 300"),
    Slip(Are(&["call end"]), &["--status", "-s", "--code"], "… --exit-code 0"),
    Slip(Are(&["call end"]), SAID, "… --field note='…'"),
    Slip(Are(&["call end"]), WHY, "… --field note='…'"),
    Slip(Have("rationale"), SAID, "… --rationale '…'"),
    Slip(Have("rationale"), WHY, "… --rationale '…'"),
    Slip(Have("rationale"), &["-t", "--tool-name"], "… --tool NAME"),
    Slip(DECIDE, SAID, "RUN --why '…'"),
    Slip(DECIDE, WHY, "RUN --why '…'"),
    Slip(Are(&["amend"]), SAID, "… --why '…'"),
    Slip(Are(&["amend"]), WHY, "… --why '…'"),
    Slip(Are(&["review"]), SAID, "RUN yellow --why '…'"),
    Slip(Are(&["review"]), WHY, "RUN yellow --why '…'"),
    Slip(Are(&["review"]), &["--rating", "--score"], "RUN green"),
    Slip(Are(&["answer"]), SAID, "RUN 'the answer'"),
    Slip(Are(&["rollback"]), &["--dry-run", "--plan", "-n"], "RUN   # prints the plan, and does nothing else"),
    // Fields of rows.
    Slip(ROWS, COST, "… cost_usd=0.12"),
    Slip(ROWS, TOKENS, "… tokens_in=1200 tokens_out=300"),
    Slip(ROWS, AGENT, "… agent_id=NAME"),
    Slip(ROWS, TOOL, "… tool_call.tool=NAME"),
    Slip(ROWS, &["--model"], "… model=NAME"),
    Slip(CALLS, COST, "… --field cost_usd=0.12"),
    Slip(CALLS, TOKENS, "… --field tokens_in=1200"),
    Slip(CALLS, AGENT, "LOGBOOK_AGENT=NAME logbook {} …"),
    Slip(CALLS, &["--model"], "… --field model=NAME"),
    Slip(Are(&["end"]), AGENT, "… agent_id=NAME"),
    Slip(Are(&["end"]), &["--model"], "… model=NAME"),
    // Queries.
    Slip(Are(&["query"]), &["--sum", "--total", "--cost", "--cost-usd"], "--summarize 'sum(cost_usd)'"),
    Slip(Are(&["query"]), &["--avg", "--mean"], "--summarize 'avg(duration_ms)'"),
    Slip(Are(&["query"]), &["--percentile", "--p95", "--p99"], "--summarize 'p95(duration_ms)'"),
    Slip(Are(&["query"]), &["--min", "--max"], "--summarize 'min(duration_ms), max(duration_ms)'"),
    Slip(Are(&["query"]), &["--count-by", "--by"], "--group FIELD"),
    Slip(Are(&["query"]), &["--columns", "--fields", "--cols"], "--select FIELD,…"),
    Slip(Are(&["query", "runs"]), &["--order-by", "--order"], "--sort FIELD"),
    Slip(Are(&["query"]), &["--head", "--first", "--top"], "--limit 10"),
    Slip(Are(&["query"]), &["--where"], "status=failed agent_id=NAME"),
    Slip(Are(&["runs"]), &["--columns", "--fields", "--cols", "--select"], "'select FIELD, …'"),
    Slip(Are(&["runs"]), &["--cost", "--cost-usd", "--price"], "'cost_usd>1'"),
    Slip(Are(&["runs"]), &["--sum", "--total"], "logbook query --group run_id --summarize 'sum(cost_usd)'"),
    Slip(Are(&["runs"]), TOOL, "logbook query --group run_id tool_call.tool=NAME"),
    Slip(Are(&["runs"]), WHY, "'rating_reason*=text'"),
    Slip(Are(&["runs"]), &["--where"], "status=failed agent_id=NAME"),
    Slip(Are(&["runs"]), AGENT, "agent_id=NAME"),
    Slip(Are(&["runs"]), &["--status", "-s"], "status=failed"),
    Slip(Are(&["runs"]), &["--model"], "model=NAME"),
    Slip(Are(&["runs"]), GREP, "'action*=text'"),
    Slip(FILTER, AGENT, "agent_id=NAME"),
    Slip(FILTER, TOOL, "tool_call.tool=NAME"),
    Slip(FILTER, &["--status", "-s"], "status=failed"),
    Slip(FILTER, &["--model"], "model=NAME"),
    Slip(FILTER, &["--phase", "-p"], "phase=act"),
    Slip(FILTER, &["--kind"], "kind=NAME"),
    Slip(FILTER, &["--where"], "status=failed agent_id=NAME"),
    Slip(FILTER, GREP, "'action*=text'"),
    Slip(FILTER, WHY, "'rationale*=text'"),
    Slip(FILTER, COST, "'cost_usd>1'"),
    Slip(FILTER, &["--sum", "--total"], "logbook query --summarize 'sum(cost_usd)'"),
    // Commands that read rows but take no filter.
    Slip(Are(&["dash"]), AGENT, "logbook runs agent_id=NAME"),
    Slip(Have("since"), AGENT, "logbook query agent_id=NAME"),
    Slip(Have("since"), TOOL, "logbook query tool_call.tool=NAME"),
    Slip(Have("since"), &["--status", "-s"], "logbook query status=failed"),
    Slip(Have("since"), &["--model"], "logbook query model=NAME"),
    Slip(Have("since"), GREP, "logbook query 'action*=text'"),
    Slip(Have("since"), WHY, "logbook query 'rationale*=text'"),
    Slip(Have("since"), COST, "logbook query --summarize 'sum(cost_usd)'"),
    Slip(Have("since"), &["--sum", "--total"], "logbook query --summarize 'sum(cost_usd)'"),
    Slip(Have("since"), &["--last", "--after", "--from"], "… --since -2h"),
    Slip(Have("since"), &["--before", "--to"], "… --until yesterday"),
    // Output formats.
    Slip(Are(&["stats"]), &["--csv", "--tsv"], "logbook query 'group_by status' -o csv"),
    Slip(Are(&["tail"]), &["--csv", "--tsv", "--md", "--markdown", "--table"], "logbook query -o csv"),
    Slip(Are(&["tail"]), &["--jsonl", "--ndjson", "--format", "--fmt", "--output-format"], "… -o jsonl"),
    Slip(Are(&["resume"]), &["--csv", "--tsv", "--table", "--jsonl", "--ndjson"], "… -o json"),
    Slip(Are(&["show"]), &["--html"], "… -o html"),
    Slip(Have("output"), &["--html"], "logbook show RUN -o html"),
    Slip(Have("output"), &["--table"], "… -o table"),
    Slip(Have("output"), &["--csv"], "… -o csv"),
    Slip(Have("output"), &["--tsv"], "… -o tsv"),
    Slip(Have("output"), &["--md", "--markdown"], "… -o md"),
    Slip(Have("output"), &["--jsonl", "--ndjson"], "… -o jsonl"),
    Slip(Have("output"), &["--format", "--fmt", "--output-format", "--json"], "… -o json"),
    Slip(Are(&["policy"]), &["--json", "-o", "--output", "--format", "--fmt"], "show -o json"),
    Slip(Are(&["policy"]), &["--table", "--csv"], "show -o table"),
    Slip(Are(&["contract"]), &["--json", "-o", "--output", "--format", "--fmt"], "show NAME"),
    Slip(Have("json"), &["--format", "--fmt", "--output-format", "-o", "--output", "--jsonl"], "… --json"),
    Slip(Have("dir"), &["--path", "--logbook", "-C"], "… --dir DIRECTORY"),
    Slip(Any, &["--version", "-V"], "logbook --version"),
];

/// The line to type, if `command`, which is typed as `name`, does not have `flag`; `None` if no
/// other tool is known to have it.
pub fn meant(name: &str, command: &Command, flag: &str) -> Option<String> {
    let has = |long: &str| command.get_arguments().any(|argument| argument.get_long() == Some(long));
    let fits = |of: &Of| match of {
        Are(names) => names.contains(&name),
        Have(long) => has(long),
        Any => true,
    };
    let Slip(_, _, line) = SLIPS.iter().find(|Slip(of, flags, _)| flags.contains(&flag) && fits(of))?;
    if line.contains("logbook ") {
        return Some(line.replace("{}", name));
    }
    // No `…` for a command that needs no other arguments.
    let needs_more = || command.get_arguments().any(clap::Arg::is_required_set) || NEED_MORE.contains(&name);
    let line = line.strip_prefix("… ").filter(|_| !needs_more()).unwrap_or(line);
    Some(format!("logbook {name} {line}"))
}

/// Commands that need more arguments than clap knows of: a run, a request, one of several flags.
const NEED_MORE: &[&str] = &[
    "append",
    "start",
    "handoff",
    "end",
    "exec",
    "ask",
    "call begin",
    "call end",
    "approve",
    "deny",
    "archive",
    "resume",
];

/// All known flags of other tools.
pub fn flags() -> impl Iterator<Item = &'static str> {
    SLIPS.iter().flat_map(|Slip(_, flags, _)| flags.iter().copied())
}

/// The commands whose first argument is a run.
const OF_A_RUN: &[&str] =
    &["show", "start", "hold", "release", "review", "answer", "rollback", "amend", "approve", "deny"];

/// The arguments with the run as the first one, if it was given as `-r RUN`, as other commands take
/// it; `None` if it was not, or `name` takes `-r`.
pub fn run_by_flag(name: &str, arguments: &[OsString]) -> Option<Vec<OsString>> {
    if !OF_A_RUN.contains(&name) {
        return None;
    }
    let mut again: Vec<OsString> = arguments.to_vec();
    let beside = again.iter().position(|argument| argument == "--").unwrap_or(again.len());
    let attached = |argument: &OsString| {
        let argument = argument.to_str()?;
        let run =
            argument.strip_prefix("--run=").or_else(|| Some(argument.strip_prefix("-r")?.trim_start_matches('=')));
        run.filter(|run| !run.is_empty()).map(OsString::from)
    };
    let is_run = |argument: &OsString| argument == "-r" || argument == "--run" || attached(argument).is_some();
    let flag = again.iter().take(beside).position(is_run)?;
    let run = match attached(&again[flag]) {
        Some(run) => run,
        None if flag + 1 < beside => again.remove(flag + 1),
        None => return None,
    };
    again.remove(flag);
    again.insert(1, run);
    Some(again)
}
