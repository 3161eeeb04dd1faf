//! <https://github.com/Yiling-J/theine-go>

use std::{sync::Arc, thread, time::Duration};

use nuthatch_cache::{Cache, ManualClock};

use crate::{BOTH, builder, cache};

/// From a millisecond to a year.
#[test]
fn theine_64_no_time_to_live_is_rounded_to_never_or_now() {
    for storage in BOTH {
        for millis in [1, 63, 64, 1_000, 64_000, 3_600_000, 86_400_000, 31_536_000_000] {
            let clock = ManualClock::new();
            let cache: Cache<u32, u32> = builder(storage, 2_000).clock(clock.clock()).build().unwrap();
            let ttl = Duration::from_millis(millis);
            cache.insert_with_ttl(1, 1, ttl);
            let last = Duration::from_millis(1).max(ttl / 1_000);
            clock.advance(ttl - last);
            assert_eq!(cache.get(&1), Some(1), "{millis}");
            clock.advance(last * 3);
            assert_eq!(cache.get(&1), None, "{millis}");
        }
    }
}

/// What is read is of its key, whatever slot was used again meanwhile.
#[test]
fn theine_entry_pool_a_slot_used_again_shows_no_reader_the_other_key() {
    for storage in BOTH {
        let cache: Cache<u64, Arc<u64>> = cache(storage, 32);
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..20_000 {
                        let key = (step * (thread + 1)) % 64;
                        if let Some(value) = cache.get(&key) {
                            assert_eq!(*value, key);
                        } else {
                            cache.insert(key, Arc::new(key));
                        }
                        if let Some(value) = cache.get_ref(&key) {
                            assert_eq!((**value, *value.key()), (key, key));
                        }
                    }
                });
            }
        });
    }
}
