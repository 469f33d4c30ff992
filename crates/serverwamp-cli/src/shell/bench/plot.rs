//! The latencies as a picture: each percentile with its latency, the last ones stretched.
//!
//! The picture is written here, text by text: two axes and one line need no crate for drawing.

use super::super::output::visible;
use super::report::Report;
use std::fmt::Write as _;

/// The size of the picture and of the plot's frame in it.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 540.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 110.0;
const BOTTOM: f64 = 80.0;

/// Percentiles that have a mark on the axis.
const MARKS: [f64; 7] = [0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999];

/// Draws a report as SVG.
pub(super) fn svg(report: &Report) -> String {
    let scale = Scale::of(report);
    let mut picture = String::new();
    let title = escaped(&visible(&report.what));
    let beside: Vec<String> = report
        .circumstances
        .iter()
        .map(|(name, value)| {
            format!(
                "{name} {}",
                value.as_str().map_or_else(|| super::super::json::compact(value), str::to_owned)
            )
        })
        .collect();
    let count = report.measured.latencies.len();
    let seconds = report.measured.elapsed.as_secs_f64();
    let loop_kind = if report.open_loop { "open loop" } else { "closed loop" };
    let second = format!("{count} {} in {seconds:.1} s, {loop_kind}", report.unit);
    let third = escaped(&visible(&beside.join(", ")));
    let _infallible = write!(
        picture,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"#222\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"36\" font-size=\"22\" font-weight=\"600\">{title}: latency by percentile</text>\n\
         <text x=\"{LEFT}\" y=\"62\" fill=\"#555\">{second}</text>\n\
         <text x=\"{LEFT}\" y=\"82\" fill=\"#555\">{third}</text>\n"
    );
    axes(&mut picture, &scale);
    line(&mut picture, report, &scale);
    picture.push_str("</svg>\n");
    picture
}

/// Where percentiles and latencies are in the picture.
struct Scale {
    /// The right end of the axis, in nines: 3.0 is 99.9 %.
    nines: f64,
    /// The upper end of the axis in milliseconds, and the distance of its lines.
    top: f64,
    step: f64,
}

impl Scale {
    fn of(report: &Report) -> Self {
        // One request of a thousand is the last that a thousand requests can tell of.
        let count = (report.measured.latencies.len().max(10)) as f64;
        let longest = report.at(100.0).max(1e-6);
        let magnitude = 10_f64.powf(longest.log10().floor());
        let step =
            [0.2, 0.5, 1.0, 2.0].into_iter().map(|part| part * magnitude).find(|step| longest / step <= 6.0);
        let step = step.unwrap_or(2.0 * magnitude);
        Self { nines: count.log10().clamp(1.0, 5.0), top: (longest / step).ceil() * step, step }
    }

    fn x(&self, percentile: f64) -> f64 {
        let nines = -((100.0 - percentile).max(1e-9) / 100.0).log10();
        LEFT + (nines / self.nines).min(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, millis: f64) -> f64 {
        HEIGHT - BOTTOM - millis / self.top * (HEIGHT - TOP - BOTTOM)
    }
}

fn axes(picture: &mut String, scale: &Scale) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let lines = (scale.top / scale.step).round();
    let mut at = 0.0;
    while at <= lines {
        let millis = at * scale.step;
        let y = scale.y(millis);
        let _infallible = writeln!(
            picture,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            y + 5.0,
            number(millis)
        );
        at += 1.0;
    }
    for mark in MARKS {
        let x = scale.x(mark);
        if -((100.0 - mark) / 100.0).log10() > scale.nines + 1e-9 {
            break;
        }
        let _infallible = writeln!(
            picture,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{mark}</text>",
            bottom + 22.0
        );
    }
    let (middle, height) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
    let _infallible = writeln!(
        picture,
        "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#222\"/>\n\
         <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">percentile (%)</text>\n\
         <text transform=\"translate(26 {height:.1}) rotate(-90)\" text-anchor=\"middle\">latency (ms)</text>",
        HEIGHT - 24.0
    );
}

fn line(picture: &mut String, report: &Report, scale: &Scale) {
    let mut points = String::new();
    let steps = 240_u32;
    for step in 0..=steps {
        let nines = scale.nines * f64::from(step) / f64::from(steps);
        let percentile = 100.0 * (1.0 - 10_f64.powf(-nines));
        let _infallible = write!(points, "{:.1},{:.1} ", scale.x(percentile), scale.y(report.at(percentile)));
    }
    let (x, longest) = (WIDTH - RIGHT, report.at(100.0));
    let y = scale.y(longest);
    let _infallible = writeln!(
        picture,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#1769aa\" stroke-width=\"2.5\"/>\n\
         <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#b3261e\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#b3261e\">longest {} ms</text>",
        points.trim_end(),
        x - 10.0,
        y - 8.0,
        number(longest)
    );
}

/// A latency with as many digits as it is worth.
fn number(millis: f64) -> String {
    let digits = if millis >= 100.0 || millis == 0.0 {
        0
    } else if millis >= 1.0 {
        2
    } else {
        3
    };
    let text = format!("{millis:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::report::Measured;
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_picture_has_a_title_axes_with_units_and_a_line() {
        let mut measured = Measured::default();
        measured.elapsed = Duration::from_secs(1);
        for micros in 1..=10_000 {
            measured.record(&Ok(()), Duration::from_micros(micros));
        }
        let report = Report {
            what: "call <demo.add>".to_owned(),
            unit: "calls",
            circumstances: vec![("url", "ws://h/?a=1&b=2".into())],
            open_loop: false,
            measured,
            expected: None,
        };
        let picture = svg(&report);
        for part in [
            "call &lt;demo.add&gt;: latency",
            "percentile (%)",
            "latency (ms)",
            ">99.99<",
            "longest 10",
            "a=1&amp;b=2",
        ] {
            assert!(picture.contains(part), "{part}: {picture}");
        }
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }

    #[test]
    fn nothing_measured_is_still_a_picture() {
        let report = Report {
            what: "call a".to_owned(),
            unit: "calls",
            circumstances: Vec::new(),
            open_loop: true,
            measured: Measured::default(),
            expected: None,
        };
        let picture = svg(&report);
        assert!(!picture.contains("NaN") && picture.ends_with("</svg>\n"), "{picture}");
    }
}
