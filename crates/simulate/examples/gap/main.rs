//! How far a policy is from Belady, and from the best of five policies chosen with hindsight: `docs/auto.md` has the figures.
//!
//! ```text
//! NUTHATCH_TRACES=../shared/traces cargo run --release -p nuthatch-simulate --example gap
//! ... --example gap -- rows        # each trace and capacity
//! ... --example gap -- parts       # auto without one of its parts, and seven other policies
//! ```
//!
//! The folder has the traces, and what independent simulators found for them in `reference.csv` and `crosscheck.csv`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "an example prints, and stops at what it does not expect"
)]

mod cache;

use std::{collections::BTreeMap, env, fs, path::Path, thread};

use nuthatch_policy::{Auto, AutoPart, Policy, PolicyKind};
use nuthatch_trace::{Format, Trace};

/// Of which the best is chosen for each row, as the files name them.
const HINDSIGHT: [(&str, &str); 5] = [
    ("reference.csv", "LRU"),
    ("crosscheck.csv", "S3FIFO-paper"),
    ("crosscheck.csv", "LIRS-wide"),
    ("crosscheck.csv", "ARC"),
    ("crosscheck.csv", "WTinyLFU-exact"),
];
/// Below so many objects, rows are told apart: one more hit is much there.
const OBJECTS_MIN: usize = 100;
/// Traces with fewer requests are mostly warm-up.
const REQUESTS_LONG: usize = 100_000;

struct Row {
    trace: String,
    capacity: usize,
    requests: usize,
    /// Hits in percent, of Belady and of the best in hindsight.
    belady: f64,
    best: f64,
}

#[derive(Clone, Copy)]
enum Subject {
    Kind(PolicyKind, u64),
    Without(AutoPart),
}

impl Subject {
    fn name(self) -> String {
        match self {
            Self::Kind(kind, seed) => format!("{kind}, seed {seed}"),
            Self::Without(part) => format!("auto without {part:?}"),
        }
    }

    fn hits(self, capacity: usize, objects: &[u32]) -> usize {
        let (mut policy, seed): (Box<dyn Policy>, _) = match self {
            Self::Kind(kind, seed) => (kind.build(capacity as u64), seed),
            Self::Without(part) => (Box::new(Auto::without(capacity as u64, part)), 0),
        };
        cache::hits(&mut *policy, capacity, objects, seed)
    }
}

fn main() {
    let folder = env::var("NUTHATCH_TRACES").unwrap_or_else(|_| "../shared/traces".to_owned());
    let folder = Path::new(&folder);
    let wanted = env::args().nth(1).unwrap_or_default();
    let mut subjects = Vec::from([0, 1, 2].map(|seed| Subject::Kind(PolicyKind::Auto, seed)));
    if wanted == "parts" {
        use PolicyKind::{Arc, ClockPro, Lirs, Lru, S3Fifo, Slru, WTinyLfu};
        subjects.extend(AutoPart::ALL.map(Subject::Without));
        subjects
            .extend([S3Fifo, Lirs, WTinyLfu, ClockPro, Slru, Arc, Lru].map(|kind| Subject::Kind(kind, 0)));
    }
    let rows = rows(folder);
    let traces = rows.iter().map(|row| row.trace.as_str()).collect::<std::collections::BTreeSet<_>>();
    let traces = traces.into_iter().map(|name| (name, open(folder, name))).collect::<BTreeMap<_, _>>();
    println!(
        "| policy | gap | mean loss | worst, long traces | worst, short traces | gap below 100 objects |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    let best = rows.iter().map(|row| row.best).collect::<Vec<_>>();
    println!("{}", summary("the best of five, with hindsight", &rows, &best));
    for subject in subjects {
        let found = thread::scope(|scope| {
            let halves = [0, 1].map(|half| {
                let (rows, traces) = (&rows, &traces);
                scope.spawn(move || {
                    let rows = rows.iter().enumerate().skip(half).step_by(2);
                    let percent = |row: &Row| {
                        let hits = subject.hits(row.capacity, &traces[row.trace.as_str()]);
                        100.0 * hits as f64 / row.requests as f64
                    };
                    rows.map(|(at, row)| (at, percent(row))).collect::<Vec<_>>()
                })
            });
            let mut found = halves.map(|half| half.join().unwrap()).concat();
            found.sort_by_key(|(at, _)| *at);
            found.into_iter().map(|(_, percent)| percent).collect::<Vec<_>>()
        });
        if wanted == "rows" {
            println!("\n{}", subject.name());
            for (row, found) in rows.iter().zip(&found) {
                let Row { trace, capacity, belady, best, .. } = row;
                println!("{trace} {capacity}: gap {:.2}, loss {:.2}", belady - found, best - found);
            }
        }
        println!("{}", summary(&subject.name(), &rows, &found));
    }
}

fn summary(name: &str, rows: &[Row], found: &[f64]) -> String {
    let of = |wanted: &dyn Fn(&Row) -> bool| {
        rows.iter().zip(found).filter(|(row, _)| wanted(row)).collect::<Vec<_>>()
    };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let gap = |rows: &[(&Row, &f64)]| mean(rows.iter().map(|(row, found)| row.belady - **found).collect());
    let worst = |rows: &[(&Row, &f64)]| {
        let worst = rows.iter().map(|(row, found)| (row.best - **found, row));
        let (loss, row) = worst.max_by(|(loss, _), (other, _)| loss.total_cmp(other)).unwrap();
        format!("{loss:.2} ({} at {})", row.trace, row.capacity)
    };
    let large = of(&|row| row.capacity >= OBJECTS_MIN);
    let loss = mean(large.iter().map(|(row, found)| (row.best - **found).max(0.0)).collect());
    format!(
        "| {name} | {:.3} | {loss:.3} | {} | {} | {:.2} |",
        gap(&large),
        worst(&of(&|row| row.capacity >= OBJECTS_MIN && row.requests >= REQUESTS_LONG)),
        worst(&of(&|row| row.capacity >= OBJECTS_MIN && row.requests < REQUESTS_LONG)),
        gap(&of(&|row| row.capacity < OBJECTS_MIN)),
    )
}

/// All rows in objects, in order of trace and capacity.
fn rows(folder: &Path) -> Vec<Row> {
    let mut rows = BTreeMap::<(String, usize), Row>::new();
    for file in ["reference.csv", "crosscheck.csv"] {
        let text = fs::read_to_string(folder.join(file));
        let text = text
            .unwrap_or_else(|error| panic!("{file} in {}: {error}; set NUTHATCH_TRACES", folder.display()));
        for line in text.lines().skip(1) {
            let [trace, policy, capacity, "objects", requests, hits, ..] =
                line.split(',').collect::<Vec<_>>()[..]
            else {
                continue;
            };
            let (capacity, requests) = (capacity.parse().unwrap(), requests.parse().unwrap());
            let percent = 100.0 * hits.parse::<f64>().unwrap() / requests as f64;
            let row = rows.entry((trace.to_owned(), capacity)).or_insert_with(|| Row {
                trace: trace.to_owned(),
                capacity,
                requests,
                belady: 0.0,
                best: 0.0,
            });
            if (file, policy) == ("reference.csv", "Belady") {
                row.belady = percent;
            }
            if HINDSIGHT.contains(&(file, policy)) {
                row.best = row.best.max(percent);
            }
        }
    }
    rows.into_values().collect()
}

fn open(folder: &Path, name: &str) -> Vec<u32> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_trace = |file: &Path| {
        file.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}.")))
    };
    let file = files.filter(|file| of_trace(file)).max().unwrap();
    cache::numbered(Trace::open(file, Format::Auto).unwrap().map(|request| request.unwrap().key))
}
