//! The bars: for each query everybody's seconds, on one logarithmic scale,
//! because jq and the fastest are a hundred times apart.

use std::fmt::Write as _;

use crate::report::{Line, figure};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 140.0;
const RIGHT: f64 = 90.0;
const BAR: f64 = 14.0;
const HEADING: f64 = 30.0;
const HEAD: f64 = 70.0;
const FOOT: f64 = 20.0;

/// An SVG picture of the results.
pub fn bars(lines: &[Line], about: &[String]) -> String {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for line in lines {
        least = least.min(line.seconds.log10());
        most = most.max(line.seconds.log10());
    }
    let (least, most) = (least.floor(), most.ceil().max(least.floor() + 1.0));
    let across = |seconds: f64| LEFT + (seconds.log10() - least) / (most - least) * (WIDTH - LEFT - RIGHT);
    let mut body = String::new();
    let mut down = HEAD;
    let mut case = "";
    for line in lines {
        if line.case != case {
            case = &line.case;
            down += HEADING;
            let heading = escaped(&format!("{case} {}", line.title));
            let _ = writeln!(body, r#"<text x="8" y="{}" class="heading">{heading}</text>"#, down - 8.0);
        }
        let (end, middle) = (across(line.seconds), down + BAR - 4.0);
        let class = if line.peer == "logbook" { "ours" } else { "peer" };
        let _ = writeln!(body, r#"<text x="{}" y="{middle}" class="name">{}</text>"#, LEFT - 6.0, escaped(&line.peer));
        let (top, width, height) = (down + 1.0, (end - LEFT).max(1.0), BAR - 3.0);
        let _ = writeln!(body, r#"<rect x="{LEFT}" y="{top}" width="{width:.1}" height="{height}" class="{class}"/>"#);
        let wrong = if line.right { "" } else { " (wrong)" };
        let label = format!("{} s{wrong}", figure(line.seconds));
        let _ = writeln!(body, r#"<text x="{:.1}" y="{middle}">{label}</text>"#, end + 5.0);
        down += BAR;
    }
    let height = down + FOOT;
    let mut text = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">
<style>.heading{{font-weight:bold;font-size:12px}} .name{{text-anchor:end}} .ours{{fill:#0a7d4f}} .peer{{fill:#9aa5b1}} .rule{{stroke:#d8dde3}} .tick{{text-anchor:middle;fill:#5b6672}}</style>
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
<text x="8" y="18" class="heading">Seconds, logarithmic: shorter is better</text>
"##
    );
    for (at, line) in about.iter().take(2).enumerate() {
        let _ = writeln!(text, r#"<text x="8" y="{}">{}</text>"#, 33 + 14 * at, escaped(line));
    }
    for power in least as i32..=most as i32 {
        let seconds = 10f64.powi(power);
        let at = across(seconds);
        let _ = writeln!(text, r#"<line x1="{at:.1}" x2="{at:.1}" y1="{HEAD}" y2="{}" class="rule"/>"#, height - FOOT);
        let _ = writeln!(text, r#"<text x="{at:.1}" y="{}" class="tick">{seconds} s</text>"#, HEAD - 4.0);
    }
    text + &body + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
