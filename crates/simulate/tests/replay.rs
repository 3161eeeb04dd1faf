//! What a replay counts, and how capacities, limits, threads and readers bear on it.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::{
    collections::HashMap,
    io::{self, Cursor, Read},
    ops::ControlFlow,
};

use nuthatch_policy::PolicyKind;
use nuthatch_simulate::{Capacity, Contender, Progress, Replay, Row, SimulateError, Stage, Unit, output};
use nuthatch_trace::{Format, Trace};
use proptest::prelude::*;

fn keys(text: &str) -> Trace {
    Trace::from_reader("keys", Cursor::new(text.to_owned().into_bytes()), Format::Keys).unwrap()
}

fn sized(rows: &str) -> Trace {
    let text = format!("key,size\n{}", rows.replace(' ', "\n"));
    Trace::from_reader("sized", Cursor::new(text.into_bytes()), Format::Csv).unwrap()
}

fn lru(capacity: &str) -> Replay {
    Replay::new([PolicyKind::Lru], [capacity.parse().unwrap()])
}

fn one(replay: &Replay, trace: Trace) -> Row {
    let mut rows = replay.run(trace).unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

#[test]
fn an_object_keeps_its_first_size_and_size_zero_counts_as_one() {
    let row = one(&lru("100B"), sized("a,60 b,0 a,1000 b,9 c,40 a,1"));
    // a weighs 60 and b 1, so c pushes a out.
    assert_eq!((row.requests, row.hits, row.evictions, row.rejections), (6, 2, 2, 0));
    let (hit, all) = (60.0 + 1.0, 60.0 + 1.0 + 60.0 + 1.0 + 40.0 + 60.0);
    assert_eq!(row.byte_hit_ratio, Some(hit / all));
    assert_eq!(row.unit, Unit::Bytes);
}

#[test]
fn an_object_larger_than_the_capacity_is_never_admitted_and_one_as_large_is() {
    let row = one(&lru("10B"), sized("a,11 a,11 b,10 b,10 c,1 b,10"));
    assert_eq!((row.hits, row.rejections, row.evictions), (1, 2, 2));
}

#[test]
fn capacities_in_objects_do_not_look_at_sizes() {
    let row = one(&lru("2"), sized("a,1000 b,1 a,1 b,1"));
    assert_eq!((row.hits, row.capacity, row.unit, row.byte_hit_ratio), (2, 2, Unit::Objects, None));
}

#[test]
fn a_limit_hides_the_rest_from_shares_as_well() {
    let text = (0..300).map(|key| format!("{key}\n")).collect::<String>();
    let row = one(&lru("50%").limit(Some(100)), keys(&text));
    assert_eq!((row.requests, row.capacity), (100, 50));
    let row = one(&lru("50%"), keys(&text));
    assert_eq!((row.requests, row.capacity), (300, 150));
    // Longer than a batch, and no multiple of one.
    let text = "a\n".repeat(10_000);
    assert_eq!(one(&lru("5").limit(Some(5000)), keys(&text)).requests, 5000);
    assert_eq!(one(&lru("5").limit(Some(50_000)), keys(&text)).requests, 10_000);
}

#[test]
fn a_share_in_bytes_is_one_of_the_first_sizes() {
    let row = one(&lru("50%").bytes(true), sized("a,60 a,5000 b,40 c,0"));
    assert_eq!((row.capacity, row.unit), (50, Unit::Bytes)); // 101 / 2, half to even
}

#[test]
fn capacities_that_resolve_alike_and_policies_named_twice_come_once() {
    let replay = Replay::new(
        [PolicyKind::Sieve, PolicyKind::Lru, PolicyKind::Sieve],
        ["1%", "12", "2%", "10", "10B"].map(|capacity| capacity.parse().unwrap()),
    );
    let rows = replay.threads(3).run(keys("a\nb\nc\n")).unwrap();
    let found = rows.iter().map(|row| (row.policy, row.capacity, row.unit)).collect::<Vec<_>>();
    let expected = [(10, Unit::Objects), (12, Unit::Objects), (10, Unit::Bytes)]
        .map(|(capacity, unit)| [("sieve", capacity, unit), ("lru", capacity, unit)]);
    assert_eq!(found, expected.concat());
}

#[test]
fn nothing_to_simulate_is_an_error_that_says_so() {
    let none = Replay::new([] as [PolicyKind; 0], [Capacity::Objects(1)]).run(keys("a\n")).unwrap_err();
    assert!(matches!(none, SimulateError::NoPolicy) && none.to_string().contains("s3-fifo"), "{none}");
    let none = Replay::new([PolicyKind::Lru], []).run(keys("a\n")).unwrap_err();
    assert!(matches!(none, SimulateError::NoCapacity), "{none}");
    let none = Replay::new([PolicyKind::Lru], [Capacity::Bytes(0)]).run(keys("a\n")).unwrap_err();
    assert_eq!(none.to_string(), "capacity \"0B\" holds nothing; give at least 1");
}

#[test]
fn a_damaged_trace_gives_its_error_and_no_rows() {
    for threads in [1, 2] {
        let trace = Trace::from_reader("bad", &b"1\n2\nx\n"[..], Format::Lirs).unwrap();
        let replay = Replay::new(PolicyKind::ALL, [Capacity::Objects(10)]).threads(threads);
        let error = replay.run(trace).unwrap_err();
        assert!(error.to_string().starts_with("bad:3: "), "{error}");
    }
}

/// A file is opened again for the second pass, anything else is remembered; both must see the same.
#[test]
fn a_reader_and_a_file_give_the_same_rows_on_any_number_of_threads() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lirs_multi3.trace.gz");
    let capacities = ["1%", "5%", "500", "2000B"].map(|capacity| capacity.parse().unwrap());
    let replay = Replay::new(Contender::all(), capacities);
    let strip = |rows: Vec<Row>| {
        let strip = |row: &Row| (row.policy, row.capacity, row.unit, row.requests, row.hits, row.evictions);
        rows.iter().map(strip).collect::<Vec<_>>()
    };
    let expected = strip(replay.clone().threads(1).run(Trace::open(path, Format::Auto).unwrap()).unwrap());
    assert_eq!(expected.len(), 4 * Contender::all().count());
    for threads in [1, 2, 7, 100] {
        let replay = replay.clone().threads(threads);
        assert_eq!(strip(replay.run(Trace::open(path, Format::Auto).unwrap()).unwrap()), expected);
        let reader = std::fs::File::open(path).unwrap();
        let trace = Trace::from_reader("reader", reader, Format::Auto).unwrap();
        assert_eq!(strip(replay.run(trace).unwrap()), expected);
    }
}

/// Capacities in numbers need no pass before, but the future does.
#[test]
fn belady_hits_most_without_any_share_and_within_a_limit() {
    let capacity = [Capacity::Objects(2)];
    let text = "a\nb\nc\na\nb\nc\na\nb\nc\n";
    let replay = Replay::new([Contender::Belady, PolicyKind::Lru.into()], capacity);
    let hits =
        |replay: &Replay| replay.run(keys(text)).unwrap().iter().map(|row| row.hits).collect::<Vec<_>>();
    assert_eq!(hits(&replay), [3, 0]);
    // Beyond the limit nothing is foreseen: c is not needed again, so a stays.
    assert_eq!(hits(&replay.limit(Some(5))), [1, 0]);
}

#[test]
fn progress_counts_then_replays_and_ends_at_the_end() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lirs_multi3.trace.gz");
    let mut seen = Vec::<Progress>::new();
    let trace = Trace::open(path, Format::Auto).unwrap();
    let note = |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    };
    lru("5%").run_with_progress(trace, note).unwrap();
    assert!(seen.is_sorted_by_key(|progress| (progress.stage == Stage::Replaying, progress.requests)));
    for stage in [Stage::Counting, Stage::Replaying] {
        let last = seen.iter().rfind(|progress| progress.stage == stage).unwrap();
        assert_eq!((last.requests, Some(last.position_bytes)), (30_241, last.length_bytes));
    }
}

#[test]
fn a_replay_that_is_stopped_tells_what_it_found_up_to_there() {
    let text = (0..100_000).map(|number| format!("{}\n", number % 7)).collect::<String>();
    for threads in [1, 2] {
        let replay =
            Replay::new([PolicyKind::Lru, PolicyKind::Fifo], [Capacity::Objects(10)]).threads(threads);
        let mut last = 0;
        let stop = |progress: Progress| {
            last = progress.requests;
            if progress.requests < 20_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let rows = replay.run_with_progress(keys(&text), stop).unwrap();
        assert!((20_000..30_000).contains(&last), "{last}");
        for row in rows {
            assert_eq!((row.requests, row.hits), (last, last - 7));
        }
    }
    let rows = lru("50%").run_with_progress(keys(&text), |progress| match progress.stage {
        Stage::Counting => ControlFlow::Break(()),
        Stage::Replaying => panic!("it was stopped"),
    });
    assert_eq!(rows.unwrap(), []);
}

/// As a read from a pipe does when who waits for it loses patience.
#[test]
fn a_read_that_fails_ends_a_replay_that_was_to_stop_anyway() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("interrupted"))
        }
    }
    let text = "a\n".repeat(200_000);
    let trace = || {
        let reader = Cursor::new(text.clone().into_bytes()).chain(Broken);
        Trace::from_reader("pipe", reader, Format::Keys).unwrap()
    };
    let mut seen = 0;
    let stop_at_the_failure = |progress: Progress| {
        let stands_still = progress.requests == seen;
        seen = progress.requests;
        if stands_still { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let rows = lru("10").run_with_progress(trace(), stop_at_the_failure).unwrap();
    assert_eq!((rows[0].requests, rows[0].hits), (200_000, 199_999));
    let error = lru("10").run_with_progress(trace(), |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().contains("pipe"), "{error}");
}

#[test]
fn hits_over_time_are_told_if_asked_for() {
    let text = ["a\n".repeat(5000), (0..5000).map(|key| format!("{key}\n")).collect()].concat();
    assert_eq!(one(&lru("10"), keys(&text)).timeline, None);
    for threads in [1, 2] {
        let replay = Replay::new([PolicyKind::Lru, PolicyKind::Fifo], [Capacity::Objects(10)]);
        for row in replay.threads(threads).timeline(true).run(keys(&text)).unwrap() {
            let timeline = row.timeline.unwrap();
            let slices = timeline.slices();
            assert_eq!(slices.iter().map(|slice| slice.requests).sum::<u64>(), 10_000);
            assert_eq!(slices.iter().map(|slice| slice.hits).sum::<u64>(), row.hits);
            let (early, late) = slices.split_at(slices.len() / 2 - 2);
            assert!(early.iter().skip(1).all(|slice| slice.hits == slice.requests), "{slices:?}");
            assert!(late.iter().skip(4).all(|slice| slice.hits == 0), "{slices:?}");
        }
    }
}

#[test]
fn output_is_what_scripts_rely_on() {
    let text = format!("key,size\n{}", "a,3\nb,5\na,3\nbig,100\n");
    let trace =
        Trace::from_reader("my \"best\", trace", Cursor::new(text.into_bytes()), Format::Csv).unwrap();
    let capacities = [Capacity::Objects(2), Capacity::Bytes(8)];
    let mut rows = Replay::new([PolicyKind::Fifo, PolicyKind::Lru], capacities).run(trace).unwrap();
    for row in &mut rows {
        row.seconds = 0.25;
    }
    let json = output::json(&rows);
    assert_eq!(
        json.lines().nth(1).unwrap(),
        "  {\"trace\":\"my \\\"best\\\", trace\",\"policy\":\"fifo\",\"capacity\":2,\"unit\":\"objects\",\
         \"requests\":4,\"hits\":1,\"hit_ratio\":0.25,\"byte_hit_ratio\":null,\"evictions\":1,\"seconds\":0.25},"
    );
    assert!(json.starts_with("[\n") && json.ends_with("}\n]\n"), "{json}");
    assert!(json.contains(&format!("\"byte_hit_ratio\":{}", 3.0 / 111.0)), "{json}");
    assert_eq!(output::json(&[]), "[]\n");
    let csv = output::csv(&rows);
    assert_eq!(
        csv.lines().take(2).collect::<Vec<_>>(),
        [
            "trace,policy,capacity,unit,requests,hits,hit_ratio,byte_hit_ratio,evictions,seconds",
            "\"my \"\"best\"\", trace\",fifo,2,objects,4,1,0.25,,1,0.250000"
        ]
    );
    assert_eq!(output::table(&[]), "");
}

proptest! {
    /// Against the shortest cache one can write: a vector, the most recently used last.
    #[test]
    fn lru_agrees_with_a_vector(
        requests in prop::collection::vec((0..30_u64, 0..20_u64), 1..400),
        capacity in 1..120_u64,
    ) {
        let rows = requests.iter().map(|(key, size)| format!("{key},{size}\n")).collect::<String>();
        let row = one(&lru(&format!("{capacity}B")), sized(&rows));
        let (mut hits, mut evictions, mut rejections) = (0, 0, 0);
        let mut cache = Vec::<(u64, u64)>::new();
        let mut sizes = HashMap::new();
        for (key, size) in requests {
            let size = *sizes.entry(key).or_insert(size.max(1));
            if let Some(place) = cache.iter().position(|(other, _)| *other == key) {
                hits += 1;
                cache.remove(place);
            } else if size > capacity {
                rejections += 1;
                continue;
            }
            while cache.iter().map(|(_, size)| size).sum::<u64>() + size > capacity {
                cache.remove(0);
                evictions += 1;
            }
            cache.push((key, size));
        }
        prop_assert_eq!((row.hits, row.evictions, row.rejections), (hits, evictions, rejections));
    }
}

#[test]
fn sets_hold_entries_whatever_their_size_and_no_number_of_bytes() {
    let sets = |capacity: &str| Replay::new([Contender::Sets], [capacity.parse().unwrap()]);
    let row = one(&sets("2"), sized("a,60 b,7 a,1 c,9 b,7"));
    // a was read, so b leaves for c, and then c for b.
    assert_eq!((row.policy, row.hits, row.evictions), ("sets", 1, 2));
    let error = sets("64KiB").run(sized("a,60")).unwrap_err().to_string();
    assert_eq!(
        error,
        "sets hold a number of entries, and 65536B is in bytes; give a number, such as 1000 or 5%, or leave out sets"
    );
}

#[test]
fn sets_obey_what_is_honoured_and_can_be_sampled() {
    let text = "key,size,op\na,1,set\na,1,get\na,1,delete\na,1,get\nb,1,get\nb,1,get\n";
    let trace = || Trace::from_reader("ops", Cursor::new(text.as_bytes()), Format::Csv).unwrap();
    let sets = Replay::new([Contender::Sets], [Capacity::Objects(100)]);
    let row = one(&sets.clone().honour("ops".parse().unwrap()), trace());
    assert_eq!((row.requests, row.hits, row.details.misses.deleted), (4, 2, 1));
    let sampled = one(&sets.sample(Some(1.0)), trace());
    assert_eq!((sampled.hits, sampled.requests), (4, 6));
}
