//! What decides when an entry is fresh, due for a refresh, stale or gone.
//!
//! An entry carries up to three deadlines ([`Times`]). `expires` is when it must be gone, its stale windows included, so
//! whoever sweeps compares one number; when it stops being fresh follows from it, for the windows are the same for all
//! entries. Packed deadlines that lie in the past lose when that was, and nothing here needs to know.

use std::time::Duration;

use crate::{
    expiry::Expiry,
    ticks::{Now, Ticks},
};

/// The times that a cache was built with.
pub(crate) struct Lifetimes<K, V> {
    time_to_live: Option<Duration>,
    time_to_idle: Option<Duration>,
    refresh_after_write: Option<Duration>,
    /// Milliseconds after `time_to_live`.
    stale_while_revalidate: u64,
    stale_if_error: u64,
    jitter: Jitter,
    expiry: Option<Box<dyn Expiry<K, V>>>,
}

/// The deadlines of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// When the entry is gone, even as a stale one.
    pub(crate) expires: Ticks,
    /// When the entry is gone unless it is read before.
    pub(crate) idle: Ticks,
    /// When the value should be loaded anew.
    pub(crate) refresh: Ticks,
}

/// What an entry is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Fresh,
    /// Good, but its value should be loaded anew.
    RefreshDue,
    /// Past its time: no answer to a plain look-up.
    Stale {
        /// May be served while someone loads it anew.
        revalidate: bool,
        /// May be served if loading it anew fails.
        error: bool,
    },
    Dead,
}

impl Times {
    pub(crate) const FOREVER: Self =
        Self { expires: Ticks::NEVER, idle: Ticks::NEVER, refresh: Ticks::NEVER };

    /// When the entry is gone unless it is read or written before.
    pub(crate) fn death(&self) -> Ticks {
        self.expires.min(self.idle)
    }
}

impl<K, V> Default for Lifetimes<K, V> {
    fn default() -> Self {
        Self {
            time_to_live: None,
            time_to_idle: None,
            refresh_after_write: None,
            stale_while_revalidate: 0,
            stale_if_error: 0,
            jitter: Jitter::NONE,
            expiry: None,
        }
    }
}

impl<K, V> Lifetimes<K, V> {
    pub(crate) fn live(mut self, duration: Option<Duration>) -> Self {
        self.time_to_live = duration;
        self
    }

    pub(crate) fn idle(mut self, duration: Option<Duration>) -> Self {
        self.time_to_idle = duration;
        self
    }

    pub(crate) fn refresh(mut self, duration: Option<Duration>) -> Self {
        self.refresh_after_write = duration;
        self
    }

    pub(crate) fn stale(mut self, while_revalidate: Duration, if_error: Duration) -> Self {
        self.stale_while_revalidate = millis(while_revalidate);
        self.stale_if_error = millis(if_error);
        self
    }

    pub(crate) fn jitter(mut self, share: f64) -> Self {
        self.jitter = Jitter::new(share);
        self
    }

    pub(crate) fn expiry(mut self, expiry: Option<Box<dyn Expiry<K, V>>>) -> Self {
        self.expiry = expiry;
        self
    }

    /// The deadlines of a new entry. `own` is the time to live that came with it. Reads the clock only if it must.
    pub(crate) fn on_create(
        &self,
        now: impl FnOnce() -> Now,
        hash: u64,
        own: Option<Duration>,
        key: &K,
        value: &V,
    ) -> Times {
        let ttl = own
            .or_else(|| self.expiry.as_ref().and_then(|expiry| expiry.after_create(key, value)))
            .or(self.time_to_live);
        self.written(now, hash, ttl)
    }

    /// The deadlines of an entry at `old` that gets a new value.
    pub(crate) fn on_update(
        &self,
        now: impl FnOnce() -> Now,
        hash: u64,
        own: Option<Duration>,
        old: &Times,
        key: &K,
        value: &V,
    ) -> Times {
        let (None, Some(expiry)) = (own, &self.expiry) else {
            return self.written(now, hash, own.or(self.time_to_live));
        };
        let now = now();
        let ttl = expiry.after_update(key, value, self.fresh_until(old).left(now));
        self.written(|| now, hash, ttl.or(self.time_to_live))
    }

    fn written(&self, now: impl FnOnce() -> Now, hash: u64, ttl: Option<Duration>) -> Times {
        if ttl.is_none() && self.time_to_idle.is_none() && self.refresh_after_write.is_none() {
            return Times::FOREVER;
        }
        let now = now();
        let after = |duration| now.after(self.jitter.shorten(duration, hash, now));
        Times {
            expires: ttl.map_or(Ticks::NEVER, |ttl| after(ttl).plus(self.grace())),
            idle: self.time_to_idle.map_or(Ticks::NEVER, |duration| now.after(duration)),
            refresh: self.refresh_after_write.map_or(Ticks::NEVER, after),
        }
    }

    /// Whether values are to be loaded anew before their time is over.
    #[inline]
    pub(crate) fn refreshes(&self) -> bool {
        self.refresh_after_write.is_some()
    }

    /// Whether entries without a time of their own live for ever.
    pub(crate) const fn is_plain(&self) -> bool {
        self.time_to_live.is_none()
            && self.time_to_idle.is_none()
            && self.refresh_after_write.is_none()
            && self.expiry.is_none()
    }

    /// Whether a read may move a deadline: without this, nobody needs to ask [`on_read`](Self::on_read).
    pub(crate) fn reads_matter(&self) -> bool {
        self.time_to_idle.is_some() || self.expiry.is_some()
    }

    /// The deadlines after a read, if they are others than before.
    pub(crate) fn on_read(&self, now: Now, old: &Times, key: &K, value: &V) -> Option<Times> {
        let mut times = *old;
        if let Some(expiry) = &self.expiry
            && let Some(left) = expiry.after_read(key, value, self.fresh_until(old).left(now))
        {
            times.expires = now.after(left).plus(self.grace());
        }
        if let Some(duration) = self.time_to_idle {
            times.idle = now.after(duration);
        }
        (times != *old).then_some(times)
    }

    /// What the entry is good for. Asked on each read, so that expiry is exact. Reads the clock only if it must.
    pub(crate) fn state(&self, now: impl FnOnce() -> Ticks, times: &Times) -> State {
        if *times == Times::FOREVER {
            return State::Fresh;
        }
        let now = now();
        if times.death().reached(now) {
            return State::Dead;
        }
        let fresh_until = self.fresh_until(times);
        if fresh_until.reached(now) {
            let stale_for = now.0 - fresh_until.0;
            return State::Stale {
                revalidate: stale_for < self.stale_while_revalidate,
                error: stale_for < self.stale_if_error,
            };
        }
        if times.refresh.reached(now) { State::RefreshDue } else { State::Fresh }
    }

    /// The deadlines of an entry of another cache, whose time is over at `fresh_until`.
    #[cfg(feature = "snapshot")]
    pub(crate) fn restored(&self, fresh_until: Ticks, idle: Ticks, refresh: Ticks) -> Times {
        Times { expires: fresh_until.plus(self.grace()), idle, refresh }
    }

    /// When the time of an entry is over, whether or not it may still be of use then.
    pub(crate) fn fresh_until(&self, times: &Times) -> Ticks {
        times.expires.minus(self.grace())
    }

    /// How long after its time an entry may still be of use, in milliseconds.
    fn grace(&self) -> u64 {
        self.stale_while_revalidate.max(self.stale_if_error)
    }
}

/// How much shorter than asked for an entry may live, so that what is written together does not expire together.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Jitter {
    /// The largest share taken off, in units of 2^-32.
    share: u64,
}

impl Jitter {
    const NONE: Self = Self { share: 0 };

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=2^32, and what is no number becomes 0"
    )]
    fn new(share: f64) -> Self {
        Self { share: (share.clamp(0.0, 1.0) * f64::from(1_u32 << 31) * 2.0) as u64 }
    }

    /// `duration` less a pseudo-random part of it, at most the share. It follows from the key's hash and the time of
    /// writing: other keys, and the same key written again, draw another. For ever stays for ever.
    fn shorten(self, duration: Duration, hash: u64, now: Now) -> Duration {
        if self.share == 0 || duration == Duration::MAX {
            return duration;
        }
        let draw = mix(hash ^ mix(now.nanos())) >> 32;
        let cut = (duration.as_nanos() * u128::from(self.share)) >> 32;
        let cut = (cut * u128::from(draw)) >> 32;
        duration.saturating_sub(Duration::from_nanos(u64::try_from(cut).unwrap_or(u64::MAX)))
    }
}

/// The last steps of `SplitMix64`: every bit of the input moves every bit of the result.
const fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Whole milliseconds, rounded up.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
