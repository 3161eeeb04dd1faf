//! Tags against a naive twin that forgets nothing, and what is kept of what is not in use.

use std::{
    collections::HashMap,
    sync::{
        Mutex as StdMutex,
        atomic::{AtomicBool, AtomicU64 as StdAtomicU64, Ordering::SeqCst},
    },
    thread,
};

use proptest::prelude::*;

use super::{register::EPOCH_MAX, *};

fn names(tags: &[&str]) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = tags.iter().map(|tag| (*tag).into()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn enter(tags: &Tags, names_: &[&str]) -> Mark {
    tags.enter(&names(names_), None).unwrap()
}

#[derive(Clone, Debug)]
enum Op {
    Begin,
    /// Ends the making of a value, with these tags: bits.
    Finish {
        begun: usize,
        tags: u8,
    },
    GiveUp(usize),
    Insert(u8),
    Leave(usize),
    Invalidate(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Begin),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(begun, tags)| Op::Finish { begun, tags }),
        1 => any::<usize>().prop_map(Op::GiveUp),
        4 => any::<u8>().prop_map(Op::Insert),
        4 => any::<usize>().prop_map(Op::Leave),
        2 => (0..4_u8).prop_map(Op::Invalidate),
    ]
}

/// Up to three of four tags, as bits.
fn chosen(bits: u8) -> Vec<Box<str>> {
    let all = ["a", "b", "ab", ""];
    let chosen: Vec<&str> =
        all.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, tag)| *tag).collect();
    names(&chosen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Neither more nor less is invalidated than the twin says, which notes every invalidation for good.
    #[test]
    fn what_is_valid_is_what_a_twin_says_that_forgets_nothing(ops in proptest::collection::vec(op(), 1..120)) {
        let tags = Tags::new();
        let mut epoch = 0;
        let mut invalidated: HashMap<Box<str>, u64> = HashMap::new();
        let mut begun: Vec<(Begin<'_>, u64)> = Vec::new();
        let mut held: Vec<(Mark, Vec<Box<str>>, u64)> = Vec::new();
        for op in ops {
            let valid = |invalidated: &HashMap<Box<str>, u64>, names: &[Box<str>], since: u64| {
                names.iter().all(|name| invalidated.get(name).is_none_or(|last| *last <= since))
            };
            match op {
                Op::Begin => begun.push((tags.begin(), epoch)),
                Op::GiveUp(_) | Op::Finish { .. } if begun.is_empty() => {}
                Op::GiveUp(index) => drop(begun.swap_remove(index % begun.len())),
                Op::Finish { begun: index, tags: bits } => {
                    let (begin, since) = begun.swap_remove(index % begun.len());
                    let names = chosen(bits);
                    match tags.enter(&names, Some(&begin)) {
                        Ok(mark) => held.push((mark, names, since)),
                        Err(why) => {
                            prop_assert_eq!(why, Refused::Outdated);
                            prop_assert!(!valid(&invalidated, &names, since), "{:?} since {}", names, since);
                        }
                    }
                }
                Op::Insert(bits) => {
                    let names = chosen(bits);
                    held.push((tags.enter(&names, None).unwrap(), names, epoch));
                }
                Op::Leave(index) => {
                    if !held.is_empty() {
                        tags.leave(held.swap_remove(index % held.len()).0);
                    }
                }
                Op::Invalidate(tag) => {
                    let tag = &chosen(1 << tag)[0];
                    tags.invalidate(tag);
                    epoch += 1;
                    invalidated.insert(tag.clone(), epoch);
                }
            }
            for (mark, names, since) in &held {
                prop_assert_eq!(tags.is_valid(*mark), valid(&invalidated, names, *since), "{:?} since {}", names, since);
            }
            tags.sizes();
        }
        // Nothing held, nothing being made: nothing is known.
        begun.clear();
        for (mark, ..) in held {
            tags.leave(mark);
        }
        for _ in 0..4 {
            tags.invalidate("not there");
        }
        prop_assert_eq!(tags.sizes(), (0, 0, 0));
    }
}

#[test]
fn an_entry_goes_with_any_of_its_tags_and_with_no_other() {
    let tags = Tags::new();
    let (both, one, none) = (enter(&tags, &["a", "b"]), enter(&tags, &["a"]), enter(&tags, &[]));
    assert_eq!(none, Mark::NONE);
    tags.invalidate("c");
    assert!([both, one, none].iter().all(|mark| tags.is_valid(*mark)));
    tags.invalidate("b");
    assert_eq!([both, one, none].map(|mark| tags.is_valid(mark)), [false, true, true]);
    let again = enter(&tags, &["a", "b"]);
    assert_eq!([both, again].map(|mark| tags.is_valid(mark)), [false, true]);
    tags.invalidate("a");
    assert_eq!([both, one, again, none].map(|mark| tags.is_valid(mark)), [false, false, false, true]);
}

/// "ab" with "c", and "a" with "bc", are other sets; one that was split and glued together would not know.
#[test]
fn names_are_told_apart_exactly() {
    let tags = Tags::new();
    let (left, right) = (enter(&tags, &["ab", "c"]), enter(&tags, &["a", "bc"]));
    assert_ne!(left.set(), right.set());
    assert_eq!(enter(&tags, &["c", "ab", "c"]).set(), left.set());
    tags.invalidate("a");
    assert_eq!([left, right].map(|mark| tags.is_valid(mark)), [true, false]);
}

#[test]
fn a_value_begun_before_an_invalidation_is_refused_though_nothing_had_the_tag() {
    let tags = Tags::new();
    let (early, other) = (tags.begin(), tags.begin());
    tags.invalidate("a");
    let late = tags.begin();
    assert_eq!(tags.enter(&names(&["a"]), Some(&early)), Err(Refused::Outdated));
    assert!(tags.enter(&names(&["b"]), Some(&other)).is_ok(), "not its tag");
    assert!(tags.enter(&names(&["a", "b"]), Some(&late)).is_ok());
    assert_eq!(
        tags.enter(&names(&["a", "b"]), Some(&early)),
        Err(Refused::Outdated),
        "the set is in use now"
    );
}

#[test]
fn a_tag_that_loses_its_last_entry_remembers_for_the_load_that_runs() {
    let tags = Tags::new();
    let mark = enter(&tags, &["a"]);
    let load = tags.begin();
    tags.invalidate("a");
    tags.leave(mark);
    assert_eq!(tags.sizes(), (1, 0, 1));
    assert_eq!(tags.enter(&names(&["a"]), Some(&load)), Err(Refused::Outdated));
    drop(load);
    tags.invalidate("x");
    assert_eq!(tags.sizes(), (0, 0, 0));
}

#[test]
fn what_is_remembered_for_a_load_that_hangs_is_bounded_and_safe() {
    let tags = Tags::new();
    let hangs = tags.begin();
    for tag in 0..70_000 {
        tags.invalidate(&tag.to_string());
        tags.invalidate("again and again");
    }
    let (known, _, remembered) = tags.sizes();
    assert!(known <= 1 << 16 && remembered <= 1 << 16, "{known} {remembered}");
    for tag in ["0", "69999", "again and again"] {
        assert_eq!(tags.enter(&names(&[tag]), Some(&hangs)), Err(Refused::Outdated), "{tag}");
    }
    assert!(tags.enter(&names(&["0"]), Some(&tags.begin())).is_ok());
}

/// Loads always in flight, each short, and one tag that is invalidated all the time: nothing piles up behind it.
#[test]
fn what_is_remembered_follows_the_loads_that_run() {
    let tags = Tags::new();
    let mut load = tags.begin();
    for tag in 0..10_000 {
        tags.invalidate("again and again");
        tags.invalidate(&tag.to_string());
        if tag % 10 == 0 {
            load = tags.begin();
        }
    }
    drop(load);
    let (known, _, _) = tags.sizes();
    assert!(known < 100, "{known}");
}

#[test]
fn the_last_epoch_is_safe() {
    let tags = Tags::at_epoch(EPOCH_MAX - 1);
    let (a, b) = (enter(&tags, &["a"]), enter(&tags, &["b"]));
    tags.invalidate("a");
    assert_eq!([a, b].map(|mark| tags.is_valid(mark)), [false, true]);
    let again = enter(&tags, &["a"]);
    assert!(tags.is_valid(again));
    tags.invalidate("a");
    assert_eq!([a, again, b].map(|mark| tags.is_valid(mark)), [false, false, true]);
    assert_eq!(tags.enter(&names(&["a"]), None), Err(Refused::Outdated), "refused, not wrong");
    assert!(tags.is_valid(enter(&tags, &["b"])));
}

/// What a thread read before an invalidation that has returned is never found valid afterwards.
#[test]
fn threads_never_find_what_was_invalidated_before_they_looked() {
    let tags = Tags::new();
    let truth = [const { StdAtomicU64::new(0) }; 3];
    let places: Vec<StdMutex<Option<(Mark, u64)>>> = (0..3).map(|_| StdMutex::new(None)).collect();
    let own = |tag: usize| names(&[["a", "b", "c"][tag], "all"]);
    let put = |tag: usize, entry: Option<(Mark, u64)>| {
        let old = std::mem::replace(&mut *places[tag].lock().unwrap(), entry);
        if let Some((mark, _)) = old {
            tags.leave(mark);
        }
    };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for loader in 0..3 {
            let (tags, truth, stop, put, own) = (&tags, &truth, &stop, &put, &own);
            scope.spawn(move || {
                let mut tag = loader;
                while !stop.load(SeqCst) {
                    tag = (tag + 1) % 3;
                    let begin = tags.begin();
                    let value = truth[tag].load(SeqCst);
                    if let Ok(mark) = tags.enter(&own(tag), Some(&begin)) {
                        put(tag, Some((mark, value)));
                    }
                }
            });
        }
        for round in 0..20_000_usize {
            let tag = round % 3;
            let now = truth[tag].fetch_add(1, SeqCst) + 1;
            tags.invalidate(if round % 7 == 0 { "all" } else { ["a", "b", "c"][tag] });
            let place = places[tag].lock().unwrap();
            if let Some((mark, value)) = *place {
                assert!(!tags.is_valid(mark) || value >= now, "{value} is older than {now}");
            }
            drop(place);
            if round % 5 == 0 {
                put(tag, None);
            }
        }
        stop.store(true, SeqCst);
    });
    (0..3).for_each(|tag| put(tag, None));
    tags.invalidate("x");
    tags.invalidate("x");
    assert_eq!(tags.sizes(), (0, 0, 0));
}
