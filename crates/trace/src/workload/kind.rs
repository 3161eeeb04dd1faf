//! The workloads there are, and the parameters that each of them has.

use std::{fmt, str::FromStr};

use super::{
    parameters::{Parameter, Parameters},
    spec::InvalidSpec,
    spread::Spread,
};

/// What requests look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Every key as often as any other.
    Uniform,
    /// Zipf's law: key k is asked for in proportion to (k + 1) to the minus exponent.
    Zipf,
    /// Zipf's law, with the popular keys scattered over all numbers.
    ScrambledZipf,
    /// A share of the keys gets a share of the requests; within each part all are alike.
    Hotset,
    /// Zipf's law by age: the newest key is the most popular, and new keys come in.
    Latest,
    /// Zipf's law around a place that moves on every so often.
    Shifting,
    /// One key after another, none twice.
    Scan,
    /// One key after another, round and round.
    Loop,
    /// Scattered Zipf, and now and then a scan through keys that nobody else asks for.
    ScanPoints,
    /// Scattered Zipf, until for a while a few new keys draw a share of all requests.
    FlashCrowd,
    /// Scattered Zipf with reads, writes, deletes, sizes and times to live.
    Mixed,
    /// YCSB's workload A: half reads, half writes.
    YcsbA,
    /// YCSB's workload B: 95 % reads, 5 % writes.
    YcsbB,
    /// YCSB's workload C: reads only.
    YcsbC,
    /// YCSB's workload D: 95 % reads of what is new, 5 % inserts.
    YcsbD,
    /// YCSB's workload E: 95 % short scans, which are runs of reads, 5 % inserts.
    YcsbE,
    /// YCSB's workload F: half reads, half reads that are followed by a write of the same key.
    YcsbF,
}

impl Kind {
    /// Every kind once.
    pub const ALL: [Self; 17] = [
        Self::Uniform,
        Self::Zipf,
        Self::ScrambledZipf,
        Self::Hotset,
        Self::Latest,
        Self::Shifting,
        Self::Scan,
        Self::Loop,
        Self::ScanPoints,
        Self::FlashCrowd,
        Self::Mixed,
        Self::YcsbA,
        Self::YcsbB,
        Self::YcsbC,
        Self::YcsbD,
        Self::YcsbE,
        Self::YcsbF,
    ];

    /// The spelling used on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::ScrambledZipf => "scrambled-zipf",
            Self::Hotset => "hotset",
            Self::Latest => "latest",
            Self::Shifting => "shifting",
            Self::Scan => "scan",
            Self::Loop => "loop",
            Self::ScanPoints => "scan-points",
            Self::FlashCrowd => "flash-crowd",
            Self::Mixed => "mixed",
            Self::YcsbA => "ycsb-a",
            Self::YcsbB => "ycsb-b",
            Self::YcsbC => "ycsb-c",
            Self::YcsbD => "ycsb-d",
            Self::YcsbE => "ycsb-e",
            Self::YcsbF => "ycsb-f",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Uniform => "every key as often as any other",
            Self::Zipf => "key k in proportion to (k + 1)^-exponent: few keys get most requests",
            Self::ScrambledZipf => "the same, with the popular keys scattered over all numbers",
            Self::Hotset => "a share of the keys (hot) gets a share of the requests (heat)",
            Self::Latest => "the newest keys are the most popular, and new ones come in (inserts)",
            Self::Shifting => "zipf around a hot spot that moves on (step) every so often (period)",
            Self::Scan => "one key after another, none twice",
            Self::Loop => "one key after another, round and round",
            Self::ScanPoints => "scattered zipf, and now and then a scan through keys of its own",
            Self::FlashCrowd => "scattered zipf, until for a while all the world wants a few new keys",
            Self::Mixed => "scattered zipf with writes, deletes, sizes and times to live",
            Self::YcsbA => "half reads, half writes",
            Self::YcsbB => "95 % reads, 5 % writes",
            Self::YcsbC => "reads only",
            Self::YcsbD => "95 % reads of what is new, 5 % inserts",
            Self::YcsbE => "95 % short scans, which are runs of reads, 5 % inserts",
            Self::YcsbF => "half reads, half reads that are followed by a write of the same key",
        }
    }

    /// The names of its parameters, its own first.
    pub fn parameter_names(self) -> impl Iterator<Item = &'static str> {
        self.parameters().map(Parameter::name)
    }

    pub(super) fn parameters(self) -> impl Iterator<Item = Parameter> {
        use Parameter::{
            Cold, Crowd, Deletes, Duration, Exponent, Heat, Hot, Inserts, Keys, Length, Period, Rate,
            Requests, Scans, Seed, Sizes, Start, Step, Ttl, Writes,
        };
        let own: &[Parameter] = match self {
            Self::Uniform | Self::Loop => &[Keys],
            Self::Zipf | Self::ScrambledZipf | Self::Mixed => &[Keys, Exponent],
            Self::Hotset => &[Keys, Hot, Heat],
            Self::Latest => &[Keys, Exponent, Inserts],
            Self::Shifting => &[Keys, Exponent, Period, Step],
            Self::Scan => &[],
            Self::ScanPoints => &[Keys, Exponent, Scans, Length, Cold],
            Self::FlashCrowd => &[Keys, Exponent, Start, Duration, Crowd, Heat],
            Self::YcsbE => &[Keys, Exponent, Length],
            Self::YcsbA | Self::YcsbB | Self::YcsbC | Self::YcsbD | Self::YcsbF => &[Keys, Exponent],
        };
        // YCSB says itself what is written.
        let ops: &[Parameter] = if self.is_ycsb() { &[] } else { &[Writes, Deletes] };
        let all: &[Parameter] = &[Requests, Seed, Sizes, Ttl, Rate];
        own.iter().chain(ops).chain(all).copied()
    }

    /// What holds unless it is said otherwise.
    pub(super) fn defaults(self) -> Parameters {
        let common = Parameters {
            keys: 1_000_000,
            exponent: 0.9,
            requests: 1_000_000,
            seed: 1,
            sizes: Spread::Fixed(1),
            ttl: None,
            rate: None,
            writes: 0.0,
            deletes: 0.0,
            hot: 0.2,
            heat: 0.8,
            inserts: 0.05,
            period: 100_000,
            step: 0.1,
            scans: 0.1,
            length: 1000,
            cold: 10_000_000,
            start: 0.4,
            duration: 0.2,
            crowd: 10,
        };
        match self {
            Self::FlashCrowd => Parameters { heat: 0.5, ..common },
            Self::Mixed => Parameters {
                writes: 0.1,
                deletes: 0.01,
                sizes: Spread::Lognormal(1024.0, 1.5),
                ttl: Some(Spread::Fixed(3600)),
                ..common
            },
            // YCSB's own defaults.
            _ if self.is_ycsb() => Parameters { exponent: 0.99, length: 100, ..common },
            _ => common,
        }
    }

    const fn is_ycsb(self) -> bool {
        matches!(self, Self::YcsbA | Self::YcsbB | Self::YcsbC | Self::YcsbD | Self::YcsbE | Self::YcsbF)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = InvalidSpec;

    fn from_str(name: &str) -> Result<Self, InvalidSpec> {
        let known = Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name.trim()));
        known.ok_or_else(|| InvalidSpec::UnknownKind { kind: name.to_owned() })
    }
}
