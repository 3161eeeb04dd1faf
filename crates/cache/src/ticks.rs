//! Points in time as entries keep them: milliseconds since the clock's origin, in 8 bytes or packed into 4.
//!
//! A deadline is rounded up to the next millisecond and compared with the present rounded down, so an entry never
//! expires early, and less than 1 ms late. Expiry in less than 1 ms steps is not worth the bits.

use std::time::Duration;

use crate::clock::{Clock, nanos};

const NANOS_PER_TICK: u64 = 1_000_000;

/// The present, exact: nanoseconds since the clock's origin. What a deadline is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Now(u64);

impl Now {
    pub(crate) fn of(clock: &Clock) -> Self {
        Self(nanos(clock.elapsed()))
    }

    /// The last millisecond that began.
    pub(crate) const fn ticks(self) -> Ticks {
        Ticks(self.0 / NANOS_PER_TICK)
    }

    /// The first millisecond to begin when `duration` from now is over; for no time at all, the one that began already.
    /// A time that ends more than 584 years after the clock's origin ends never.
    pub(crate) fn after(self, duration: Duration) -> Ticks {
        if duration.is_zero() {
            return self.ticks();
        }
        match self.0.checked_add(nanos(duration)) {
            None | Some(u64::MAX) => Ticks::NEVER,
            Some(end) => Ticks(end.div_ceil(NANOS_PER_TICK)),
        }
    }

    /// Nanoseconds since the clock's origin.
    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }
}

/// A point in time: milliseconds since the clock's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(pub(crate) u64);

impl Ticks {
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// Whether this point lies in the past at `now`, or is `now`.
    pub(crate) const fn reached(self, now: Self) -> bool {
        self.0 <= now.0 && self.0 != Self::NEVER.0
    }

    /// From `now` to this point; none if this is never. Up to 1 ms more than is truly left.
    pub(crate) fn left(self, now: Now) -> Option<Duration> {
        (self != Self::NEVER)
            .then(|| Duration::from_millis(self.0).saturating_sub(Duration::from_nanos(now.0)))
    }

    /// This point moved back; never stays never.
    pub(crate) const fn minus(self, millis: u64) -> Self {
        if self.0 == Self::NEVER.0 { self } else { Self(self.0.saturating_sub(millis)) }
    }

    /// This point moved on; never stays never.
    pub(crate) const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// About 25 days: deadlines that share memory share the era that they are counted from.
const ERA_BITS: u32 = 31;

/// A stretch of 2^31 ms, counted from the clock's origin; the last one, 17 years later, does not end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Era(pub(crate) u8);

impl Era {
    /// The era that `now` falls into.
    pub(crate) const fn of(now: Ticks) -> Self {
        let era = now.0 >> ERA_BITS;
        #[expect(clippy::cast_possible_truncation, reason = "checked")]
        Self(if era > u8::MAX as u64 { u8::MAX } else { era as u8 })
    }

    const fn start(self) -> u64 {
        (self.0 as u64) << ERA_BITS
    }
}

/// A deadline in 4 bytes, relative to an [`Era`].
///
/// With the top bit clear: milliseconds since the era began. With the top bit set: units of 1024 ms since it began,
/// rounded up, which reach 69 years; beyond that, and for `u32::MAX`, never. Of one era, the lower is the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packed(pub(crate) u32);

const COARSE: u32 = 1 << 31;
const COARSE_BITS: u32 = 10;

impl Packed {
    pub(crate) const NEVER: Self = Self(u32::MAX);

    /// Packs a deadline. One before the era began becomes the beginning: passed it is either way, for nobody packs into
    /// an era that is yet to come. Up to 1023 ms late if the deadline is more than an era away. Unpacked and packed again
    /// it comes to a later era without any further error.
    #[expect(clippy::cast_possible_truncation, reason = "each branch is checked for the bits that it keeps")]
    pub(crate) const fn new(deadline: Ticks, era: Era) -> Self {
        let since = deadline.0.saturating_sub(era.start());
        if since < COARSE as u64 {
            return Self(since as u32);
        }
        let units = since.div_ceil(1 << COARSE_BITS);
        if units < (COARSE - 1) as u64 { Self(COARSE | units as u32) } else { Self::NEVER }
    }

    pub(crate) const fn unpack(self, era: Era) -> Ticks {
        if self.0 == Self::NEVER.0 {
            return Ticks::NEVER;
        }
        let since =
            if self.0 & COARSE == 0 { self.0 as u64 } else { ((self.0 & !COARSE) as u64) << COARSE_BITS };
        Ticks(era.start() + since)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Times of all sizes, and the borders between the representations.
    fn millis() -> impl Strategy<Value = u64> {
        prop_oneof![
            4 => (0..64_u32, any::<u64>()).prop_map(|(shift, bits)| bits >> shift),
            1 => ((0..300_u64), (0..5_u64)).prop_map(|(era, off)| ((era << ERA_BITS) + off).saturating_sub(2)),
            1 => (0..5_u64).prop_map(|off| ((u64::from(COARSE) - 1) << COARSE_BITS) - 2 + off),
        ]
    }

    proptest! {
        #[test]
        fn a_deadline_is_never_early_and_less_than_a_millisecond_late(now in 0..u64::MAX / 4, ttl in 1..u64::MAX / 4) {
            let deadline = Now(now).after(Duration::from_nanos(ttl));
            let exact = now + ttl;
            prop_assert!(!deadline.reached(Now(exact - 1).ticks()));
            prop_assert!(deadline.reached(Now(exact + NANOS_PER_TICK - 1).ticks()));
            let left = deadline.left(Now(now)).unwrap().as_nanos();
            prop_assert!((u128::from(ttl)..u128::from(ttl + NANOS_PER_TICK)).contains(&left));
        }

        #[test]
        fn packing_is_never_early_and_at_most_a_unit_late(deadline in millis(), era in any::<u8>()) {
            let era = Era(era);
            let unpacked = Packed::new(Ticks(deadline), era).unpack(era);
            let since = deadline.checked_sub(era.start());
            match since {
                None => prop_assert_eq!(unpacked, Ticks(era.start())),
                Some(since) if since < 1 << ERA_BITS => prop_assert_eq!(unpacked, Ticks(deadline)),
                Some(since) if since <= 0x7fff_fffe << COARSE_BITS => {
                    prop_assert!((deadline..deadline + 1024).contains(&unpacked.0), "{} {}", deadline, unpacked.0);
                }
                Some(_) => prop_assert_eq!(unpacked, Ticks::NEVER),
            }
        }

        #[test]
        fn packing_keeps_the_order(a in millis(), b in millis(), era in any::<u8>()) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(Packed::new(Ticks(low), Era(era)) <= Packed::new(Ticks(high), Era(era)));
        }

        /// However often the memory around it changes its era, a deadline drifts no further.
        #[test]
        fn rebasing_forward_adds_no_error(deadline in millis(), mut eras in proptest::collection::vec(any::<u8>(), 2..6)) {
            eras.sort_unstable();
            let first = Packed::new(Ticks(deadline), Era(eras[0])).unpack(Era(eras[0]));
            let mut packed = Packed::new(Ticks(deadline), Era(eras[0]));
            for pair in eras.windows(2) {
                packed = Packed::new(packed.unpack(Era(pair[0])), Era(pair[1]));
                let start = Era(pair[1]).start();
                prop_assert_eq!(packed.unpack(Era(pair[1])), first.max(Ticks(start)));
            }
        }

        #[test]
        fn an_era_that_now_falls_into_has_begun(now in millis()) {
            let era = Era::of(Ticks(now));
            prop_assert!(era.start() <= now);
            prop_assert!(era == Era(u8::MAX) || now < Era(era.0 + 1).start());
        }
    }

    #[test]
    fn never_stays_never_and_no_time_is_over_at_once() {
        let era = Era(7);
        assert_eq!(Packed::new(Ticks::NEVER, era), Packed::NEVER);
        assert_eq!(Packed::NEVER.unpack(era), Ticks::NEVER);
        assert_eq!(Now(5).after(Duration::MAX), Ticks::NEVER);
        assert_eq!((Ticks::NEVER.minus(1), Ticks::NEVER.plus(1)), (Ticks::NEVER, Ticks::NEVER));
        assert_eq!(Ticks::NEVER.left(Now(5)), None);
        assert!(!Ticks::NEVER.reached(Ticks::NEVER));
        let now = Now(1_900_000);
        assert!(now.after(Duration::ZERO).reached(now.ticks()));
    }

    #[test]
    fn present_time_fits_its_era() {
        // A deadline within the era that began last is exact; the era after it as well, seen from the one before.
        let now = Ticks(5 << ERA_BITS);
        let era = Era::of(now);
        assert_eq!(era, Era(5));
        assert_eq!(Packed::new(now, era), Packed(0));
        assert_eq!(Packed::new(Ticks(now.0 + 123), era), Packed(123));
    }
}
