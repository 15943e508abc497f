//! Draws bars with their 95 % intervals, as SVG.

use std::fmt::Write as _;

use crate::stats::Estimate;

/// The bars of a case, each with the name of its subject.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bars: Vec<(&'static str, Estimate)>,
}

const WIDTH: f64 = 820.0;
/// Where the bars begin, and where they end at most.
const LEFT: f64 = 110.0;
const RIGHT: f64 = WIDTH - 70.0;
const BAR: f64 = 18.0;
/// The longest ratio that a bar can show. A longer bar is cut; its number is not.
const MOST: f64 = 3.0;
const COLORS: [(&str, &str); 4] =
    [("ours", "#6c47ff"), ("same headers", "#5aa9a0"), ("same limits", "#9a9ab0"), ("clerk-rs", "#d9a441")];

fn x(ratio: f64) -> f64 {
    LEFT + ratio.clamp(0.0, MOST) / MOST * (RIGHT - LEFT)
}

/// The plot; a line marks the ratio 1.
pub(crate) fn plot(title: &str, cases: &[Case]) -> String {
    let mut body = String::new();
    let mut y = 44.0;
    for case in cases {
        y += 20.0;
        text(&mut body, 10.0, y, "start", &case.name);
        y += 6.0;
        for (name, ratio) in &case.bars {
            let color = COLORS.iter().find(|(subject, _)| subject == name).map_or("#888888", |(_, color)| color);
            let middle = y + BAR / 2.0 - 1.0;
            rectangle(&mut body, LEFT, y, x(ratio.median) - LEFT, color);
            line(&mut body, [x(ratio.low), middle, x(ratio.high), middle], "#222222");
            text(&mut body, LEFT - 6.0, y + 12.0, "end", name);
            text(&mut body, x(ratio.high) + 6.0, y + 12.0, "start", &format!("{:.2}", ratio.median));
            y += BAR;
        }
        y += 4.0;
    }
    let height = y + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, 10.0, 20.0, "start", title);
    text(&mut svg, x(1.0), 40.0, "middle", "1 = bare");
    line(&mut svg, [x(1.0), 44.0, x(1.0), height - 8.0], "#bbbbbb");
    svg + &body + "</svg>\n"
}

fn rectangle(svg: &mut String, x: f64, y: f64, width: f64, color: &str) {
    let height = BAR - 4.0;
    let _ =
        writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{color}\"/>");
}

fn line(svg: &mut String, [x1, y1, x2, y2]: [f64; 4], color: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{color}\" stroke-width=\"1.5\"/>"
    );
}

/// Writes a text. It must not contain characters that XML escapes.
fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#222222\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_ratio_up_to_the_most() {
        let bar = |median: f64| {
            let ratio = Estimate { median, low: median, high: median };
            plot("title", &[Case { name: "get".to_owned(), bars: vec![("ours", ratio)] }])
        };
        assert!(bar(1.5).contains("width=\"320.0\""), "{}", bar(1.5));
        assert!(bar(9.0).contains("width=\"640.0\"") && bar(9.0).contains(">9.00<"));
    }
}
