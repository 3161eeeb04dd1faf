//! Plots as HTML and SVG.
//!
//! The curves are an SVG that is stretched to whatever room there is, with lines that are not; the labels are text of the
//! page beside it. So a label has the same size on a phone and on a wall, which an SVG with text inside has not. Colours
//! are classes: the page's style says what they are in the light and in the dark.

use std::fmt::Write;

use super::{axis::Axis, markup::escaped};

/// The side of the square in which curves are drawn before they are stretched.
const SIDE: f64 = 1000.0;

/// A figure with axes.
pub(crate) struct Plot {
    pub(crate) title: String,
    /// What is drawn, for who cannot see it.
    pub(crate) description: String,
    pub(crate) x: Axis,
    pub(crate) x_name: String,
    pub(crate) y: Axis,
    pub(crate) y_name: String,
    /// Later ones are drawn over earlier ones.
    pub(crate) series: Vec<Series>,
    /// Whether what lies beyond the ends is cut off. Else nothing may.
    pub(crate) clip: bool,
    /// A value of x worth a line from bottom to top, and what to call it.
    pub(crate) mark: Option<(f64, String)>,
}

/// Points that belong together.
pub(crate) struct Series {
    /// How it looks: a class of the page's style.
    pub(crate) class: &'static str,
    /// The policy that it is about, if it is about one: the legend singles it out.
    pub(crate) policy: Option<&'static str>,
    pub(crate) shape: Shape,
    pub(crate) points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// From point to point, with a dot at each that has something to tell.
    Line,
    /// A column from each point to the next, as high as the first of the two. The last point only ends a column.
    Columns,
}

pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Shown when a pointer rests on it.
    pub(crate) told: Option<String>,
}

impl Plot {
    /// The figure; `below` is markup that comes under it, such as a legend.
    pub(crate) fn html(&self, below: &str) -> String {
        let mut html = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<figure class=\"plot\">\n<figcaption>{}</figcaption>\n<div class=\"y-name\" aria-hidden=\"true\">{}</div>\n\
             <div class=\"frame\">\n<div class=\"y\" aria-hidden=\"true\">",
            escaped(&self.title),
            escaped(&self.y_name)
        );
        for tick in &self.y.ticks {
            let _ = write!(
                html,
                "<span style=\"bottom:{:.2}%\">{}</span>",
                self.y.place(tick.value) * 100.0,
                escaped(&tick.label)
            );
        }
        let _ = write!(
            html,
            "</div>\n<div class=\"canvas\">\n<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-label=\"{}\"{}>\n<path class=\"grid\" d=\"{}\"/>\n",
            escaped(&self.description),
            if self.clip { " class=\"clip\"" } else { "" },
            self.grid()
        );
        for series in &self.series {
            self.draw(&mut html, series);
        }
        if let Some((value, _)) = &self.mark {
            let _ =
                writeln!(html, "<path class=\"mark\" d=\"M{0:.1} 0V1000\"/>", self.x.place(*value) * SIDE);
        }
        html.push_str("</svg>\n");
        if let Some((value, name)) = &self.mark {
            let place = self.x.place(*value);
            let side = if place > 0.5 { "right" } else { "left" };
            let from_side = if place > 0.5 { 1.0 - place } else { place } * 100.0;
            let _ = writeln!(
                html,
                "<span class=\"mark-name\" style=\"{side}:{from_side:.2}%\">{}</span>",
                escaped(name)
            );
        }
        html.push_str("<div class=\"x\" aria-hidden=\"true\">");
        for tick in &self.x.ticks {
            let _ = write!(
                html,
                "<span style=\"left:{:.2}%\">{}</span>",
                self.x.place(tick.value) * 100.0,
                escaped(&tick.label)
            );
        }
        let _ = write!(
            html,
            "</div>\n</div>\n</div>\n<div class=\"x-name\" aria-hidden=\"true\">{}</div>\n{below}</figure>\n",
            escaped(&self.x_name)
        );
        html
    }

    fn grid(&self) -> String {
        let mut path = String::new();
        for tick in &self.y.ticks {
            let _ = write!(path, "M0 {:.1}H1000", (1.0 - self.y.place(tick.value)) * SIDE);
        }
        for tick in &self.x.ticks {
            let _ = write!(path, "M{:.1} 0V1000", self.x.place(tick.value) * SIDE);
        }
        path
    }

    fn draw(&self, html: &mut String, series: &Series) {
        let policy =
            series.policy.map(|policy| format!(" data-p=\"{}\"", escaped(policy))).unwrap_or_default();
        let _ = write!(html, "<g class=\"s {}\"{policy}>", series.class);
        let placed = series.points.iter().map(|point| {
            (self.x.place(point.x) * SIDE, (1.0 - self.y.place(point.y)) * SIDE, point.told.as_deref())
        });
        let placed = Vec::from_iter(placed);
        match series.shape {
            Shape::Line => line(html, &placed),
            Shape::Columns => columns(html, &placed),
        }
        html.push_str("</g>\n");
    }
}

fn line(html: &mut String, points: &[(f64, f64, Option<&str>)]) {
    html.push_str("<path d=\"");
    for (index, (x, y, _)) in points.iter().enumerate() {
        let _ = write!(html, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    html.push_str("\"/>");
    for (x, y, told) in points {
        if let Some(told) = told {
            // A line without length has round ends only: a dot that is round however the plot is stretched.
            let _ = write!(
                html,
                "<path class=\"dot\" d=\"M{x:.1} {y:.1}h0\"><title>{}</title></path>",
                escaped(told)
            );
        }
    }
}

fn columns(html: &mut String, points: &[(f64, f64, Option<&str>)]) {
    for pair in points.windows(2) {
        let [(x, y, told), (end, ..)] = pair else { continue };
        let title = told.map(|told| format!("<title>{}</title>", escaped(told))).unwrap_or_default();
        let _ = write!(
            html,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\">{title}</rect>",
            end - x,
            SIDE - y
        );
    }
}
