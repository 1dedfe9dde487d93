//! What a torture test is: a name, what it needs, what it runs, what it found.

/// One torture test.
pub struct Trial {
    pub name: &'static str,
    /// `Everything`: not among what `cargo test` runs without arguments.
    pub tier: Tier,
    /// What is missing here, as it reads after "not run: needs ".
    pub needs: fn() -> Result<(), String>,
    pub run: fn(&Scale) -> Report,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Runs everywhere, in seconds.
    Quick,
    /// Wants root, a loop device, strace or a preloaded library.
    Everything,
}

/// How much of it.
pub struct Scale {
    /// 1 = the full sizes of docs/durability.md.
    pub factor: f64,
    /// The quick sizes, whatever the factor.
    pub quick: bool,
    /// The same seed makes the same choices (the kernel's schedule is its own).
    pub seed: u64,
}

impl Scale {
    /// The size to run, of the quick and of the full one.
    pub fn of(&self, quick: u64, full: u64) -> u64 {
        if self.quick { quick } else { ((full as f64 * self.factor) as u64).max(1) }
    }
}

/// What came of it.
pub struct Report {
    pub size: u64,
    pub unit: &'static str,
    pub violations: Vec<String>,
}

/// Says in what way it ran, above the line of the table.
pub fn note(what: &str) {
    println!("    {what}");
}

/// A trial that needs nothing.
pub fn nothing() -> Result<(), String> {
    Ok(())
}

/// A small, repeatable source of choices (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}
