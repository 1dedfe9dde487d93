//! The words that some fields may hold, as types: one table for each.

macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $word:ident = $text:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $doc])+ $word,)+
        }

        impl $name {
            /// All of its words, in the order in which they are listed.
            pub const WORDS: &[&str] = &[$($text),+];

            /// As rows have it.
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$word => $text,)+
                }
            }

            /// The one that `text` says; `None`: none of them.
            pub fn of(text: &str) -> Option<$name> {
                match text {
                    $($text => Some($name::$word),)+
                    _ => None,
                }
            }

            /// The one that `value`, a field's value as written, says.
            pub fn of_value(value: Option<&[u8]>) -> Option<$name> {
                let value = value?;
                // As it is written nearly always.
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
    /// Where a run stands. A config may declare others, which no rule knows.
    Status {
        /// It goes on.
        InProgress = "in-progress",
        /// It did what it was to do.
        Done = "done",
        /// It waits for something.
        Blocked = "blocked",
        /// It did not.
        Failed = "failed",
    }
}

words! {
    /// What kind of work a step is. A config may declare others.
    Phase {
        /// Deciding what to do.
        Plan = "plan",
        /// Reading.
        Gather = "gather",
        /// Doing.
        Act = "act",
        /// Looking whether it was done.
        Verify = "verify",
        /// Telling.
        Report = "report",
    }
}

words! {
    /// Where the approval of a step stands.
    ApprovalState {
        /// Nobody needed to be asked.
        NotRequired = "not_required",
        /// Somebody is asked.
        Requested = "requested",
        /// Yes.
        Approved = "approved",
        /// No.
        Denied = "denied",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

words! {
    /// How a request was decided.
    Verdict {
        /// Yes.
        Approved = "approved",
        /// No.
        Denied = "denied",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

words! {
    /// What a call does to the world.
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
        /// It puts something into service.
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
    /// Whether it leaves something behind.
    pub const fn lasts(self) -> bool {
        use SideEffect::{Delete, Deploy, Payment, Send, Write};
        matches!(self, Write | Delete | Deploy | Payment | Send)
    }

    /// Whether data is other than before: it was written or deleted.
    pub const fn writes(self) -> bool {
        matches!(self, SideEffect::Write | SideEffect::Delete)
    }
}

words! {
    /// How a run ended.
    FinalStatus {
        /// It did what it was to do.
        Succeeded = "succeeded",
        /// It did not.
        Failed = "failed",
        /// It waits, and will go on.
        Paused = "paused",
        /// It cannot go on by itself.
        Escalated = "escalated",
        /// What it did was undone.
        RolledBack = "rolled_back",
    }
}

impl FinalStatus {
    /// Where the run stands then.
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
    /// What a rule makes of a call.
    Then {
        /// It is made.
        Allow = "allow",
        /// A person is asked first.
        Ask = "ask",
        /// It is not made.
        Deny = "deny",
    }
}

words! {
    /// Which side broke a contract.
    Side {
        /// Whoever calls.
        Caller = "caller",
        /// What is called.
        Tool = "tool",
    }
}
