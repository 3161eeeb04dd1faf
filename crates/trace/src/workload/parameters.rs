//! The parameters of workloads: their names, how they are read and shown.

use super::{
    number::{parse_amount, parse_real, parse_share},
    spread::Spread,
};

/// All parameters; a workload uses some of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parameters {
    pub(super) keys: u64,
    pub(super) exponent: f64,
    pub(super) requests: u64,
    pub(super) seed: u64,
    pub(super) sizes: Spread,
    pub(super) ttl: Option<Spread>,
    /// Requests per second; none has no time.
    pub(super) rate: Option<u64>,
    pub(super) writes: f64,
    pub(super) deletes: f64,
    pub(super) hot: f64,
    pub(super) heat: f64,
    pub(super) inserts: f64,
    pub(super) period: u64,
    pub(super) step: f64,
    pub(super) scans: f64,
    pub(super) length: u64,
    pub(super) cold: u64,
    pub(super) start: f64,
    pub(super) duration: f64,
    pub(super) crowd: u64,
}

/// The names of [`Parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Keys,
    Exponent,
    Requests,
    Seed,
    Sizes,
    Ttl,
    Rate,
    Writes,
    Deletes,
    Hot,
    Heat,
    Inserts,
    Period,
    Step,
    Scans,
    Length,
    Cold,
    Start,
    Duration,
    Crowd,
}

/// Up to here every whole number is a floating point number, as the ranks of Zipf's law have to be.
const KEYS_MAX: u64 = 1 << 53;
/// Beyond it one key gets all there is.
const EXPONENT_MAX: f64 = 20.0;

const AMOUNT: &str = "a whole number of at least 1, at most 2^53, such as 1000000, 1e6 or 20M";
const SHARE: &str = "a share from 0% to 100%, such as 10% or 0.1";
const SPREAD: &str =
    "bytes as in 4096, uniform:100-2000, lognormal:MEDIAN:SIGMA or pareto:LEAST:ALPHA[:MOST]";

impl Parameter {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Exponent => "exponent",
            Self::Requests => "requests",
            Self::Seed => "seed",
            Self::Sizes => "sizes",
            Self::Ttl => "ttl",
            Self::Rate => "rate",
            Self::Writes => "writes",
            Self::Deletes => "deletes",
            Self::Hot => "hot",
            Self::Heat => "heat",
            Self::Inserts => "inserts",
            Self::Period => "period",
            Self::Step => "step",
            Self::Scans => "scans",
            Self::Length => "length",
            Self::Cold => "cold",
            Self::Start => "start",
            Self::Duration => "duration",
            Self::Crowd => "crowd",
        }
    }

    /// Sets it to `text`, or says what was expected.
    pub(super) fn set(self, to: &mut Parameters, text: &str) -> Result<(), &'static str> {
        let amount = || parse_amount(text).filter(|amount| (1..=KEYS_MAX).contains(amount)).ok_or(AMOUNT);
        let share = || parse_share(text).ok_or(SHARE);
        let some_share =
            || parse_share(text).filter(|share| *share > 0.0).ok_or("a share above 0%, such as 10% or 0.1");
        match self {
            Self::Keys => to.keys = amount()?,
            Self::Exponent => {
                let exponent = parse_real(text).filter(|real| (0.0..=EXPONENT_MAX).contains(real));
                to.exponent = exponent.ok_or("a number from 0 to 20, such as 0.9")?;
            }
            Self::Requests => to.requests = amount()?,
            Self::Seed => to.seed = parse_amount(text).ok_or("a whole number, such as 1")?,
            Self::Sizes => to.sizes = text.parse().map_err(|()| SPREAD)?,
            Self::Ttl => {
                to.ttl =
                    match text {
                        "none" => None,
                        _ => Some(text.parse().map_err(
                            |()| "seconds as in 60, uniform:60-3600, lognormal:MEDIAN:SIGMA or none",
                        )?),
                    }
            }
            Self::Rate => {
                to.rate = match text {
                    "none" => None,
                    _ => Some(amount().map_err(|_| "requests per second, at least 1, or none")?),
                }
            }
            Self::Writes => to.writes = share()?,
            Self::Deletes => to.deletes = share()?,
            Self::Hot => to.hot = some_share()?,
            Self::Heat => to.heat = share()?,
            Self::Inserts => to.inserts = share()?,
            Self::Period => to.period = amount()?,
            Self::Step => to.step = share()?,
            Self::Scans => to.scans = share()?,
            Self::Length => to.length = amount()?,
            Self::Cold => to.cold = amount()?,
            Self::Start => to.start = share()?,
            Self::Duration => to.duration = share()?,
            Self::Crowd => to.crowd = amount()?,
        }
        Ok(())
    }

    /// As [`set`](Self::set) would read it.
    pub(super) fn show(self, of: &Parameters) -> String {
        let maybe = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        match self {
            Self::Keys => of.keys.to_string(),
            Self::Exponent => of.exponent.to_string(),
            Self::Requests => of.requests.to_string(),
            Self::Seed => of.seed.to_string(),
            Self::Sizes => of.sizes.to_string(),
            Self::Ttl => maybe(of.ttl.map(|ttl| ttl.to_string())),
            Self::Rate => maybe(of.rate.map(|rate| rate.to_string())),
            Self::Writes => of.writes.to_string(),
            Self::Deletes => of.deletes.to_string(),
            Self::Hot => of.hot.to_string(),
            Self::Heat => of.heat.to_string(),
            Self::Inserts => of.inserts.to_string(),
            Self::Period => of.period.to_string(),
            Self::Step => of.step.to_string(),
            Self::Scans => of.scans.to_string(),
            Self::Length => of.length.to_string(),
            Self::Cold => of.cold.to_string(),
            Self::Start => of.start.to_string(),
            Self::Duration => of.duration.to_string(),
            Self::Crowd => of.crowd.to_string(),
        }
    }
}
