//! The words of fields with a fixed set of words, one enum for each field.

macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $word:ident = $text:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $doc])+ $word,)+
        }

        impl $name {
            /// All words, in the order in which they are listed.
            pub const WORDS: &[&str] = &[$($text),+];

            /// Its word in rows.
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$word => $text,)+
                }
            }

            /// The variant with the word `text`.
            pub fn of(text: &str) -> Option<$name> {
                match text {
                    $($text => Some($name::$word),)+
                    _ => None,
                }
            }

            /// The variant with this value of a field, as written.
            pub fn of_value(value: Option<&[u8]>) -> Option<$name> {
                let value = value?;
                // Nearly all values have no escape.
                if let [b'"', word @ .., b'"'] = value {
                    $(if word == $text.as_bytes() {
                        return Some($name::$word);
                    })+
                    if !word.contains(&b'\\') {
                        return None;
                    }
                }
                $name::of(std::str::from_utf8(&logbook_json::decode(value)?).ok()?)
            }
        }
    };
}

words! {
    /// The status of a run. A config may declare more, which have no rules.
    Status {
        /// It is running.
        InProgress = "in-progress",
        /// It reached its goal.
        Done = "done",
        /// It waits for something.
        Blocked = "blocked",
        /// It did not reach its goal.
        Failed = "failed",
    }
}

words! {
    /// The kind of work of a step. A config may declare more.
    Phase {
        /// Deciding what to do.
        Plan = "plan",
        /// Reading.
        Gather = "gather",
        /// Changing something.
        Act = "act",
        /// Checking the result.
        Verify = "verify",
        /// Reporting.
        Report = "report",
    }
}

words! {
    /// The state of the approval of a step.
    ApprovalState {
        /// Nobody needed to be asked.
        NotRequired = "not_required",
        /// It is requested.
        Requested = "requested",
        /// It is approved.
        Approved = "approved",
        /// It is denied.
        Denied = "denied",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

words! {
    /// The decision about a request.
    Verdict {
        /// It is approved.
        Approved = "approved",
        /// It is denied.
        Denied = "denied",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

words! {
    /// What a call does outside the program.
    SideEffect {
        /// Nothing.
        None = "none",
        /// It reads.
        Read = "read",
        /// It changes data.
        Write = "write",
        /// It runs a program.
        Exec = "exec",
        /// It talks to another machine.
        Network = "network",
        /// It deploys something.
        Deploy = "deploy",
        /// It moves money.
        Payment = "payment",
        /// It sends a message.
        Send = "send",
        /// It deletes.
        Delete = "delete",
    }
}

impl SideEffect {
    /// Whether its effect outlasts the call, so that it may have to be undone.
    pub const fn is_lasting(self) -> bool {
        use SideEffect::{Delete, Deploy, Payment, Send, Write};
        matches!(self, Write | Delete | Deploy | Payment | Send)
    }

    /// Whether it changes data: writes or deletes it.
    pub const fn writes(self) -> bool {
        matches!(self, SideEffect::Write | SideEffect::Delete)
    }
}

words! {
    /// How a run ended.
    FinalStatus {
        /// It reached its goal.
        Succeeded = "succeeded",
        /// It did not.
        Failed = "failed",
        /// It will be resumed.
        Paused = "paused",
        /// A person must take over.
        Escalated = "escalated",
        /// What it did was undone.
        RolledBack = "rolled_back",
    }
}

impl FinalStatus {
    /// The status of a run that ended so.
    pub const fn status(self) -> Status {
        match self {
            FinalStatus::Succeeded | FinalStatus::RolledBack => Status::Done,
            FinalStatus::Failed => Status::Failed,
            FinalStatus::Paused | FinalStatus::Escalated => Status::Blocked,
        }
    }
}

words! {
    /// A reviewer's colour for a run.
    Rating {
        /// Good.
        Green = "green",
        /// Doubtful.
        Yellow = "yellow",
        /// Bad.
        Red = "red",
    }
}

words! {
    /// What a rule does with a call.
    Then {
        /// The call is made.
        Allow = "allow",
        /// A person is asked first.
        Ask = "ask",
        /// The call is not made.
        Deny = "deny",
    }
}

words! {
    /// The side that broke a contract.
    Side {
        /// The caller.
        Caller = "caller",
        /// The tool that is called.
        Tool = "tool",
    }
}
