//! Deadlines against exact arithmetic in nanoseconds, as one would write them down by hand.

use proptest::prelude::*;

use super::*;

type Plain = Lifetimes<u8, u8>;

const MILLI: u64 = 1_000_000;

fn at(nanos: u64) -> Now {
    let clock = crate::ManualClock::new();
    clock.advance(Duration::from_nanos(nanos));
    Now::of(&clock.clock())
}

fn created(lifetimes: &Plain, nanos: u64, own: Option<Duration>) -> Times {
    lifetimes.on_create(|| at(nanos), 1, own, &0, &0)
}

fn state(lifetimes: &Plain, nanos: u64, times: &Times) -> State {
    lifetimes.state(|| at(nanos).ticks(), times)
}

fn optional(nanos: std::ops::Range<u64>) -> impl Strategy<Value = Option<Duration>> {
    proptest::option::of(nanos.prop_map(Duration::from_nanos))
}

/// Whether `passed` lies so near after a deadline at `limit` that rounding up may still deny it.
fn undecided(passed: u64, limit: u64) -> bool {
    (limit..limit + MILLI).contains(&passed)
}

proptest! {
    /// Written once, read once, asked once: the state is what subtraction of nanoseconds says, but within the
    /// millisecond after a deadline, where the earlier state may last.
    #[test]
    fn the_state_is_what_exact_arithmetic_says(
        written in 0..20 * MILLI,
        read_after in 0..20 * MILLI,
        asked_after in 0..40 * MILLI,
        ttl in optional(1..20 * MILLI),
        own in optional(1..20 * MILLI),
        idle in optional(1..20 * MILLI),
        refresh in optional(1..20 * MILLI),
        revalidate in 0..10_u64,
        error in 0..10_u64,
    ) {
        let lifetimes = Plain::default().live(ttl).idle(idle).refresh(refresh)
            .stale(Duration::from_millis(revalidate), Duration::from_millis(error));
        let times = created(&lifetimes, written, own);
        let read = written + read_after;
        let asked = read + asked_after;
        let alive_at_read = !matches!(state(&lifetimes, read, &times), State::Dead | State::Stale { .. });
        let times = if alive_at_read {
            lifetimes.on_read(at(read), &times, &0, &0).unwrap_or(times)
        } else {
            times
        };
        let touched = if alive_at_read { read } else { written };

        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap();
        let live_until = own.or(ttl).map(|ttl| written + nanos(ttl));
        let idle_until = idle.map(|idle| touched + nanos(idle));
        let refresh_at = refresh.map(|refresh| written + nanos(refresh));
        let stale = [revalidate, error].map(|window| live_until.map(|end| end + window * MILLI));
        let all = [live_until, idle_until, refresh_at, stale[0], stale[1]];
        prop_assume!(!all.into_iter().flatten().any(|limit| undecided(asked, limit)));

        let over = |limit: Option<u64>| limit.is_some_and(|limit| limit <= asked);
        let expected = if over(idle_until) || (over(stale[0]) && over(stale[1])) {
            State::Dead
        } else if over(live_until) {
            State::Stale { revalidate: !over(stale[0]), error: !over(stale[1]) }
        } else if over(refresh_at) {
            State::RefreshDue
        } else {
            State::Fresh
        };
        prop_assert_eq!(state(&lifetimes, asked, &times), expected);
        // Whoever sweeps sees the dead, and them alone, by two numbers.
        prop_assert_eq!(times.death().reached(at(asked).ticks()), expected == State::Dead);
    }

    #[test]
    fn jitter_only_shortens_and_by_its_share_at_most(
        share in 0.0..=1.0_f64,
        ttl in 1..100_000 * MILLI,
        hash in any::<u64>(),
        now in 0..u64::MAX / 4,
    ) {
        let asked = Duration::from_nanos(ttl);
        let given = Jitter::new(share).shorten(asked, hash, at(now));
        prop_assert!(given <= asked);
        prop_assert!(given.as_secs_f64() >= asked.as_secs_f64() * (1.0 - share) * 0.999_999 - 1e-9);
        prop_assert_eq!(given, Jitter::new(share).shorten(asked, hash, at(now)), "drawn, not thrown");
    }
}

#[test]
fn entries_written_together_expire_apart() {
    let lifetimes = Plain::default().live(Some(Duration::from_secs(100))).jitter(0.2);
    let mut by_second = [0_u32; 101];
    for hash in 0..20_000 {
        let times = lifetimes.on_create(|| at(0), hash, None, &0, &0);
        by_second[usize::try_from(times.expires.0.div_ceil(1000)).unwrap()] += 1;
    }
    assert!(by_second[..80].iter().all(|count| *count == 0), "{by_second:?}");
    // 20,000 over 20 seconds: a thousand each, give or take six standard deviations.
    assert!(by_second[81..].iter().all(|count| (810..1190).contains(count)), "{by_second:?}");
}

#[test]
fn a_key_written_again_draws_again() {
    let jitter = Jitter::new(0.5);
    let given: std::collections::HashSet<Duration> =
        (0..100).map(|now| jitter.shorten(Duration::from_secs(1000), 7, at(now))).collect();
    assert_eq!(given.len(), 100);
    assert_eq!(jitter.shorten(Duration::MAX, 7, at(0)), Duration::MAX);
}

#[test]
fn what_is_no_share_is_taken_for_the_nearest_that_is() {
    assert_eq!(Jitter::new(f64::NAN), Jitter::NONE);
    assert_eq!(Jitter::new(-1.0), Jitter::NONE);
    assert_eq!(Jitter::new(7.0), Jitter::new(1.0));
}

#[test]
fn the_time_of_an_entry_itself_goes_before_all_others() {
    struct Hour;
    impl Expiry<u8, u8> for Hour {
        fn after_create(&self, _: &u8, value: &u8) -> Option<Duration> {
            (*value > 0).then_some(Duration::from_secs(3600))
        }
    }
    let lifetimes = Plain::default().live(Some(Duration::from_secs(60))).expiry(Some(Box::new(Hour)));
    let expires = |own, value| lifetimes.on_create(|| at(0), 1, own, &0, &value).expires;
    assert_eq!(expires(Some(Duration::from_secs(1)), 1), Ticks(1_000));
    assert_eq!(expires(None, 1), Ticks(3_600_000));
    assert_eq!(expires(None, 0), Ticks(60_000), "no opinion: the cache's own");
    assert_eq!(expires(Some(Duration::MAX), 1), Ticks::NEVER);
}

/// Notes what it was told was left, and answers with the value in seconds, if that is not zero.
struct Told(std::sync::Arc<std::sync::Mutex<Vec<Option<Duration>>>>);

impl Expiry<u8, u8> for Told {
    fn after_read(&self, _: &u8, value: &u8, left: Option<Duration>) -> Option<Duration> {
        self.0.lock().unwrap().push(left);
        (*value > 0).then(|| Duration::from_secs(u64::from(*value)))
    }

    fn after_update(&self, key: &u8, value: &u8, left: Option<Duration>) -> Option<Duration> {
        self.after_read(key, value, left)
    }
}

#[test]
fn reads_and_updates_are_told_what_is_left_and_may_change_it() {
    let told = Told(std::sync::Arc::default());
    let notes = std::sync::Arc::clone(&told.0);
    // The stale window is none of the entry's own time: it must not show in what is left.
    let lifetimes = Plain::default()
        .live(Some(Duration::from_secs(10)))
        .stale(Duration::from_secs(5), Duration::ZERO)
        .expiry(Some(Box::new(told)));
    let times = created(&lifetimes, 0, None);
    assert_eq!(times.expires, Ticks(15_000));
    let second = 1_000 * MILLI;
    assert_eq!(lifetimes.on_read(at(second), &times, &0, &0), None, "no opinion");
    let read = lifetimes.on_read(at(2 * second), &times, &0, &3).unwrap();
    assert_eq!(state(&lifetimes, 5 * second - 1, &read), State::Fresh);
    assert_eq!(state(&lifetimes, 5 * second, &read), State::Stale { revalidate: true, error: false });
    assert_eq!(state(&lifetimes, 10 * second, &read), State::Dead);
    let updated = lifetimes.on_update(|| at(4 * second), 1, None, &read, &0, &0);
    assert_eq!(updated.expires, Ticks(19_000), "no opinion: the cache's own");
    let updated = lifetimes.on_update(|| at(4 * second), 1, Some(Duration::from_secs(1)), &read, &0, &9);
    assert_eq!(updated.expires, Ticks(10_000), "its own goes first");
    let forever = lifetimes.on_read(at(0), &Times::FOREVER, &0, &0);
    assert_eq!(forever, None);
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(*notes.lock().unwrap(), [seconds(9), seconds(8), seconds(1), None]);
}

#[test]
fn an_entry_without_any_time_reads_no_clock() {
    let lifetimes = Plain::default();
    let times = lifetimes.on_create(|| panic!("read the clock"), 1, None, &0, &0);
    assert_eq!(times, Times::FOREVER);
    assert_eq!(lifetimes.state(|| panic!("read the clock"), &times), State::Fresh);
    let times = lifetimes.on_update(|| panic!("read the clock"), 1, None, &times, &0, &0);
    assert_eq!(times, Times::FOREVER);
    assert!(!lifetimes.reads_matter());
}
