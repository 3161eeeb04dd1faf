//! The policies by name.

use std::{fmt, str::FromStr};

use crate::{
    Policy,
    arc::Arc,
    auto::Auto,
    cacheus::Cacheus,
    car::Car,
    clock::Clock,
    clock_pro::ClockPro,
    greedy_dual::{GreedyDual, Worth},
    hyperbolic::Hyperbolic,
    lecar::Lecar,
    lfu::{Frequent, Lfu},
    lhd::Lhd,
    lirs::Lirs,
    lru_k::LruK,
    nru::Nru,
    queue::{OnHit, Queue, Victim},
    random::Random,
    s3_fifo::S3Fifo,
    sieve::Sieve,
    slru::Slru,
    two_q::TwoQ,
    w_tinylfu::WTinyLfu,
};

/// One line per policy: its variant, its spelling, what builds one for a capacity.
macro_rules! policies {
    ($($(#[$attribute:meta])* $variant:ident $name:literal => |$capacity:pat_param| $build:expr;)*) => {
        /// Names a policy; [`build`](Self::build) makes one.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum PolicyKind {
            $($(#[$attribute])* $variant,)*
        }

        impl PolicyKind {
            /// Every policy once, in alphabetical order of spelling. [`Auto`](Self::Auto) comes last.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The spelling used on command lines, in configuration and in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// A fresh policy for a cache that holds up to `capacity` units of weight.
            #[must_use]
            pub fn build(self, capacity: u64) -> Box<dyn Policy> {
                match (self, capacity) {
                    $((Self::$variant, $capacity) => Box::new($build),)*
                }
            }
        }
    };
}

policies! {
    /// 2Q (VLDB 1994), the full version. With other shares: [`TwoQ`].
    TwoQ "2q" => |capacity| TwoQ::new(capacity);
    /// ARC (FAST 2003).
    Arc "arc" => |capacity| Arc::new(capacity);
    /// Cacheus (FAST 2021).
    Cacheus "cacheus" => |capacity| Cacheus::new(capacity);
    /// CAR (FAST 2004).
    Car "car" => |capacity| Car::new(capacity);
    /// CLOCK with one bit: FIFO with a second chance.
    Clock "clock" => |_| Clock::new(1);
    /// CLOCK with two bits: up to three more chances.
    Clock2Bit "clock-2bit" => |_| Clock::new(2);
    /// CLOCK-Pro (USENIX ATC 2005).
    ClockPro "clock-pro" => |capacity| ClockPro::new(capacity);
    /// First in, first out.
    Fifo "fifo" => |_| Queue::new(OnHit::Stay, Victim::Oldest);
    /// Greedy-Dual-Size-Frequency.
    Gdsf "gdsf" => |_| GreedyDual::new(Worth::OnePerWeight);
    /// Hyperbolic caching (ATC 2017).
    Hyperbolic "hyperbolic" => |_| Hyperbolic::new();
    /// LeCaR (HotStorage 2018).
    Lecar "lecar" => |capacity| Lecar::new(capacity);
    /// Least frequently used.
    Lfu "lfu" => |_| Lfu::new(Frequent::Least);
    /// Least frequently used, with dynamic ageing.
    LfuDa "lfu-da" => |_| GreedyDual::new(Worth::One);
    /// LHD (NSDI 2018).
    Lhd "lhd" => |capacity| Lhd::new(capacity);
    /// Last in, first out.
    Lifo "lifo" => |_| Queue::new(OnHit::Stay, Victim::Newest);
    /// LIRS (SIGMETRICS 2002).
    Lirs "lirs" => |capacity| Lirs::new(capacity);
    /// Least recently used.
    Lru "lru" => |_| Queue::new(OnHit::MoveToHead, Victim::Oldest);
    /// LRU-K with K = 2 (SIGMOD 1993). With another K: [`LruK`].
    LruK "lru-k" => |capacity| LruK::new(capacity);
    /// Most frequently used.
    Mfu "mfu" => |_| Lfu::new(Frequent::Most);
    /// Most recently used.
    Mru "mru" => |_| Queue::new(OnHit::MoveToHead, Victim::Newest);
    /// Not recently used: one bit per entry.
    Nru "nru" => |_| Nru::default();
    /// Random.
    Random "random" => |_| Random::new();
    /// S3-FIFO (SOSP 2023). With other shares: [`S3Fifo`].
    S3Fifo "s3-fifo" => |capacity| S3Fifo::new(capacity);
    /// SIEVE (NSDI 2024).
    Sieve "sieve" => |_| Sieve::new();
    /// SLRU in four segments of equal size. With more or fewer: [`Slru`].
    Slru "slru" => |capacity| Slru::new(capacity);
    /// W-TinyLFU (ACM TOS 2017) with a window of 1 %. With another: [`WTinyLfu`].
    WTinyLfu "w-tinylfu" => |capacity| WTinyLfu::new(capacity);
    /// W-TinyLFU with the window's share found by hill climbing (Middleware 2018).
    WTinyLfuAdaptive "w-tinylfu-adaptive" => |capacity| WTinyLfu::adaptive(capacity);
    /// Ours, the default: S3-FIFO's queues, entered by count, and a share of the small queue that steers itself: [`Auto`].
    #[default]
    Auto "auto" => |capacity| Auto::new(capacity);
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PolicyKind {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownPolicy { name: name.to_owned() })
    }
}

/// A policy's name that is not known; the message lists those that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPolicy {
    /// The name as given.
    pub name: String,
}

impl fmt::Display for UnknownPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = PolicyKind::ALL.map(PolicyKind::name).join(", ");
        write!(f, "unknown policy \"{}\"; known are {known}", self.name)
    }
}

impl std::error::Error for UnknownPolicy {}
