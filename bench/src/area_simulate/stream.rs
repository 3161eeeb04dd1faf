//! What is replayed: a file that every simulator reads, and its keys in memory.

use std::{
    collections::HashSet,
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use anyhow::Context;
use nuthatch_trace::{Format, Request, Trace, Writer};

use crate::{effort::Effort, published::Folder, random::Random, zipf::Zipf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workstation's disk, with scans: the published trace.
    ArcP3,
    /// Skewed and without memory.
    Zipf,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::ArcP3, Self::Zipf];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ArcP3 => "arc_P3",
            Self::Zipf => "zipf",
        }
    }
}

pub(super) struct Stream {
    pub(super) kind: Kind,
    /// In the format `oracle`, unpacked, every object of size 1.
    pub(super) file: PathBuf,
    pub(super) keys: Vec<u64>,
    pub(super) distinct: u64,
}

const ZIPF_KEYS: u32 = 1_000_000;
const ZIPF_EXPONENT: f64 = 0.9;
const SEED: u64 = 1;

impl Stream {
    /// `None`, and a line that says so, if the published trace is not at hand.
    pub(super) fn write(
        kind: Kind,
        traces: &Folder,
        effort: Effort,
        folder: &Path,
    ) -> anyhow::Result<Option<Self>> {
        let keys = match kind {
            Kind::Zipf => zipf(effort.requests),
            Kind::ArcP3 => {
                let path = match traces.find("arc_P3_first2M.lis.zst") {
                    Ok(path) => path,
                    Err(error) => {
                        eprintln!("not measured: arc_P3: {error:#}");
                        return Ok(None);
                    }
                };
                let trace = Trace::open(path, Format::Auto)?;
                trace.map(|request| Ok(request?.key)).collect::<anyhow::Result<Vec<_>>>()?
            }
        };
        let file = folder.join(format!("{}.oracleGeneral.bin", kind.name()));
        let out = File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
        let mut writer = Writer::new(BufWriter::new(out), Format::Oracle)?;
        for key in &keys {
            writer.write(&Request::new(*key, 1))?;
        }
        writer.finish()?;
        let distinct = keys.iter().collect::<HashSet<_>>().len() as u64;
        Ok(Some(Self { kind, file, keys, distinct }))
    }
}

fn zipf(requests: usize) -> Vec<u64> {
    let zipf = Zipf::new(ZIPF_KEYS, ZIPF_EXPONENT);
    let mut random = Random::new(SEED);
    // Scattered as real keys are; key 0 is a mark of its own in some simulators.
    let key = |rank: usize| (rank as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..requests).map(|_| key(zipf.draw(&mut random))).collect()
}
