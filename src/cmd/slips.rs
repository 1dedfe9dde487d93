//! Flags that other tools have, and what is typed here instead: the answer to a wrong flag is a
//! line that works.

use std::ffi::OsString;

use clap::Command;

/// A command that has the flag `has` (empty: any) does not know these; what is typed instead,
/// behind `logbook COMMAND`.
const SLIPS: &[(&str, &[&str], &str)] = &[
    ("next", &["--cost", "--cost-usd"], "… cost_usd=0.12"),
    ("next", &["--tokens", "--tokens-in"], "… tokens_in=1200 tokens_out=300"),
    ("next", &["--agent", "--agent-id"], "… agent_id=NAME"),
    ("next", &["--tool"], "… tool_call.tool=NAME"),
    ("next", &["--model"], "… model=NAME"),
    ("next", &["--error"], "… -s failed error='…'"),
    ("next", &["--message", "-m", "--msg", "--text"], "… -a 'what was done'"),
    ("next", &["--blocked", "--waiting"], "… -s blocked --blocked-on 'who or what'"),
    ("next", &["--note", "--reason"], "… reason='…'"),
    ("rationale", &["--message", "-m", "--reason", "--why", "--comment"], "… --rationale '…'"),
    ("rationale", &["-t"], "--tool NAME …"),
    ("untrusted", &["--tool"], "tool_call.tool=NAME"),
    ("summarize", &["--message", "-m", "--grep", "--search", "-e"], "'action*=text'"),
    ("since", &["--tool"], "-- 'tool_call.tool=NAME'"),
    ("escalated-to", &["--message", "-m", "--reason", "--why", "--comment"], "… --note '…'"),
    ("why", &["--reason", "-m", "--message", "--because", "--comment", "--note"], "… --why '…'"),
    ("task", &["--run", "-r", "--name", "--id"], "RUN …"),
    ("task", &["--title", "--goal", "--description", "-m", "--message"], "… --task '…'"),
    ("summarize", &["--sum", "--total"], "--summarize 'sum(cost_usd)'"),
    ("summarize", &["--avg", "--mean"], "--summarize 'avg(duration_ms)'"),
    ("summarize", &["--percentile", "--p95"], "--summarize 'p95(duration_ms)'"),
    ("summarize", &["--min", "--max"], "--summarize 'min(duration_ms), max(duration_ms)'"),
    ("summarize", &["--count-by", "--by"], "--group FIELD"),
    ("summarize", &["--columns", "--fields", "--cols"], "--select FIELD,…"),
    ("summarize", &["--order-by", "--order"], "--sort FIELD"),
    ("summarize", &["--head", "--first", "--top"], "--limit 10"),
    ("silent", &["--columns", "--fields", "--cols", "--select"], "'select FIELD, …'"),
    ("silent", &["--order-by", "--order"], "--sort FIELD"),
    ("silent", &["--status"], "status=failed"),
    ("silent", &["--agent", "--agent-id"], "agent_id=NAME"),
    ("summarize", &["--where", "--status", "--agent", "--agent-id"], "status=failed agent_id=NAME"),
    ("since", &["--last", "--after", "--from"], "--since -2h"),
    ("since", &["--before", "--to"], "--until yesterday"),
    ("output", &["--table"], "-o table"),
    ("output", &["--csv"], "-o csv"),
    ("output", &["--tsv"], "-o tsv"),
    ("output", &["--md", "--markdown"], "-o md"),
    ("output", &["--jsonl", "--ndjson"], "-o jsonl"),
    ("output", &["--html"], "-o html"),
    ("output", &["--format", "--fmt", "--output-format"], "-o json"),
    ("dir", &["--path", "--logbook", "-C"], "--dir DIRECTORY"),
];

/// The line to type where `command` does not know `flag`; `None`: no other tool is known for it.
pub fn meant(command: &Command, flag: &str) -> Option<String> {
    let has = |name: &str| command.get_arguments().any(|argument| argument.get_long() == Some(name));
    let (_, _, line) = SLIPS.iter().find(|(needs, flags, _)| has(needs) && flags.contains(&flag))?;
    Some(format!("logbook {} {line}", command.get_name()))
}

/// The arguments with the run in its place where it was given as `-r RUN`, as other commands take
/// it; `None`: it was not, or `name` takes its run so.
pub fn run_by_flag(name: &str, arguments: &[OsString]) -> Option<Vec<OsString>> {
    if !["show", "start"].contains(&name) {
        return None;
    }
    let mut again: Vec<OsString> = arguments.to_vec();
    let flag = again.iter().position(|argument| {
        let argument = argument.to_string_lossy();
        argument == "-r" || argument == "--run" || argument.starts_with("--run=")
    })?;
    let run = match again[flag].to_str()?.strip_prefix("--run=") {
        Some(run) => OsString::from(run),
        None if flag + 1 < again.len() => again.remove(flag + 1),
        None => return None,
    };
    again.remove(flag);
    again.insert(1, run);
    Some(again)
}
