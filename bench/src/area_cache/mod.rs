//! Area `cache`: the in-memory cache as a library, beside the caches that Rust programs use today. `bench/README.md`
//! says what each measure means.

pub(crate) mod contender;
mod crew;
pub(crate) mod field;
mod hit_ratio;
pub(crate) mod memory;
pub(crate) mod speed;
mod subject;
mod tail;
mod traces;
pub(crate) mod work;

use crate::{
    area_cache::{contender::Contender, field::Field, speed::Question, tail::TailQuestion, work::Work},
    effort::Effort,
    published::Folder,
    report::Report,
    stream::{Numbers, Texts, UNIVERSE},
};

/// A tenth of the keys fit.
const TENTH: u64 = UNIVERSE as u64 / 10;
/// All keys fit, and as many again.
const ROOMY: u64 = UNIVERSE as u64 * 2;
/// Enough operations to fill a cache of a tenth, and to bring it into its steady state.
const WARM: usize = 1_000_000;
/// Zipf's exponents beside the usual one, in a run that is not quick.
const MORE_EXPONENTS: [f64; 3] = [0.7, 1.0, 1.2];

pub(crate) fn run(traces: &Folder, effort: Effort, report: &mut Report) {
    tail::measure_timer(effort, report);
    let zipf = Numbers::zipf(UNIVERSE);
    all_keys_held(&zipf, effort, report);
    a_tenth_held(&zipf, effort, report);
    drop(zipf);
    strangers_inserted(effort, report);
    one_hot_key(effort, report);
    many_at_once(effort, report);
    texts(effort, report);
    if effort.full {
        other_exponents(effort, report);
    }
    hit_ratio::measure_loop(effort, report);
    hit_ratio::measure_fill(effort, report);
    hit_ratio::measure_zipf(effort, report);
    traces::measure(traces, effort, report);
    memory::measure_bytes_per_entry(effort, report);
    memory::measure_nearly_empty(effort, report);
}

fn all_keys_held(zipf: &Numbers, effort: Effort, report: &mut Report) {
    let read = Question { name: "read-hit", work: Work::Get, stream: zipf, threads: &[1, 2, 4, 8] };
    let tail = |companion| TailQuestion { name: "get", work: Work::Get, stream: zipf, companion };
    let tails = [tail(None), tail(Some(Work::Insert))];
    if read.is_wanted(report) || tails.iter().any(|tail| tail.is_wanted(report)) {
        let universe = Numbers::universe(UNIVERSE);
        let field = Field::filled(Contender::all(), ROOMY, (&universe, UNIVERSE as usize), report);
        read.ask(&field, effort, report);
        tails.iter().for_each(|tail| tail.ask(&field, effort, report));
    }
}

fn a_tenth_held(zipf: &Numbers, effort: Effort, report: &mut Report) {
    let of = |name, work, threads| Question { name, work, stream: zipf, threads };
    let questions = [
        of("get-then-insert", Work::GetThenInsert, &[1, 2, 4, 8]),
        of("get-or-insert-with", Work::GetOrInsertWith, &[1, 2]),
        of("mix-95-5", Work::Mix { insert_every: 20 }, &[1, 2, 8]),
        of("mix-75-25", Work::Mix { insert_every: 4 }, &[1, 2, 8]),
    ];
    if questions.iter().any(|question| question.is_wanted(report)) {
        let field = Field::filled(Contender::all(), TENTH, (zipf, WARM), report);
        questions.iter().for_each(|question| question.ask(&field, effort, report));
    }
}

fn strangers_inserted(effort: Effort, report: &mut Report) {
    let strangers = &Numbers::strangers(UNIVERSE);
    let insert = Question { name: "insert-full", work: Work::Insert, stream: strangers, threads: &[1, 2, 8] };
    let tail =
        |companion| TailQuestion { name: "insert-full", work: Work::Insert, stream: strangers, companion };
    let tails = [tail(None), tail(Some(Work::Get))];
    if insert.is_wanted(report) || tails.iter().any(|tail| tail.is_wanted(report)) {
        let field = Field::filled(Contender::evicting(), TENTH, (strangers, WARM), report);
        insert.ask(&field, effort, report);
        tails.iter().for_each(|tail| tail.ask(&field, effort, report));
    }
}

fn one_hot_key(effort: Effort, report: &mut Report) {
    let hot = &Numbers::of(&[42]);
    let read = Question { name: "hot-key", work: Work::Get, stream: hot, threads: &[2, 8] };
    if read.is_wanted(report) {
        let field = Field::filled(Contender::all(), TENTH, (hot, 1), report);
        read.ask(&field, effort, report);
    }
}

/// Keys of a table that no processor's cache holds.
const MANY_KEYS: u32 = 6_000_000;

fn many_at_once(effort: Effort, report: &mut Report) {
    let uniform = &Numbers::uniform(MANY_KEYS);
    let work = Work::GetMany { batch: 32 };
    let read = Question { name: "get-many-32", work, stream: uniform, threads: &[1, 2] };
    if read.is_wanted(report) {
        let fill = (&Numbers::universe(MANY_KEYS), MANY_KEYS as usize);
        let capacity = u64::from(MANY_KEYS) * 4 / 3;
        let field = Field::filled(Contender::one_and_many(), capacity, fill, report);
        read.ask(&field, effort, report);
    }
}

fn texts(effort: Effort, report: &mut Report) {
    let names = ["string-get-then-insert", "string-get-or-insert-with"];
    let of = |name, work, stream| Question { name, work, stream, threads: &[1, 2] };
    let ask = |texts| [of(names[0], Work::GetThenInsert, texts), of(names[1], Work::GetOrInsertWith, texts)];
    let texts = Texts::zipf(UNIVERSE);
    let questions = ask(&texts);
    if questions.iter().any(|question| question.is_wanted(report)) {
        let field = Field::filled(Contender::all(), TENTH, (&texts, WARM), report);
        questions.iter().for_each(|question| question.ask(&field, effort, report));
    }
}

fn other_exponents(effort: Effort, report: &mut Report) {
    for exponent in MORE_EXPONENTS {
        let names = ["read-hit", "get-then-insert"].map(|name| format!("{name}-zipf-{exponent:.1}"));
        let stream = &Numbers::skewed(UNIVERSE, exponent);
        let of = |name, work| Question { name, work, stream, threads: &[1, 2, 8] };
        let (read, insert) = (of(&names[0], Work::Get), of(&names[1], Work::GetThenInsert));
        if read.is_wanted(report) {
            let universe = Numbers::universe(UNIVERSE);
            let field = Field::filled(Contender::all(), ROOMY, (&universe, UNIVERSE as usize), report);
            read.ask(&field, effort, report);
        }
        if insert.is_wanted(report) {
            let field = Field::filled(Contender::all(), TENTH, (stream, WARM), report);
            insert.ask(&field, effort, report);
        }
    }
}
