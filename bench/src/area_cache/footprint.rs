//! Bytes per entry over its payload, after a cache has turned over many times.

use crate::{
    allocation::live_bytes_of,
    area_cache::{
        contender::Contender,
        work::{Course, Work},
    },
    effort::Effort,
    report::{Better, Measure, Report},
    stream::Stream,
};

const CAPACITY: u64 = 100_000;
/// Operations of each kind of churn: what is held is then what a long-lived cache holds, ghosts and spare room included.
const CHURN: usize = 20 * 100_000;

/// Asks every contender. Bytes are those requested of the allocator, whose own rounding is not counted.
pub(crate) fn measure<S: Stream>(name: &str, zipf: &S, strangers: &S, effort: Effort, report: &mut Report) {
    if !report.wants(name) {
        return;
    }
    let contenders = Contender::<S>::all();
    let mut samples = contenders.iter().map(Contender::sample).collect::<Vec<_>>();
    for _ in 0..effort.lives {
        for (contender, sample) in contenders.iter().zip(&mut samples) {
            let (bytes, rig) = live_bytes_of(|| {
                let rig = (contender.build)(CAPACITY);
                for (work, stream) in
                    [(Work::GetThenInsert, zipf), (Work::Insert, strangers), (Work::GetThenInsert, zipf)]
                {
                    rig.turn(&Course { work, stream, threads: 1, start: 0, operations: CHURN });
                }
                rig.entries(); // so that nothing is put off
                rig
            });
            let entries = rig.entries();
            sample.rounds.push(overhead::<S>(bytes, entries));
            sample.beside = format!("{entries} entries");
        }
    }
    report.add(&Measure { name: name.to_owned(), unit: "B/entry", better: Better::Lower, samples });
}

#[expect(clippy::cast_precision_loss, reason = "bytes of one cache are far below 2^52")]
fn overhead<S: Stream>(bytes: i64, entries: u64) -> f64 {
    bytes as f64 / entries as f64 - S::PAYLOAD_BYTES as f64
}
