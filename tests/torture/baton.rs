//! Two processes, one at a time: the one that has the baton makes its next call,
//! the other waits. The baton changes hands before the calls that a schedule
//! names, when a process waits for the lock, and when it ends. So an
//! interleaving is a list of numbers, and comes out the same each time.

use std::path::Path;
use std::sync::{Condvar, Mutex};

/// When the baton changes hands.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    /// Who begins, 0 or 1.
    pub first: usize,
    /// Numbers of calls, of both processes together, before which it is given away.
    pub switches: Vec<u64>,
    /// The call before which somebody puts another file at `.lock`, if the lock is free then.
    pub replace_lock_at: Option<u64>,
}

#[derive(Debug)]
struct Turn {
    who: usize,
    ended: [bool; 2],
    calls: u64,
    holders: i64,
    schedule: Schedule,
}

/// The baton.
#[derive(Debug)]
pub struct Baton {
    turn: Mutex<Turn>,
    changed: Condvar,
}

impl Baton {
    /// Handed on as `schedule` says.
    pub fn new(schedule: Schedule) -> Baton {
        let who = schedule.first;
        Baton {
            turn: Mutex::new(Turn { who, ended: [false; 2], calls: 0, holders: 0, schedule }),
            changed: Condvar::new(),
        }
    }

    /// Waits until `me` may make a call.
    pub fn step(&self, me: usize, lock: &Path) {
        let mut turn = self.changed.wait_while(self.turn.lock().unwrap(), |turn| turn.who != me).unwrap();
        let call = turn.calls;
        turn.calls += 1;
        if turn.schedule.replace_lock_at == Some(call) && turn.holders == 0 && lock.exists() {
            let other = lock.with_extension("other");
            std::fs::write(&other, b"").unwrap();
            std::fs::rename(&other, lock).unwrap();
        }
        if turn.schedule.switches.contains(&call) && !turn.ended[1 - me] {
            turn.who = 1 - me;
            self.changed.notify_all();
            drop(self.changed.wait_while(turn, |turn| turn.who != me).unwrap());
        }
    }

    /// `me` waits for the other.
    pub fn give(&self, me: usize) {
        let mut turn = self.turn.lock().unwrap();
        if !turn.ended[1 - me] {
            turn.who = 1 - me;
            self.changed.notify_all();
            drop(self.changed.wait_while(turn, |turn| turn.who != me).unwrap());
        }
    }

    /// The lock was taken or given back.
    pub fn locked(&self, taken: bool) {
        self.turn.lock().unwrap().holders += if taken { 1 } else { -1 };
    }

    /// Calls made by both.
    pub fn calls(&self) -> u64 {
        self.turn.lock().unwrap().calls
    }

    /// The end of `me`, told when this is dropped.
    pub fn end_of(&self, me: usize) -> End<'_> {
        End { baton: self, me }
    }
}

/// Tells the baton that a process has ended, whatever ended it.
pub struct End<'b> {
    baton: &'b Baton,
    me: usize,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut turn = self.baton.turn.lock().unwrap();
        turn.ended[self.me] = true;
        turn.who = 1 - self.me;
        self.baton.changed.notify_all();
    }
}
