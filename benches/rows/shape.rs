//! What the rows look like.

/// One of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Plain steps: `run_id` first, no white space, a small `tool_call`; as `append` writes them.
    Steps,
    /// Calls: payload first and the envelope behind it, blanks after colons and commas, deeper
    /// nesting, other keys.
    Calls,
}

impl Shape {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Steps => "steps",
            Shape::Calls => "calls",
        }
    }

    /// The shape of that name.
    pub fn named(name: &str) -> Option<Shape> {
        [Shape::Steps, Shape::Calls].into_iter().find(|shape| shape.name() == name)
    }
}
