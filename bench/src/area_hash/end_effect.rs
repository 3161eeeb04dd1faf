//! What the choice of a hash function does to a hit of our cache, which is all that its user notices.

use crate::{
    area_cache::{
        contender::{Build, Contender},
        field::Field,
        speed::Question,
        work::Work,
    },
    area_hash::function::HashFunction,
    effort::Effort,
    report::Report,
    stream::{Numbers, Stream, Texts},
};

/// Few enough keys for the processor's second cache to hold the entries: where memory is slow, hashing hides behind it.
const KEYS: u32 = 5_000;
/// Requests after which all keys but some of the rarest are held.
const WARM: usize = 500_000;

pub(crate) fn measure(functions: &[HashFunction], effort: Effort, report: &mut Report) {
    let (numbers, texts) = (Numbers::zipf(KEYS), Texts::zipf(KEYS));
    ask("get-u64", &numbers, functions, |function| function.cache_of_numbers, effort, report);
    ask("get-20-byte-string", &texts, functions, |function| function.cache_of_texts, effort, report);
}

fn ask<S: Stream>(
    name: &str,
    stream: &S,
    functions: &[HashFunction],
    build: fn(&HashFunction) -> Build<S>,
    effort: Effort,
    report: &mut Report,
) {
    let get = Question { name, work: Work::Get, stream, threads: &[1, 2] };
    if !get.is_wanted(report) {
        return;
    }
    let contender = |function: &HashFunction| Contender {
        name: function.name,
        role: function.role,
        loads: true,
        build: build(function),
    };
    let contenders = functions.iter().map(contender).collect();
    let field = Field::filled(contenders, 2 * u64::from(KEYS), (stream, WARM), report);
    get.ask(&field, effort, report);
}
