//! The sets under every order that threads may run in, and every value that relaxed loads may see: readers without the
//! latch, writers, and a family that splits under them.
//!
//! Latch and header are compiled a second time here, over the model checker's atomics. What is done with them is the
//! protocol of `storage/sets` in small: sets of two ways, one family of one or two sets, one set as the other set of all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

/// What the files under test find at the root of their crate.
mod sync {
    pub(crate) use loom::{hint, sync::atomic};

    pub(crate) mod thread {
        pub(crate) use loom::thread::yield_now;

        pub(crate) fn sleep(_: std::time::Duration) {
            yield_now();
        }
    }
}

mod events {
    pub(crate) const fn contended() {}
}

mod ticks {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Era(pub(crate) u8);
}

mod storage {
    pub(crate) use crate::latch;

    pub(crate) mod held {
        pub(crate) const fn forbid(_: &crate::latch::Latch) {}
    }

    pub(crate) mod sets {
        #[cfg(target_arch = "x86_64")]
        pub(crate) mod words {
            use std::arch::x86_64::{__m128i, _mm_set_epi64x};

            use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};

            /// What one load of the machine does there.
            pub(crate) fn pair_of_words([low, high]: &[AtomicU64; 2]) -> __m128i {
                let (low, high) = (low.load(Relaxed), high.load(Relaxed));
                #[expect(unsafe_code, reason = "SSE2 is part of every x86-64")]
                // SAFETY: as above, and it touches no memory.
                unsafe {
                    _mm_set_epi64x(high.cast_signed(), low.cast_signed())
                }
            }
        }
    }
}

#[expect(dead_code, reason = "a model does not do all that the cache does")]
#[path = "../../src/storage/sets/header.rs"]
mod header;
#[expect(dead_code, reason = "as above")]
#[path = "../../src/storage/latch.rs"]
mod latch;
mod protocol;

use loom::{model::Builder, sync::Arc, thread};
use protocol::{Key, Sets, value};

/// Runs `others` on a thread each, beside `main`.
fn explore(prepare: fn(&Sets), others: &'static [fn(&Sets)], main: fn(&Sets), afterwards: fn(&Sets)) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 20_000;
    builder.check(move || {
        let sets = Arc::new(Sets::new());
        prepare(&sets);
        let threads: Vec<_> = others
            .iter()
            .map(|other| {
                let sets = Arc::clone(&sets);
                thread::spawn(move || other(&sets))
            })
            .collect();
        main(&sets);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        afterwards(&sets);
    });
}

const A: Key = Key(1);
/// Of the same plane and tag as `A`.
const B: Key = Key(3);
/// Of the other plane, once there are two.
const C: Key = Key(2);

/// The way of one key is used again for another of the same tag.
#[test]
fn no_reader_sees_half_a_pair_or_the_pair_of_another_key() {
    explore(
        |sets| sets.insert(A, value(A, 1)),
        &[|sets| {
            sets.remove(A);
            sets.insert(B, value(B, 1));
        }],
        |sets| {
            assert!(sets.get(A).is_none_or(|value| A.belongs(value)));
            assert!(sets.get(B).is_none_or(|value| B.belongs(value)));
        },
        |sets| assert_eq!((sets.get(A), sets.get(B)), (None, Some(value(B, 1)))),
    );
}

#[test]
fn a_reader_sees_the_value_before_or_after_and_never_goes_back() {
    explore(
        |sets| sets.insert(A, value(A, 1)),
        &[|sets| sets.insert(A, value(A, 2))],
        |sets| {
            let first = sets.get(A).unwrap();
            let second = sets.get(A).unwrap();
            assert!(first <= second && A.belongs(first) && A.belongs(second));
        },
        |sets| assert_eq!(sets.get(A), Some(value(A, 2))),
    );
}

#[test]
fn a_key_that_is_held_is_found_while_its_family_splits() {
    explore(
        |sets| {
            sets.insert(A, value(A, 1));
            sets.insert(C, value(C, 1));
        },
        &[Sets::grow],
        |sets| {
            assert_eq!(sets.get(A), Some(value(A, 1)));
            assert_eq!(sets.get(C), Some(value(C, 1)));
        },
        |sets| assert_eq!((sets.held(A), sets.held(C), sets.level()), (1, 1, 1)),
    );
}

#[test]
fn a_key_is_held_once_though_two_insert_it() {
    explore(
        |_| {},
        &[|sets| sets.insert(A, value(A, 1))],
        |sets| sets.insert(A, value(A, 2)),
        |sets| assert_eq!(sets.held(A), 1),
    );
}

#[test]
fn a_key_is_held_once_though_its_family_splits_as_it_comes_in() {
    explore(
        |sets| sets.insert(C, value(C, 1)),
        &[Sets::grow],
        |sets| {
            sets.insert(A, value(A, 1));
            assert_eq!(sets.get(A), Some(value(A, 1)));
            sets.insert(A, value(A, 2));
        },
        |sets| assert_eq!((sets.held(A), sets.held(C), sets.get(A)), (1, 1, Some(value(A, 2)))),
    );
}

/// Two of a home are in the other set. One leaves, seen to by who has the latch of that set only, as the home splits.
#[test]
fn an_overflow_is_never_counted_below_what_there_is() {
    explore(
        |sets| {
            sets.displace(A, value(A, 1));
            sets.displace(C, value(C, 1));
        },
        &[Sets::grow],
        |sets| sets.evict_displaced(C),
        |sets| {
            assert_eq!((sets.get(A), sets.get(C)), (Some(value(A, 1)), None));
            assert!(sets.planes[1].header.overflows(), "of A's home, which is told so by nothing else");
        },
    );
}

#[test]
fn a_key_in_its_other_set_is_found_and_replaced_there_while_its_home_splits() {
    explore(
        |sets| sets.displace(A, value(A, 1)),
        &[Sets::grow],
        |sets| {
            assert_eq!(sets.get(A), Some(value(A, 1)));
            sets.insert(A, value(A, 2));
        },
        |sets| assert_eq!((sets.held(A), sets.get(A)), (1, Some(value(A, 2)))),
    );
}

#[test]
fn a_key_comes_to_its_other_set_before_a_reader_who_does_not_look_there_can_have_missed_it() {
    explore(
        |_| {},
        &[|sets| {
            sets.displace(A, value(A, 1));
            assert_eq!(sets.get(A), Some(value(A, 1)));
        }],
        |sets| {
            let first = sets.get(A);
            assert!(first.is_none() || sets.get(A) == first, "held from then on");
        },
        |sets| assert_eq!(sets.held(A), 1),
    );
}
