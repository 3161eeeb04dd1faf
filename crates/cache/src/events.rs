//! What is worth a line in a log: the slow and the rare, never a look-up or an insert. Without the feature `tracing` these
//! do nothing. Called when nothing is locked, but for
//! what a thread may have locked that has to wait for long.

use std::time::Duration;

/// The capacity was changed, and this many entries left with that.
pub(crate) fn resized(from: u64, to: u64, evicted: u64) {
    #[cfg(feature = "tracing")]
    tracing::info!(from, to, evicted, "cache resized");
    #[cfg(not(feature = "tracing"))]
    let _ = (from, to, evicted);
}

/// The whole cache was gone through.
pub(crate) fn removed(entries: u64) {
    #[cfg(feature = "tracing")]
    tracing::debug!(entries, "cache entries removed");
    #[cfg(not(feature = "tracing"))]
    let _ = entries;
}

/// A load ended without a value.
pub(crate) fn load_failed(after: Duration) {
    #[cfg(feature = "tracing")]
    tracing::warn!(?after, "cache load failed");
    #[cfg(not(feature = "tracing"))]
    let _ = after;
}

/// A place is locked for so long that who waits for it goes to sleep: a guard that is kept, or a closure that takes its
/// time.
pub(crate) fn contended() {
    #[cfg(feature = "tracing")]
    tracing::warn!("waiting for a cache entry that is locked: is a guard kept, or a closure slow?");
}

#[cfg(all(test, feature = "tracing"))]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use std::{
        fmt::Debug,
        sync::{Arc, Mutex},
    };

    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    use crate::Cache;

    /// Keeps each event as a line.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            match field.name() {
                "message" => self.0.insert_str(0, &format!("{value:?}:")),
                name => self.0.push_str(&format!(" {name}={value:?}")),
            }
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn slow_operations_are_told_and_look_ups_are_not() {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            let cache = Cache::new(100);
            for key in 0..100_u32 {
                cache.insert(key, key);
                cache.get(&key);
            }
            cache.remove(&1);
            cache.get_or_insert_with(&1, || 1);
            assert!(lines.0.lock().unwrap().is_empty());
            let _ = cache.try_get_or_insert_with(&1_000, || Err(()));
            cache.resize(60).unwrap();
            cache.retain(|key, _| key % 2 == 0);
            cache.clear();
        });
        let lines = lines.0.lock().unwrap();
        assert!(lines[0].starts_with("cache load failed: after="), "{lines:?}");
        assert_eq!(lines[1], "cache resized: from=100 to=60 evicted=40");
        assert!(
            lines[2..].iter().all(|line| line.starts_with("cache entries removed: entries=")),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 4);
    }
}
