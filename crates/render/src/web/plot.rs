//! Bars over time as SVG. Floats are used only for positions in the picture; the numbers beside the
//! bars are exact.

use super::text::Text;

/// The width of the picture, in its own units.
const WIDTH: u32 = 480;
/// Its height, and the base line of the bars.
const HEIGHT: u32 = 110;
const FLOOR: u32 = 92;

/// One value.
#[derive(Debug, Clone)]
pub struct Value {
    /// The height of its bar, relative to the others.
    pub size: f64,
    /// The description.
    pub label: String,
    /// The label below it; empty if none.
    pub tick: String,
}

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Its left side.
    pub x: String,
    /// Its top.
    pub y: String,
    /// Its width.
    pub width: String,
    /// Its height.
    pub height: String,
    /// The description.
    pub label: Text,
}

/// A label below a bar.
#[derive(Debug, Clone)]
pub struct Tick {
    /// Its position.
    pub x: String,
    /// Its alignment (`text-anchor`).
    pub anchor: &'static str,
    /// The label.
    pub label: Text,
}

/// A bar chart.
#[derive(Debug, Clone)]
pub struct Plot {
    /// The title above it.
    pub title: Text,
    /// The description for screen readers.
    pub label: Text,
    /// The note below it.
    pub note: Text,
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
    /// The base line of the bars.
    pub floor: u32,
    /// The bars.
    pub bars: Vec<Bar>,
    /// The labels below the bars.
    pub ticks: Vec<Tick>,
}

impl Plot {
    /// A chart of `values`, the oldest first.
    pub fn bars(title: &str, note: String, values: &[Value]) -> Plot {
        let most = values.iter().map(|value| value.size).fold(0.0, f64::max);
        let step = f64::from(WIDTH) / values.len().max(1) as f64;
        let place = |at: usize| at as f64 * step;
        let bars = values.iter().enumerate().filter(|(_, value)| value.size > 0.0 && most > 0.0).map(|(at, value)| {
            let height = (value.size / most * f64::from(FLOOR - 4)).max(1.5);
            Bar {
                x: format!("{:.1}", place(at) + step * 0.1),
                y: format!("{:.1}", f64::from(FLOOR) - height),
                width: format!("{:.1}", step * 0.8),
                height: format!("{height:.1}"),
                label: Text::from(&value.label),
            }
        });
        let ticks = values.iter().enumerate().filter(|(_, value)| !value.tick.is_empty()).map(|(at, value)| {
            let middle = place(at) + step / 2.0;
            let anchor = match middle {
                x if x < 24.0 => "start",
                x if x > f64::from(WIDTH) - 24.0 => "end",
                _ => "middle",
            };
            let x = match anchor {
                "start" => place(at),
                "end" => place(at) + step,
                _ => middle,
            };
            Tick { x: format!("{x:.1}"), anchor, label: Text::from(&value.tick) }
        });
        Plot {
            title: Text::from(title),
            label: Text::from(format!("{title}: {note}")),
            note: Text::from(note),
            width: WIDTH,
            height: HEIGHT,
            floor: FLOOR,
            bars: bars.collect(),
            ticks: ticks.collect(),
        }
    }
}
