//! Operations and times to live, honoured, against the shortest cache one can write; and misses by cause.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::{collections::HashMap, io::Cursor};

use nuthatch_policy::PolicyKind;
use nuthatch_simulate::{Capacity, Contender, Details, Honour, Replay, Row};
use nuthatch_trace::{Format, Trace};
use proptest::prelude::*;

const BOTH: Honour = Honour { ttl: true, ops: true };

fn trace(rows: &str) -> Trace {
    let text = format!("key,size,op,ttl,time\n{}", rows.replace(' ', "\n"));
    Trace::from_reader("rows", Cursor::new(text.into_bytes()), Format::Csv).unwrap()
}

fn lru(capacity: &str, honour: &str, rows: &str) -> Row {
    let replay = Replay::new([PolicyKind::Lru], [capacity.parse().unwrap()]).honour(honour.parse().unwrap());
    replay.run(trace(rows)).unwrap().remove(0)
}

fn causes(row: &Row) -> [u64; 5] {
    let misses = row.details.misses;
    [misses.compulsory, misses.capacity, misses.expired, misses.deleted, misses.too_large]
}

#[test]
fn an_entry_is_gone_once_its_time_to_live_has_passed_and_a_hit_does_not_prolong_it() {
    let rows = "a,1,get,10,100 a,1,get,10,109.9 a,1,get,10,110 a,1,get,10,119 a,1,get,10,121";
    let row = lru("5", "ttl", rows);
    assert_eq!((row.requests, row.hits, causes(&row)), (5, 2, [1, 0, 2, 0, 0]));
    // Unless it is honoured.
    assert_eq!(lru("5", "ops", rows).hits, 4);
}

#[test]
fn an_expired_entry_pushes_nothing_out() {
    // b would be the victim, were a still there.
    let row = lru("2", "ttl", "b,1,get,0,1 a,1,get,5,2 c,1,get,0,8 b,1,get,0,9");
    assert_eq!((row.hits, row.evictions, causes(&row)), (1, 0, [3, 0, 0, 0, 0]));
}

#[test]
fn a_clock_that_runs_backwards_stands_still() {
    let row = lru("5", "ttl", "a,1,get,10,100 b,1,get,10,50 b,1,get,10,105 b,1,get,10,110");
    // b was stored at 100, not at 50: it lasts until 110.
    assert_eq!((row.hits, causes(&row)), (1, [2, 0, 1, 0, 0]));
}

#[test]
fn writes_store_and_deletes_remove_and_neither_is_a_request() {
    let row =
        lru("5", "ops", "a,1,set,0,1 a,1,get,0,2 a,1,delete,0,3 a,1,get,0,4 b,1,delete,0,5 b,1,get,0,6");
    assert_eq!((row.requests, row.hits, causes(&row)), (3, 1, [1, 0, 0, 1, 0]));
    assert_eq!((row.details.writes, row.details.deletes, row.hit_ratio), (1, 2, 1.0 / 3.0));
}

#[test]
fn a_write_renews_the_time_to_live_and_the_size() {
    let row = lru(
        "10B",
        "ttl,ops",
        "a,4,set,10,0 a,8,set,10,5 b,2,get,0,6 a,4,get,0,12 c,1,get,0,13 a,1,get,0,14 a,1,get,0,15",
    );
    // At 12 a is still there, with 8 bytes: b and a fill the cache. c pushes b out. a expires at 15.
    assert_eq!((row.requests, row.hits, row.evictions, causes(&row)), (5, 2, 1, [2, 0, 1, 0, 0]));
    assert_eq!(row.byte_hit_ratio, Some(16.0 / (2.0 + 8.0 + 1.0 + 8.0 + 8.0)));
}

#[test]
fn an_object_that_is_overwritten_with_too_much_is_gone() {
    let row = lru("10B", "ops", "a,4,set,0,0 a,11,set,0,1 a,4,get,0,2 a,5,set,0,3 a,4,get,0,4");
    assert_eq!((row.requests, row.hits, row.rejections, causes(&row)), (2, 1, 2, [0, 0, 0, 0, 1]));
}

#[test]
fn what_was_never_read_is_pollution() {
    // In a cache of one: a is held over two accesses and read, then b, c and d over one each, not read.
    let row = lru("1", "ops", "a,1,get,0,0 a,1,get,0,1 b,1,get,0,2 c,1,get,0,3 d,1,get,0,4");
    assert_eq!(row.details.scan_pollution, 2.0 / 4.0);
    let Details { misses, .. } = row.details;
    assert_eq!(misses.compulsory, 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn lru_agrees_with_a_vector(
        requests in prop::collection::vec((0..20_u64, 1..20_u64, 0..10_u8, 0..12_u64, 0..4_u64), 1..300),
        capacity in 1..120_u64,
    ) {
        let mut text = String::new();
        let mut naive = Naive { capacity, ..Naive::default() };
        for (key, size, op, ttl, later) in requests {
            naive.now += later;
            let op = match op { 0 => "delete", 1..4 => "set", _ => "get" };
            text += &format!("{key},{size},{op},{ttl},{}\n", naive.now);
            naive.take(key, size, op, ttl);
        }
        let row = lru(&format!("{capacity}B"), "ttl,ops", &text);
        prop_assert_eq!((row.requests, row.hits, row.evictions), (naive.requests, naive.hits, naive.evictions));
        prop_assert_eq!(causes(&row), naive.misses);
        prop_assert_eq!(row.requests - row.hits, causes(&row).iter().sum::<u64>());
    }

    /// Whatever the policy, misses add up, with or without what is honoured.
    #[test]
    fn misses_add_up(
        requests in prop::collection::vec((0..20_u64, 1..20_u64, 0..10_u8, 0..12_u64, 0..4_u64), 1..200),
        capacity in 1..120_u64,
    ) {
        let (mut text, mut now) = (String::new(), 0);
        for (key, size, op, ttl, later) in requests {
            now += later;
            let op = match op { 0 => "delete", 1..4 => "set", _ => "get" };
            text += &format!("{key},{size},{op},{ttl},{now}\n");
        }
        for honour in [Honour::default(), BOTH] {
            let replay = Replay::new(Contender::all(), [Capacity::Bytes(capacity)]).honour(honour).threads(1);
            for row in replay.run(trace(&text)).unwrap() {
                prop_assert_eq!(row.requests - row.hits, causes(&row).iter().sum::<u64>(), "{}", row.policy);
                prop_assert!((0.0..=1.0).contains(&row.details.scan_pollution));
            }
        }
    }
}

/// An LRU cache in bytes, the most recently used last.
#[derive(Default)]
struct Naive {
    capacity: u64,
    now: u64,
    entries: Vec<(u64, u64, Option<u64>)>, // key, size, deadline
    sizes: HashMap<u64, u64>,
    fates: HashMap<u64, usize>,
    requests: u64,
    hits: u64,
    evictions: u64,
    misses: [u64; 5],
}

impl Naive {
    fn take(&mut self, key: u64, size: u64, op: &str, ttl: u64) {
        let now = self.now;
        for (key, ..) in self.entries.extract_if(.., |(_, _, deadline)| deadline.is_some_and(|at| at <= now))
        {
            self.fates.insert(key, 2);
        }
        let size = match op {
            "set" => *self.sizes.entry(key).insert_entry(size).get(),
            "get" => *self.sizes.entry(key).or_insert(size),
            _ => 0,
        };
        let place = self.entries.iter().position(|(other, ..)| *other == key);
        let deadline = (ttl > 0).then_some(now + ttl);
        match (op, place) {
            ("delete", Some(place)) => {
                self.entries.remove(place);
                self.fates.insert(key, 3);
            }
            ("delete", None) => {}
            ("get", Some(place)) => {
                self.requests += 1;
                self.hits += 1;
                let entry = self.entries.remove(place);
                self.entries.push(entry);
            }
            ("get", None) => {
                self.requests += 1;
                self.misses[self.fates.get(&key).copied().unwrap_or(0)] += 1;
                self.store(key, size, deadline);
            }
            (_, place) => {
                place.map(|place| self.entries.remove(place));
                self.store(key, size, deadline);
            }
        }
    }

    fn store(&mut self, key: u64, size: u64, deadline: Option<u64>) {
        if size > self.capacity {
            self.fates.insert(key, 4);
            return;
        }
        while self.entries.iter().map(|(_, size, _)| size).sum::<u64>() + size > self.capacity {
            let (victim, ..) = self.entries.remove(0);
            self.fates.insert(victim, 1);
            self.evictions += 1;
        }
        self.entries.push((key, size, deadline));
    }
}
