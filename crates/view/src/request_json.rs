//! A request as a program reads it.

use super::record::json::Object;
use super::request::{Request, Shown};

impl Request {
    /// Says in `out` all that whoever decides must know, but for its name and its times.
    pub fn say(&self, out: &mut Object) {
        out.text("run", &self.run).text("what", &self.action);
        out.text("task", &self.task).text("agent", &self.agent).text("rationale", &self.rationale);
        out.text("tool", &self.tool).text("mcp_server", &self.mcp_server).text("contract", &self.contract);
        out.text("side_effect", &self.side_effect).text("impact", &self.impact);
        if let Some(reversible) = self.reversible {
            out.raw("reversible", if reversible { b"true" } else { b"false" });
        }
        if let Some(rule) = &self.rule {
            let mut said = Object::default();
            said.text("number", &rule.number).text("contract", &rule.contract);
            said.text("when", &rule.when).text("why", &rule.why);
            out.raw("rule", &said.end());
        }
        out.text("reason", &self.reason).text("args_sha256", &self.args_sha256);
        out.text("args_shown", self.args_word());
        if !self.args.is_empty() {
            out.raw("args", self.args.as_bytes());
        }
    }

    /// Whether the arguments are shown, in a word.
    fn args_word(&self) -> &'static str {
        match self.shown() {
            Shown::Exact => "exact",
            Shown::Redacted => "redacted",
            Shown::Nothing => "not_shown",
            Shown::Other => "others",
            Shown::Unbound if self.args.is_empty() => "no_arguments",
            Shown::Unbound => "without_digest",
        }
    }
}
