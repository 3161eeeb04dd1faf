//! Hits per lookup in a warm cache.

use crate::{
    area_cache::{
        contender::Contender,
        speed::hit_ratio,
        work::{Course, Work},
    },
    effort::Effort,
    report::{Better, Measure, Report},
    stream::Stream,
};

/// Lookups before those that count, and as many that count.
const LOOKUPS: usize = 2_000_000;

/// Asks every contender. Each life has hash seeds of its own, so spread shows how much of it is luck.
pub(crate) fn measure<S: Stream>(name: &str, stream: &S, capacity: u64, effort: Effort, report: &mut Report) {
    if !report.wants(name) {
        return;
    }
    let contenders = Contender::<S>::all();
    let mut samples = contenders.iter().map(Contender::sample).collect::<Vec<_>>();
    for _ in 0..effort.lives {
        for (contender, sample) in contenders.iter().zip(&mut samples) {
            let rig = (contender.build)(capacity);
            let course =
                |start| Course { work: Work::GetThenInsert, stream, threads: 1, start, operations: LOOKUPS };
            rig.turn(&course(0));
            sample.rounds.push(hit_ratio(&rig.turn(&course(LOOKUPS))));
        }
    }
    report.add(&Measure { name: name.to_owned(), unit: "%", better: Better::Higher, samples });
}
