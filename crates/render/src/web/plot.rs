//! Bars over time as SVG. Floats stand for places on the picture only: what is written beside the
//! bars is exact.

use super::text::Text;

/// The width of the picture, in its own units.
const WIDTH: u32 = 480;
/// Its height, and where the bars stand.
const HEIGHT: u32 = 110;
const FLOOR: u32 = 92;

/// One value.
#[derive(Debug, Clone)]
pub struct Value {
    /// How high its bar is, beside the others.
    pub size: f64,
    /// What is told of it.
    pub label: String,
    /// What stands below it; empty: nothing.
    pub tick: String,
}

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Where it begins.
    pub x: String,
    /// Where it ends at the top.
    pub y: String,
    /// How broad.
    pub width: String,
    /// How high.
    pub height: String,
    /// What is told of it.
    pub label: Text,
}

/// What stands below a bar.
#[derive(Debug, Clone)]
pub struct Tick {
    /// Where.
    pub x: String,
    /// To which side of it.
    pub anchor: &'static str,
    /// What.
    pub label: Text,
}

/// A picture.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Above it.
    pub title: Text,
    /// For who does not see it.
    pub label: Text,
    /// Below it.
    pub note: Text,
    /// Units across.
    pub width: u32,
    /// Units down.
    pub height: u32,
    /// Where the bars stand.
    pub floor: u32,
    /// The bars.
    pub bars: Vec<Bar>,
    /// What stands below them.
    pub ticks: Vec<Tick>,
}

impl Plot {
    /// Of `values`, from the oldest on.
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
