//! A random walk over the commands that gates stand at, by agents and persons, in one process with
//! a clock of its own. After every step the program must have done what `gate_model` says: no
//! command runs that it forbids, none is refused that it allows, and one yes runs once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use logbook::cmd::Door;
use logbook_model::Instant;
use logbook_render::{Notes, Output, Progress};
use logbook_store::Environment;

use crate::bed::{self, Bed};
use crate::gate_model::{Actor, Call, Model, Outcome, Tool, Verdict};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

/// Steps on one logbook; then a new one begins.
const ROUND_STEPS: u64 = 500;
const RUNS: u64 = 6;
const CONFIG: &str = "segment_bytes_max = 4096\n\
    [[policy]]\nwhen = \"tool_call.tool=wipe\"\nthen = \"deny\"\n\
    [[policy]]\nwhen = \"tool_call.tool=pay\"\nthen = \"ask\"\nwhy = \"a person decides\"\n";

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "gates against their model", tier: Tier::Quick, needs: nothing, run }]
}

static NOW_MS: AtomicI64 = AtomicI64::new(0);

fn now() -> Instant {
    let ms = NOW_MS.load(Ordering::Relaxed);
    Instant { seconds: ms.div_euclid(1000), attos: ms.rem_euclid(1000) as u64 * 1_000_000_000_000_000 }
}

struct Walk<'b> {
    bed: &'b Bed,
    dice: Dice,
    model: Model,
    /// How often each call ran, as its command wrote down.
    ran: usize,
    counts: BTreeMap<&'static str, u64>,
    /// Names of plain rows.
    plain: Vec<String>,
    told: String,
}

struct Said {
    code: u8,
    out: String,
    err: String,
}

impl Walk<'_> {
    fn runs_file(&self) -> std::path::PathBuf {
        self.bed.path().join("ran")
    }

    fn ran_lines(&self) -> usize {
        std::fs::read_to_string(self.runs_file()).map_or(0, |text| text.lines().count())
    }

    /// `logbook ARGUMENTS`, in this process.
    fn logbook(&mut self, actor: &Actor, arguments: &[&str], input: &str) -> Said {
        let mut vars = BTreeMap::from([
            ("LOGBOOK_DIR".to_owned(), self.bed.book().display().to_string()),
            ("LOGBOOK_DURABILITY".to_owned(), "none".to_owned()),
        ]);
        vars.extend(actor.agent.clone().map(|agent| ("LOGBOOK_AGENT".to_owned(), agent)));
        vars.extend(actor.run.clone().map(|run| ("LOGBOOK_RUN".to_owned(), run)));
        let env = Environment {
            cwd: self.bed.path().to_path_buf(),
            home: None,
            uid: rustix::process::geteuid().as_raw(),
            vars,
        };
        let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), input.as_bytes());
        let mut door = Door {
            out: Output::new(&mut out, false),
            err: Notes::new(&mut err, false),
            progress: Progress::default(),
            input: &mut input,
            env,
            input_is_terminal: false,
            columns: 80,
            clock: now,
        };
        let ended = logbook::cli::run(arguments.iter().map(Into::into).collect(), &mut door);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (out, mut err) = (text(out), text(err));
        let code = match ended {
            Ok(exit) => exit.code(),
            Err(error) => {
                err.push_str(&error.to_string());
                error.exit.code()
            }
        };
        self.told = format!("{actor:?} {arguments:?}: exit {code}: {out}{err}");
        Said { code, out, err }
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.dice.next() as usize % of.len()]
    }

    fn some_run(&mut self) -> String {
        format!("r-{}", self.dice.between(0, RUNS - 1))
    }

    fn agent(&mut self) -> Option<String> {
        let name = self.one(&["coder", "tester", "boss", ""]);
        Some(name.to_owned()).filter(|name| !name.is_empty())
    }

    /// Somebody in an agent's shell.
    fn worker(&mut self) -> Actor {
        Actor { by: String::new(), agent: self.agent(), run: None }
    }

    /// Somebody who decides: mostly a person, sometimes an agent, sometimes from inside a run.
    fn decider(&mut self) -> Actor {
        let by = self.one(&["maria", "jonas", "maria", "jonas", "coder"]).to_owned();
        let agent = if self.dice.between(0, 4) == 0 { self.agent() } else { None };
        let run = if self.dice.between(0, 6) == 0 { Some(self.some_run()) } else { None };
        Actor { by, agent, run }
    }

    fn expires(&mut self) -> (Option<i64>, Vec<String>) {
        match self.dice.between(0, 3) {
            0 => {
                let minutes = self.dice.between(1, 4);
                let at = self.model.now_ms + minutes as i64 * 60_000;
                (Some(at), vec!["--expires".to_owned(), format!("{minutes}m")])
            }
            _ => (None, Vec::new()),
        }
    }

    fn exec(&mut self) -> Result<(), String> {
        let (actor, run) = (self.worker(), self.some_run());
        let tools = [Tool::Free, Tool::Free, Tool::Pay, Tool::Pay, Tool::Pay, Tool::Pay, Tool::Pay, Tool::Wipe];
        let tool = tools[self.dice.next() as usize % tools.len()];
        let call = Call { tool, key: self.dice.between(0, 1), irreversible: self.dice.between(0, 5) == 0 };
        let ask = self.dice.between(0, 2) == 0;
        let (expires_ms, mut flags) = self.expires();
        if ask {
            flags.push("--ask".to_owned());
        }
        if call.irreversible {
            flags.push("--irreversible".to_owned());
        }
        let name = match tool {
            Tool::Free => "free",
            Tool::Pay => "pay",
            Tool::Wipe | Tool::Words => "wipe",
        };
        let (key, file) = (call.key.to_string(), self.runs_file().display().to_string());
        let mut arguments = vec!["exec", "-r", &run, "--tool", name, "--side-effect", "write", "--timeout", "1ms"];
        arguments.extend(flags.iter().map(String::as_str));
        arguments.extend(["--", "sh", "-c", "echo \"$0\" >>\"$1\"", &key, &file]);
        let (outcome, uses) = self.model.exec(&run, &call, ask, expires_ms);
        let said = self.logbook(&actor, &arguments, "");
        let ran = self.ran_lines() - self.ran;
        self.ran += ran;
        let agent = actor.agent.as_deref();
        self.settle(&said, outcome, (&run, &call, agent, expires_ms), ran, (0, 125))?;
        if ran > 0 {
            self.model.works(&run, agent);
        }
        if tool == Tool::Wipe {
            // The denial is a row, of nobody who works in the run.
            self.model.runs.entry(run).or_default();
        }
        if let Some(at) = uses {
            self.model.requests[at].used = true;
        }
        *self.counts.entry(if ran > 0 { "calls made" } else { "calls refused" }).or_default() += 1;
        Ok(())
    }

    /// Holds what a call came to against what the model says.
    fn settle(
        &mut self,
        said: &Said,
        outcome: Outcome,
        (run, call, agent, expires_ms): (&str, &Call, Option<&str>, Option<i64>),
        ran: usize,
        (yes, no): (u8, u8),
    ) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{what} (model: {outcome:?}): {}", self.told));
        // The name that follows "waiting for" or precedes "is not decided yet".
        let open = said.err.split_whitespace().find(|word| word.starts_with("r-") && word.contains('#'));
        let open = open.map(|word| word.trim_end_matches([':', ',']).to_owned());
        let is_open = said.err.contains("is not decided yet");
        match outcome {
            Outcome::Runs if ran == 1 && said.code == yes => Ok(()),
            Outcome::Runs => wrong("refused, and the model allows it"),
            _ if ran > 0 || said.code == yes => wrong("ran, and the model forbids it"),
            Outcome::Refused if said.code == no && !is_open => Ok(()),
            Outcome::Waits(Some(at)) if is_open && open.as_ref() == Some(&self.model.requests[at].name) => Ok(()),
            Outcome::Waits(None) if is_open => {
                let name = open.ok_or_else(|| format!("no name: {}", self.told))?;
                if self.model.requests.iter().any(|it| it.name == name) {
                    return wrong("joined a request that the model would not");
                }
                self.model.add(name, run, call, agent, expires_ms);
                Ok(())
            }
            Outcome::Denied(at) if said.err.contains("denied by") || said.out.contains("denied by") => {
                self.model.requests[at].used = true;
                Ok(())
            }
            _ => wrong("ended otherwise"),
        }
    }

    fn ask(&mut self) -> Result<(), String> {
        let (actor, run) = (self.worker(), self.some_run());
        let call = Call { tool: Tool::Words, key: self.dice.between(0, 1), irreversible: false };
        let (expires_ms, flags) = self.expires();
        let what = format!("merge {}", call.key);
        let mut arguments = vec!["ask", &what, "-r", &run, "--wait", "--timeout", "1ms"];
        arguments.extend(flags.iter().map(String::as_str));
        let (outcome, uses) = self.model.ask(&run, &call, expires_ms);
        let said = self.logbook(&actor, &arguments, "");
        let ran = usize::from(said.code == 0);
        self.settle(&said, outcome, (&run, &call, actor.agent.as_deref(), expires_ms), ran, (0, 1))?;
        if let Some(at) = uses {
            self.model.requests[at].used = true;
        }
        Ok(())
    }

    fn decide(&mut self) -> Result<(), String> {
        if self.model.requests.is_empty() {
            return Ok(());
        }
        let actor = self.decider();
        // The newest are the ones that matter.
        let back = self.dice.between(1, (self.model.requests.len() as u64).min(8)) as usize;
        let at = self.model.requests.len() - back;
        let by_run = self.dice.between(0, 3) == 0;
        let what = if by_run { &self.model.requests[at].run } else { &self.model.requests[at].name }.clone();
        let at = if by_run { self.model.only_open(&what) } else { Some(at) };
        let verdict = if self.dice.between(0, 5) == 0 { Verdict::Denied } else { Verdict::Approved };
        let command = if verdict == Verdict::Denied { "deny" } else { "approve" };
        let may = at.is_some_and(|at| self.model.may_decide(at, &actor));
        let by = actor.by.clone();
        let said = self.logbook(&actor, &[command, &what, "--by", &by, "--why", "so it is"], "");
        if may != (said.code == 0) {
            return Err(format!("the model says that it may decide: {may}: {}", self.told));
        }
        if let (true, Some(at)) = (may, at) {
            self.model.requests[at].verdict = Some(verdict);
            *self.counts.entry("decisions").or_default() += 1;
        }
        Ok(())
    }

    fn hold(&mut self) -> Result<(), String> {
        let actor = self.decider();
        // Most holds do not last long, or nothing would ever be called.
        let held = self.model.runs.iter().find(|(_, run)| run.held).map(|(run, _)| run.clone());
        let run = match held {
            Some(run) if self.dice.between(0, 3) > 0 => run,
            _ => self.some_run(),
        };
        let held = self.model.runs.get(&run).is_some_and(|run| run.held);
        let by = actor.by.clone();
        if held || self.dice.between(0, 2) == 0 {
            let said = self.logbook(&actor, &["release", &run, "--by", &by, "--why", "go on"], "");
            if held != (said.code == 0) {
                return Err(format!("the model says that it is held: {held}: {}", self.told));
            }
            if let Some(run) = self.model.runs.get_mut(&run) {
                run.held = false;
            }
            return Ok(());
        }
        let said = self.logbook(&actor, &["hold", &run, "--by", &by, "--why", "stop"], "");
        match said.code {
            0 => self.model.runs.entry(run).or_default().held = true,
            // None of its rows is left.
            2 if said.err.contains("there is no run") => {}
            _ => return Err(format!("the model says that it is not held: {}", self.told)),
        }
        *self.counts.entry("holds").or_default() += 1;
        Ok(())
    }

    fn write(&mut self) -> Result<(), String> {
        let (actor, run, parent) = (self.worker(), self.some_run(), self.some_run());
        let agent = actor.agent.clone();
        match self.dice.between(0, 3) {
            0 => {
                let known = self.model.runs.contains_key(&run);
                if run == parent {
                    return Ok(());
                }
                let parent = if self.dice.between(0, 1) == 0 { "none".to_owned() } else { parent };
                let said = self.logbook(&actor, &["start", &run, "--parent", &parent], "");
                if known == (said.code == 0) {
                    return Err(format!("the model says that it has rows: {known}: {}", self.told));
                }
                if !known {
                    self.model.works(&run, agent.as_deref());
                    let known = self.model.runs.entry(run).or_default();
                    known.parents.extend(Some(parent).filter(|parent| parent != "none"));
                }
            }
            1 => {
                let field = format!("parent_run_id={parent}");
                self.stored(&actor, &["append", "-r", &run, "-a", "goes on", &field], "")?;
                self.model.works(&run, agent.as_deref());
                self.model.runs.entry(run).or_default().parents.insert(parent);
            }
            2 => {
                let arguments = ["append", "-r", &run, "-a", "goes on", "-s", "in-progress", "--print", "id"];
                let said = self.logbook(&actor, &arguments, "");
                self.plain.push(said.out.trim().to_owned());
                self.model.works(&run, agent.as_deref());
            }
            _ => {
                self.stored(&actor, &["append", "-r", &run, "-a", "by the way", "--kind", "note"], "")?;
                self.model.runs.entry(run).or_default();
            }
        }
        Ok(())
    }

    fn stored(&mut self, actor: &Actor, arguments: &[&str], input: &str) -> Result<(), String> {
        let said = self.logbook(actor, arguments, input);
        if said.code == 0 { Ok(()) } else { Err(format!("not stored: {}", self.told)) }
    }

    /// Rows that would change what gates see, if anybody let them in.
    fn import(&mut self) -> Result<(), String> {
        let (actor, run) = (self.worker(), self.some_run());
        let request = self.model.requests.last().map_or_else(|| "r-0#1".to_owned(), |request| request.name.clone());
        let bad = [
            format!(r#"{{"run_id":"{run}","kind":"approval.approved","answers":"{request}","approver":"maria"}}"#),
            format!(
                r#"{{"run_id":"{run}","kind":"approval.requested","action":"x","status":"blocked","blocked_on":"x"}}"#
            ),
            format!(r#"{{"run_id":"{run}","kind":"note","answers":"{request}"}}"#),
            format!(r#"{{"run_id":"{run}","kind":"call.intent","\u0061nswers":"{request}"}}"#),
            format!(r#"{{"run_id":"{run}","kind":"release","action":"release","status":"in-progress"}}"#),
            format!(r#"{{"run_id":"{run}","kind":"hold","status":"blocked","blocked_on":"x","approver":"x"}}"#),
            r#"{"run_id":"_logbook","kind":"archive.carried","runs":[],"rows":[]}"#.to_owned(),
            format!(r#"{{"run_id":"{run}","kind":"correction","corrects":"{request}","retract":true}}"#),
            format!(r#"{{"run_id":"{run}","approvalState":"approved","user":"maria"}}"#),
        ];
        let first = self.dice.next() as usize % bad.len();
        let rows = format!("{}\n{{\"run_id\":\"{run}\",\"action\":\"imported\"}}\n", bad[first]);
        let said = self.logbook(&actor, &["append", "-", "--on-error", "skip"], &rows);
        if said.code != 2 || !said.err.contains("1 row stored, 1 row skipped") {
            return Err(format!("a row was let in: {}: {}", bad[first], self.told));
        }
        self.model.works(&run, actor.agent.as_deref());
        Ok(())
    }

    /// A correction of any row. Whether it is stored or not, no gate may see it.
    fn amend(&mut self) -> Result<(), String> {
        let actor = self.worker();
        let any = format!("{}#{}", self.some_run(), self.dice.between(1, 60));
        let row = match self.plain.last() {
            Some(plain) if self.dice.between(0, 2) == 0 => plain.clone(),
            _ => any,
        };
        let what: &[&str] = match self.dice.between(0, 6) {
            0 => &["--retract"],
            1 => &["--unset", "answers"],
            2 => &["answers=r-0#1"],
            3 => &["--unset", "parent_run_id"],
            4 => &["status=done"],
            5 => &["--unset", "tool_call"],
            _ => &["kind=note"],
        };
        let said = self.logbook(&actor, &[&["amend", &row, "--why", "so it is"], what].concat(), "");
        if said.code == 0 {
            *self.counts.entry("corrections").or_default() += 1;
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), String> {
        let nobody = Actor::default();
        match self.dice.between(0, 7) {
            0 | 1 => self.stored(&nobody, &["archive", "--older-than", "0s"], ""),
            2 => {
                self.stored(&nobody, &["archive", "--delete-older-than", "0s"], "")?;
                self.model.deleted_at_ms = self.model.now_ms;
                *self.counts.entry("deletions").or_default() += 1;
                Ok(())
            }
            3 => {
                let number = self.dice.between(1, 60).to_string();
                self.logbook(&nobody, &["archive", "--restore", &number], "");
                Ok(())
            }
            4 => {
                let said = self.logbook(&nobody, &["head", "--seal"], "");
                let is_empty = said.code == 1 && said.err.contains("nothing was stored yet");
                if said.code == 0 || is_empty { Ok(()) } else { Err(format!("no head: {}", self.told)) }
            }
            5 => {
                let _ = std::fs::remove_dir_all(self.bed.book().join("cache"));
                Ok(())
            }
            6 => {
                let _ = std::fs::remove_file(self.bed.book().join(".lock"));
                Ok(())
            }
            _ => {
                // Another machine: a copy in place of the directory.
                let (book, other) = (self.bed.book(), self.bed.path().join("copy"));
                copy(&book, &other);
                std::fs::remove_dir_all(&book).unwrap();
                std::fs::rename(&other, &book).unwrap();
                Ok(())
            }
        }
    }

    fn clock(&mut self) {
        let seconds = self.dice.between(0, 150) as i64 - 20;
        // Not back over a deletion: what was over then is forgotten, and docs/gates.md says so.
        self.model.now_ms = (self.model.now_ms + seconds * 1000).max(self.model.deleted_at_ms);
        NOW_MS.store(self.model.now_ms, Ordering::Relaxed);
    }

    fn open(&mut self) -> Result<(), String> {
        let said = self.logbook(&Actor::default(), &["approve", "-o", "jsonl"], "");
        let listed = said.out.lines().map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["request"].as_str().unwrap().to_owned()
        });
        let (listed, open) = (listed.collect::<std::collections::BTreeSet<_>>(), self.model.open());
        if listed == open { Ok(()) } else { Err(format!("open are {listed:?}, by the model {open:?}")) }
    }

    fn step(&mut self) -> Result<(), String> {
        match self.dice.between(0, 31) {
            0..=9 => self.exec(),
            10..=12 => self.ask(),
            13..=18 => self.decide(),
            19..=20 => self.hold(),
            21..=22 => self.write(),
            23 => self.import(),
            24..=26 => self.amend(),
            27..=28 => self.keep(),
            29 => self.open(),
            _ => {
                self.clock();
                Ok(())
            }
        }
    }
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { std::fs::copy(&path, &target).map(drop).unwrap() }
    }
    let modes = std::fs::metadata(from).unwrap().permissions();
    std::fs::set_permissions(to, modes).unwrap();
}

fn run(scale: &Scale) -> Report {
    let steps = scale.of(1500, 100_000);
    let (mut done, mut violations, mut counts) = (0, Vec::new(), BTreeMap::new());
    // Behind every file's time, so that what was just sealed is old enough.
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    while done < steps && violations.is_empty() {
        let bed = Bed::with_config(CONFIG);
        let seed = scale.seed.wrapping_mul(1_000_003) + done;
        let model = Model { now_ms: real + 86_400_000, ..Model::default() };
        NOW_MS.store(model.now_ms, Ordering::Relaxed);
        let (dice, told) = (Dice::new(seed), String::new());
        let mut walk = Walk { bed: &bed, dice, model, ran: 0, counts: BTreeMap::new(), plain: Vec::new(), told };
        for step in 0..ROUND_STEPS.min(steps - done) {
            if let Err(what) = walk.step() {
                violations.push(format!("seed {seed}, step {step}: {what}"));
                if std::env::var_os("LOGBOOK_KEEP_BED").is_some() {
                    let kept = std::env::temp_dir().join(format!("gates-{seed}"));
                    copy(bed.path(), &kept);
                    note(&format!("kept in {}", kept.display()));
                }
                break;
            }
            done += 1;
        }
        for (what, count) in walk.counts {
            *counts.entry(what).or_default() += count;
        }
        let last = bed::end(bed::logbook(&bed.book(), &["verify"]));
        if !last.is_done() {
            violations.push(format!("seed {seed}: verify: {}", last.told()));
        }
    }
    let told: Vec<String> = counts.iter().map(|(what, count): (_, &u64)| format!("{count} {what}")).collect();
    note(&told.join(", "));
    Report { size: done, unit: "steps", violations }
}
