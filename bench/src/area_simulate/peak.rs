//! The most memory that our replay holds at once, by policy.

use crate::{
    allocation::peak_bytes_of,
    area_simulate::{
        CAPACITY_SHARE, POLICIES, nuthatch,
        stream::{Kind, Stream},
    },
    report::{Better, Measure, Role, Sample},
};

pub(super) fn name(kind: Kind) -> String {
    format!("{}/peak-memory", kind.name())
}

pub(super) fn measure(stream: &Stream) -> anyhow::Result<Measure> {
    let mut samples = Vec::new();
    for policy in POLICIES {
        let (bytes, outcome) =
            peak_bytes_of(|| nuthatch::replay(stream, policy, &[stream.distinct / CAPACITY_SHARE]));
        outcome?;
        samples.push(Sample {
            subject: format!("nuthatch-{policy}"),
            role: Role::Ours,
            rounds: vec![bytes as f64 / stream.distinct as f64],
            beside: format!("{:.1} MB for {} distinct objects", bytes as f64 / 1e6, stream.distinct),
        });
    }
    Ok(Measure { name: name(stream.kind), unit: "bytes per distinct object", better: Better::Lower, samples })
}
