//! Statistics through the `metrics` facade, for whichever exporter the program has.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::Stats;

type Read = fn(&Stats) -> u64;

/// Name, what it is, where it is found.
const COUNTERS: [(&str, &str, Read); 9] = [
    ("nuthatch_cache_hits", "Lookups that found a live entry", |stats| stats.hits),
    ("nuthatch_cache_insertions", "Entries that came in, replacements included", |stats| stats.insertions),
    ("nuthatch_cache_replacements", "Entries that came in where one of the same key was held", |stats| {
        stats.replacements
    }),
    ("nuthatch_cache_rejections", "Entries that were not kept", |stats| stats.rejections),
    ("nuthatch_cache_evictions", "Entries that left to make room", |stats| stats.evictions),
    ("nuthatch_cache_expirations", "Entries that left because their time had come", |stats| {
        stats.expirations
    }),
    ("nuthatch_cache_removals", "Entries that were removed", |stats| stats.removals),
    ("nuthatch_cache_tag_invalidations", "Entries that left because of a tag", |stats| {
        stats.tag_invalidations
    }),
    ("nuthatch_cache_load_failures", "Loads that ended without a value", |stats| stats.load_failures),
];

/// Told apart by the label `cause`.
const MISSES: (&str, &str) =
    ("nuthatch_cache_misses", "Lookups that found nothing, by what became of the entry");
const MISS_CAUSES: [(&str, Read); 4] = [
    ("cold", |stats| stats.miss_causes.cold),
    ("expired", |stats| stats.miss_causes.expired),
    ("evicted", |stats| stats.miss_causes.evicted),
    ("invalidated", |stats| stats.miss_causes.invalidated),
];

const LOADS: (&str, &str) = ("nuthatch_cache_loads", "Loads that ended");
const LOAD_TIME: (&str, &str) = ("nuthatch_cache_load_microseconds", "How long all loads took together");

const GAUGES: [(&str, &str, Read); 2] = [
    ("nuthatch_cache_entries", "Entries held", |stats| stats.len),
    ("nuthatch_cache_weight", "Weight held", |stats| stats.weight),
];

impl Stats {
    /// Hands all counts to the recorder that the program has installed for the `metrics` facade, with the label `cache` =
    /// `name`. Needs the feature `metrics`.
    ///
    /// Call it now and then, before the exporter is asked: nothing is published otherwise, and lookups pay nothing for it.
    /// [`describe_metrics`] says once what the metrics are.
    pub fn publish(&self, name: &str) {
        for (metric, _, read) in COUNTERS {
            counter!(metric, "cache" => name.to_owned()).absolute(read(self));
        }
        for (cause, read) in MISS_CAUSES {
            counter!(MISSES.0, "cache" => name.to_owned(), "cause" => cause).absolute(read(self));
        }
        counter!(LOADS.0, "cache" => name.to_owned()).absolute(self.loads);
        let micros = u64::try_from(self.load_time.as_micros()).unwrap_or(u64::MAX);
        counter!(LOAD_TIME.0, "cache" => name.to_owned()).absolute(micros);
        for (metric, _, read) in GAUGES {
            #[expect(clippy::cast_precision_loss, reason = "a gauge of the facade is a float")]
            gauge!(metric, "cache" => name.to_owned()).set(read(self) as f64);
        }
    }
}

/// Tells the recorder of the `metrics` facade what the metrics of [`Stats::publish`] are. Once is enough, for all caches.
/// Needs the feature `metrics`.
pub fn describe_metrics() {
    for (metric, help, _) in COUNTERS {
        describe_counter!(metric, Unit::Count, help);
    }
    describe_counter!(MISSES.0, Unit::Count, MISSES.1);
    describe_counter!(LOADS.0, Unit::Count, LOADS.1);
    describe_counter!(LOAD_TIME.0, Unit::Microseconds, LOAD_TIME.1);
    for (metric, help, _) in GAUGES {
        describe_gauge!(metric, Unit::Count, help);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    };

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
        atomics::AtomicU64,
    };

    use super::*;
    use crate::Cache;

    /// Keeps what it is told.
    #[derive(Default)]
    struct Notes {
        described: Mutex<Vec<String>>,
        values: Mutex<BTreeMap<String, Arc<Value>>>,
    }

    #[derive(Default)]
    struct Value(AtomicU64);

    impl CounterFn for Value {
        fn increment(&self, value: u64) {
            self.0.fetch_add(value, SeqCst);
        }

        fn absolute(&self, value: u64) {
            self.0.store(value, SeqCst);
        }
    }

    impl GaugeFn for Value {
        fn increment(&self, _: f64) {
            panic!("set, not changed");
        }

        fn decrement(&self, _: f64) {
            panic!("set, not changed");
        }

        fn set(&self, value: f64) {
            self.0.store(value as u64, SeqCst);
        }
    }

    impl Notes {
        fn value(&self, key: &Key) -> Arc<Value> {
            let labels: Vec<String> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let name = format!("{} {}", key.name(), labels.join(" "));
            Arc::clone(self.values.lock().unwrap().entry(name).or_default())
        }
    }

    impl Recorder for Notes {
        fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
            self.described.lock().unwrap().push(key.as_str().to_owned());
        }

        fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
            self.described.lock().unwrap().push(key.as_str().to_owned());
        }

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.value(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.value(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn what_is_published_is_described_and_what_the_statistics_say() {
        let notes = Notes::default();
        let cache = cache();
        cache.insert(1, 1);
        cache.insert(2, 2);
        for key in [1, 2, 2, 3] {
            cache.get(&key);
        }
        metrics::with_local_recorder(&notes, || {
            describe_metrics();
            cache.stats().publish("users");
            cache.get(&1);
            cache.stats().publish("users"); // counts are absolute: nothing is added twice
        });
        let values = notes.values.lock().unwrap();
        let value = |name: &str| values[name].0.load(SeqCst);
        assert_eq!(value("nuthatch_cache_hits cache=users"), 4);
        assert_eq!(value("nuthatch_cache_misses cache=users cause=cold"), 1);
        assert_eq!(value("nuthatch_cache_insertions cache=users"), 2);
        assert_eq!(value("nuthatch_cache_entries cache=users"), 2);
        let mut names: Vec<&str> = values.keys().filter_map(|name| name.split(' ').next()).collect();
        names.dedup();
        let mut described = notes.described.lock().unwrap();
        described.sort_unstable();
        assert_eq!(names, *described);
    }

    fn cache() -> Cache<u32, u32> {
        Cache::new(10)
    }
}
