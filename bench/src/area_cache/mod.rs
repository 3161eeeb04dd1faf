//! Area `cache`: the in-memory cache as a library, beside the caches that Rust programs use today.
//!
//! All subjects hash with `foldhash::fast`, which every one of them lets its user choose.

pub(crate) mod contender;
mod footprint;
mod hit_ratio;
pub(crate) mod speed;
mod subject;
pub(crate) mod work;

use crate::{
    area_cache::{contender::Contender, speed::Question, work::Work},
    effort::Effort,
    report::Report,
    stream::{Numbers, Texts, UNIVERSE},
};

/// A tenth of the keys fit.
const TENTH: u64 = UNIVERSE as u64 / 10;
/// All keys fit, and as many again.
pub(crate) const ROOMY: u64 = UNIVERSE as u64 * 2;
/// Enough operations to fill a cache of a tenth, and to bring it into its steady state.
const WARM: usize = 2_000_000;

pub(crate) fn run(effort: Effort, report: &mut Report) {
    let numbers = Numbers::zipf(UNIVERSE);
    speed_of_numbers(&numbers, effort, report);
    hit_ratio::measure("hit-ratio-at-1-percent", &numbers, TENTH / 10, effort, report);
    hit_ratio::measure("hit-ratio-at-10-percent", &numbers, TENTH, effort, report);
    footprint::measure("bytes-per-entry-u64", &numbers, &Numbers::strangers(), effort, report);
    drop(numbers);

    let texts = Texts::zipf(UNIVERSE);
    speed_of_texts(&texts, effort, report);
    footprint::measure("bytes-per-entry-string", &texts, &Texts::strangers(), effort, report);
}

fn speed_of_numbers(zipf: &Numbers, effort: Effort, report: &mut Report) {
    let contenders = Contender::<Numbers>::all();
    let read = Question {
        name: "read-hit",
        capacity: ROOMY,
        fill: (&Numbers::universe(), UNIVERSE as usize),
        work: Work::Get,
        stream: zipf,
    };
    read.ask(&contenders, effort, report);

    let tenth = |name, work| Question { name, capacity: TENTH, fill: (zipf, WARM), work, stream: zipf };
    tenth("get-then-insert", Work::GetThenInsert).ask(&contenders, effort, report);
    tenth("get-or-insert-with", Work::GetOrInsertWith).ask(&contenders, effort, report);
    tenth("mix-95-5", Work::Mix { insert_every: 20 }).ask(&contenders, effort, report);
    tenth("mix-75-25", Work::Mix { insert_every: 4 }).ask(&contenders, effort, report);

    let strangers = Numbers::strangers();
    let fill = (&strangers, WARM);
    let full =
        Question { name: "insert-full", capacity: TENTH, fill, work: Work::Insert, stream: &strangers };
    full.ask(&contenders, effort, report);
}

fn speed_of_texts(zipf: &Texts, effort: Effort, report: &mut Report) {
    let contenders = Contender::<Texts>::all();
    let tenth = |name, work| Question { name, capacity: TENTH, fill: (zipf, WARM), work, stream: zipf };
    tenth("string-get-then-insert", Work::GetThenInsert).ask(&contenders, effort, report);
    tenth("string-get-or-insert-with", Work::GetOrInsertWith).ask(&contenders, effort, report);
}
