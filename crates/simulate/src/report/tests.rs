use std::{io::Cursor, ops::ControlFlow};

use nuthatch_trace::{Format, Trace};
use roxmltree::{Document, Node, ParsingOptions};

use super::{
    made_up::{rows, sized},
    *,
};
use crate::{Timeline, summarise};

const CAPACITIES: [u64; 4] = [1000, 2000, 4000, 8000];

fn some_rows() -> Vec<Row> {
    let ratios: [(&str, &[f64]); 3] = [
        ("lru", &[0.2, 0.3, 0.4, 0.405]),
        ("s3-fifo", &[0.3, 0.4, 0.45, 0.455]),
        ("belady", &[0.4, 0.5, 0.55, 0.555]),
    ];
    let mut rows = rows(&CAPACITIES, &ratios);
    for row in &mut rows {
        let mut timeline = Timeline::default();
        for index in 0..100 {
            timeline.note(1, 1, index % 2);
        }
        row.timeline = Some(timeline);
    }
    rows
}

fn html(rows: &[Row]) -> String {
    Report { rows, command: "nuthatch simulate --report a.html".to_owned(), ..Report::default() }.html()
}

fn summary(name: &str, keys: &str) -> Summary {
    let trace = Trace::from_reader(name, Cursor::new(keys.to_owned().into_bytes()), Format::Keys).unwrap();
    summarise(trace, None, |_| ControlFlow::Continue(())).unwrap()
}

/// The page is written so that it is XML as well, which shows that every element is closed and every text escaped.
fn with_parsed(html: &str, check: impl FnOnce(&Document<'_>)) {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    match Document::parse_with_options(html, options) {
        Ok(document) => check(&document),
        Err(error) => {
            let line = html.lines().nth(error.pos().row as usize - 1);
            assert_eq!(error.to_string(), "", "at {line:?}");
        }
    }
}

fn with_class<'a, 'd>(document: &'a Document<'d>, class: &'a str) -> impl Iterator<Item = Node<'a, 'd>> {
    let has = move |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|known| known == class))
    };
    document.descendants().filter(has)
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| if node.is_text() { node.text() } else { None }).collect()
}

#[test]
fn a_page_has_the_answer_the_plots_the_numbers_and_the_command() {
    let html = html(&some_rows());
    with_parsed(&html, |page| {
        let headline = with_class(page, "headline").map(text).collect::<String>();
        assert!(headline.starts_with("S3-FIFO with about 2,000 objects gives what LRU gives"), "{headline}");
        let plots = Vec::from_iter(with_class(page, "plot"));
        assert_eq!(plots.len(), 3, "by capacity, beside LRU, over time");
        for plot in plots {
            let svg = plot.descendants().find(|node| node.has_tag_name("svg"));
            assert!(svg.and_then(|svg| svg.attribute("aria-label")).is_some_and(|label| label.len() > 20));
            let drawn = plot
                .descendants()
                .filter(|node| node.has_tag_name("g") && node.attribute("data-p").is_some());
            let expected = if text(plot).contains("Gain over LRU") { 2 } else { 3 };
            assert_eq!(drawn.count(), expected);
        }
        let bars = with_class(page, "bars").map(text).collect::<String>();
        assert!(bars.contains("S3-FIFO55.0 %") && bars.contains("LRU60.0 %"), "{bars}");
        let tables = Vec::from_iter(page.descendants().filter(|node| node.has_tag_name("table")).map(text));
        for number in ["20.00", "45.50", "55.00"] {
            assert!(tables.iter().all(|table| table.contains(number)), "{number}");
        }
        assert!(tables[1].contains("12,345"));
        let command = page.descendants().find(|node| node.has_tag_name("pre")).map(text);
        assert_eq!(command.as_deref(), Some("nuthatch simulate --report a.html"));
    });
}

#[test]
fn a_page_shows_what_the_trace_is_like() {
    let keys = (0..5000_u32).map(|number| format!("{}\n", number * number % 1009)).collect::<String>();
    for keys in [keys.as_str(), "a\n", "a\na\n", "a\nb\n"] {
        let summary = summary("keys", keys);
        let rows = some_rows();
        let html = Report { rows: &rows, summary: Some(&summary), ..Report::default() }.html();
        with_parsed(&html, |page| {
            let plots = with_class(page, "plot").map(text).collect::<String>();
            assert!(plots.contains("Popularity"), "{plots}");
            assert_eq!(plots.contains("Reuse distance"), summary.requests > summary.objects, "{plots}");
            let facts = with_class(page, "facts").map(text).collect::<String>();
            assert!(facts.contains(&format!("Distinct objects{}", summary.objects)), "{facts}");
        });
        assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
    }
}

#[test]
fn nothing_on_a_page_is_from_elsewhere() {
    let html = html(&some_rows());
    for elsewhere in ["http:", "https:", "//cdn", "@import", "url(", "src="] {
        assert!(!html.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn names_of_files_are_text_and_never_markup() {
    let evil = "</title></script><script>alert(1)</script>\"'&\u{7}.csv";
    let mut rows = some_rows();
    rows.iter_mut().for_each(|row| row.trace = evil.to_owned());
    let summary = summary(evil, "a\na\nb\n");
    let partial = Some(evil.to_owned());
    let html =
        Report { rows: &rows, command: format!("nuthatch {evil}"), summary: Some(&summary), partial }.html();
    assert!(!html.contains("<script>alert"));
    with_parsed(&html, |page| {
        let scripts = page.descendants().filter(|node| node.has_tag_name("script")).count();
        assert_eq!(scripts, 1);
        assert!(text(page.root_element()).contains("alert(1)</script>"));
    });
}

#[test]
fn pages_of_every_shape_are_well_formed() {
    let one: [(&str, &[f64]); 1] = [("lru", &[0.2])];
    let mut partial = rows(&[10], &one);
    partial[0].requests = 0;
    let shapes = [
        vec![],
        rows(&[1], &one),
        rows(&[10], &[("belady", &[0.0])]),
        rows(&[10, 20], &[("lru", &[0.0, 0.0]), ("arc", &[1.0, 1.0])]),
        sized(&[10, 1 << 40], &[("lru", &[0.0, 0.5]), ("arc", &[1.0, 1.0])]),
        [rows(&[10], &one), sized(&[1 << 20], &one)].concat(),
        partial,
    ];
    for rows in shapes {
        let html = html(&rows);
        with_parsed(&html, |page| {
            assert_eq!(
                with_class(page, "headline").count(),
                if rows.len() == 2 && rows[0].unit != rows[1].unit { 2 } else { 1 }
            );
        });
        assert!(!html.contains("NaN") && !html.contains("inf%"), "{html}");
    }
}

#[test]
fn many_policies_at_many_capacities_make_a_small_page() {
    const NAMES: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
        "u", "v", "w", "x", "lru", "belady",
    ];
    let capacities = Vec::from_iter((0..16).map(|power| 1000_u64 << power));
    let ratios =
        Vec::from_iter((0..26).map(|policy| {
            Vec::from_iter((0..16).map(|step| f64::from(policy) * 0.01 + f64::from(step) * 0.04))
        }));
    let ratios = Vec::from_iter(NAMES.into_iter().zip(ratios.iter().map(Vec::as_slice)));
    let mut rows = rows(&capacities, &ratios);
    for row in &mut rows {
        let mut timeline = Timeline::default();
        (0..1000_u64).for_each(|index| timeline.note(1, 1, (index / 7) % 2));
        row.timeline = Some(timeline);
    }
    let bytes = html(&rows).len();
    assert!(bytes < 300_000, "{bytes}");
}
