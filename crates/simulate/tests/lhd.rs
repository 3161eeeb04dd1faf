//! Why our LHD is not held to libCacheSim's rows: those are of a model that has learnt nothing.
//!
//! It learns at every 2^20th request, and of the traces only two are longer. Until then an entry is worth `(c + 1) /
//! (a + 1)`, where `a` is its age in 1,024 requests and `c` its class, which is the higher the shorter the ages at its
//! last two hits. This test writes down that first guess and nothing else, and finds the published rows.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::{collections::HashMap, fs, path::PathBuf};

use nuthatch_trace::{Format, Trace};

const AGE_MAX: u64 = 20_000;

#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    last: u64,
    /// In 1,024 requests, at the last two hits.
    hit_ages: [u64; 2],
    explorer: bool,
}

impl Entry {
    fn worth(&self, now: u64) -> f64 {
        let halvings = (0..15).find(|halvings| self.hit_ages.iter().sum::<u64>() << halvings >= AGE_MAX);
        let class = 16 + halvings.unwrap_or(15);
        let age = (now - self.last) / 1024;
        f64::from(class + 1) / (age + 1) as f64 + f64::from(u8::from(self.explorer))
    }
}

#[test]
fn a_model_that_never_learns_gives_the_published_rows_of_lhd() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let published = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut rows = 0;
    for row in published.lines().map(|line| line.split(',').collect::<Vec<_>>()) {
        let [trace, "lhd", capacity, requests, hits] = row[..] else { continue };
        let keys = Trace::open(folder.join(format!("{trace}.trace.gz")), Format::Auto).unwrap();
        let found = first_guess(keys.map(|request| request.unwrap().key), capacity.parse().unwrap());
        let off = (found as f64 - hits.parse::<f64>().unwrap()) / requests.parse::<f64>().unwrap();
        assert!(off.abs() <= 0.01, "{trace} at {capacity}: off by {off:+.4}");
        rows += 1;
    }
    assert_eq!(rows, 24);
}

fn first_guess(keys: impl Iterator<Item = u64>, capacity: usize) -> u64 {
    let mut entries = Vec::<Entry>::new();
    let mut places = HashMap::<u64, usize>::new();
    let mut newcomers = [None; 8];
    let (mut explorers, mut victims_worth, mut hits, mut admitted) = (0, 0.0, 0, 0);
    let mut lots = lots();
    for (now, key) in (0..).zip(keys) {
        let explorer = lots.next().unwrap().is_multiple_of(32) && explorers < capacity / 100;
        let mut entry = Entry { key, last: now, hit_ages: [0, AGE_MAX], explorer };
        if let Some(place) = places.get(&key) {
            hits += 1;
            let before = entries[*place];
            explorers -= usize::from(before.explorer);
            entry.hit_ages = [(now - before.last) / 1024, before.hit_ages[0]];
            entries[*place] = entry;
        } else {
            if entries.len() == capacity {
                // Eight draws, and the last eight newcomers that looked poor.
                let drawn =
                    lots.by_ref().take(8).map(|lot| (lot % capacity as u64) as usize).collect::<Vec<_>>();
                let poor = newcomers.iter().flatten().filter_map(|key| places.get(key).copied());
                let worth = |place: &usize| entries[*place].worth(now);
                let victim =
                    drawn.into_iter().chain(poor).min_by(|a, b| worth(a).total_cmp(&worth(b))).unwrap();
                victims_worth = 0.9 * victims_worth + 0.1 * worth(&victim);
                let left = entries.swap_remove(victim);
                explorers -= usize::from(left.explorer);
                places.remove(&left.key);
                if let Some(moved) = entries.get(victim) {
                    places.insert(moved.key, victim);
                }
            }
            places.insert(key, entries.len());
            entries.push(entry);
            if !explorer && entry.worth(now) < victims_worth {
                newcomers[admitted % 8] = Some(key);
                admitted += 1;
            }
        }
        explorers += usize::from(explorer);
    }
    hits
}

fn lots() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1_u64), |lot| {
        let lot = lot ^ (lot << 13);
        let lot = lot ^ (lot >> 7);
        Some(lot ^ (lot << 17))
    })
}
