//! The table agrees with a plain map, however alike its tags are.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn place(number: u32) -> Place {
    Place::new(number >> 20, number & 0xf_ffff, 100, number.is_multiple_of(3))
}

/// SplitMix64's finaliser.
fn mixed(key: u64) -> u64 {
    let key = (key ^ key >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ key >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ key >> 31
}

fn check_invariants(table: &Table) {
    table.shards.iter().for_each(|shard| read(&shard.0).check_invariants());
}

#[test]
fn every_shard_has_its_share_and_the_largest_is_twice_the_smallest() {
    let table = Table::new();
    assert_eq!(table.routes.len(), 1 << ROUTE_BITS);
    let mut sizes = vec![0; SHARDS];
    table.routes.iter().for_each(|&shard| sizes[usize::from(shard)] += 1);
    assert!(table.routes.is_sorted());
    let (least, most) = (sizes.iter().min(), sizes.iter().max());
    assert_eq!((least, most), (Some(&11), Some(&23)));
}

#[test]
fn an_entry_takes_eleven_bytes_at_most_at_any_size() {
    let table = Table::new();
    for key in 0..1_000_000 {
        table.insert(mixed(key), place(key as u32));
        if key > 100_000 && key % 50_000 == 0 {
            let bytes: usize = table.shards.iter().map(|shard| read(&shard.0).bytes()).sum();
            assert!(bytes <= 11 * key as usize, "{bytes} bytes for {key} entries");
        }
    }
    check_invariants(&table);
    assert_eq!(table.len(), 1_000_000);
    assert!((0..1_000_000).all(|key| table.contains(mixed(key), place(key as u32))));
    let in_vain = (1_000_000..2_000_000).filter(|&key| table.get(mixed(key)) != Places::None).count();
    assert!(in_vain <= 10, "{in_vain} of a million looks found a place in vain");
}

#[test]
fn what_was_emptied_gives_its_memory_back() {
    let table = Table::new();
    let keys = 0..200_000;
    keys.clone().for_each(|key| table.insert(mixed(key), place(key as u32)));
    keys.clone().filter(|key| key % 100 > 0).for_each(|key| {
        assert!(table.remove(mixed(key), place(key as u32)));
    });
    check_invariants(&table);
    let bytes: usize = table.shards.iter().map(|shard| read(&shard.0).bytes()).sum();
    assert!(bytes < 600_000, "{bytes} bytes for {} entries", table.len());
}

#[test]
fn a_cursor_from_nowhere_is_harmless() {
    let table = Table::new();
    table.insert(mixed(1), place(1));
    for cursor in [u64::MAX, 255 << 32, 256 << 32 | 1, 12345, u64::from(u32::MAX)] {
        let mut seen = 0;
        let next = table.scan(cursor, |_, _| {
            seen += 1;
            true
        });
        assert!(seen <= 1 && next == 0);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(u16),
    Remove(u16),
    Retain(u32),
    Scan(usize),
    TakeAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (0..3000_u16).prop_map(Step::Put),
        12 => (0..3000_u16).prop_map(Step::Remove),
        1 => (2..5_u32).prop_map(Step::Retain),
        4 => (1..40_usize).prop_map(Step::Scan),
        1 => Just(Step::TakeAll),
    ]
}

/// From hashes as they are, over those that fill few pages, to those whose shard and tag are cut to two bits each, so
/// that nearly every key collides with others.
fn cut() -> impl Strategy<Value = u64> {
    let few_shards = 3 << 62 | u64::MAX >> ROUTE_BITS;
    let tags_of_two_bits = 3 << 62 | 3 << (62 - ROUTE_BITS);
    let low_tags = 3 << TAG_SHIFT;
    prop_oneof![Just(u64::MAX), Just(few_shards), Just(tags_of_two_bits), Just(low_tags)]
}

#[derive(Debug, Default)]
struct Model {
    /// By key.
    places: BTreeMap<u16, Place>,
    stayed: BTreeSet<u16>,
    ever: BTreeSet<Place>,
    seen: Vec<Place>,
    cursor: u64,
}

impl Model {
    fn scan(&mut self, table: &Table, count: usize) -> Result<(), TestCaseError> {
        let mut left = count;
        self.cursor = table.scan(self.cursor, |_, place| {
            self.seen.push(place);
            left = left.saturating_sub(1);
            left > 0
        });
        if self.cursor == 0 {
            let seen: BTreeSet<_> = self.seen.iter().copied().collect();
            prop_assert_eq!(seen.len(), self.seen.len(), "seen twice");
            prop_assert!(seen.is_subset(&self.ever));
            prop_assert!(self.stayed.iter().all(|key| seen.contains(&self.places[key])), "missed");
            self.seen.clear();
            self.stayed = self.places.keys().copied().collect();
            self.ever = self.places.values().copied().collect();
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Put as a log puts: what is there already is replaced, which the caller knows who has seen the records.
    #[test]
    fn the_table_agrees_with_a_tree(cut in cut(), steps in prop::collection::vec(step(), 0..4000)) {
        let (table, mut model) = (Table::new(), Model::default());
        let hash = |key: u16| mixed(u64::from(key)) & cut;
        for (at, step) in (0_u32..).zip(steps) {
            match step {
                Step::Put(key) => {
                    let to = place(at);
                    match model.places.insert(key, to) {
                        None => table.insert(hash(key), to),
                        Some(from) => prop_assert!(table.replace(hash(key), from, to)),
                    }
                    // A place that an entry has left may have been seen before, and the new one not.
                    model.stayed.remove(&key);
                    model.ever.insert(to);
                }
                Step::Remove(key) => {
                    let there = model.places.remove(&key);
                    prop_assert_eq!(table.remove(hash(key), there.unwrap_or(place(u32::MAX >> 4))), there.is_some());
                    model.stayed.remove(&key);
                }
                Step::Retain(of) => {
                    let keep = |place: Place| !place.offset().is_multiple_of(of);
                    table.retain(|_, place| keep(place));
                    model.places.retain(|_, place| keep(*place));
                    let places = &model.places;
                    model.stayed.retain(|key| places.contains_key(key));
                }
                Step::Scan(count) => model.scan(&table, count)?,
                Step::TakeAll => {
                    drop(table.take_all());
                    model.places.clear();
                    model.stayed.clear();
                }
            }
            if at % 64 == 0 {
                check_invariants(&table);
            }
        }
        while model.cursor != 0 {
            model.scan(&table, 16)?;
        }
        model.scan(&table, usize::MAX)?;
        check_invariants(&table);
        prop_assert_eq!((table.len(), table.is_empty()), (model.places.len(), model.places.is_empty()));
        for key in 0..3000 {
            let mut expected: Vec<_> =
                model.places.iter().filter(|(other, _)| hash(**other) == hash(key)).map(|(_, place)| *place).collect();
            let mut found = table.get(hash(key)).as_slice().to_vec();
            expected.sort();
                found.sort();
            prop_assert_eq!(found, expected);
            if let Some(&place) = model.places.get(&key) {
                prop_assert!(table.contains(hash(key), place));
            }
        }
    }

    #[test]
    fn a_scan_of_a_still_table_meets_each_entry_once_with_a_hash_that_finds_it(
        cut in cut(),
        entries in 0..3000_u32,
        count in 1..500_usize,
    ) {
        let table = Table::new();
        (0..entries).for_each(|key| table.insert(mixed(u64::from(key)) & cut, place(key)));
        let (mut seen, mut cursor) = (Vec::new(), 0);
        loop {
            let mut left = count;
            cursor = table.scan(cursor, |hash, place| {
                seen.push((hash, place));
                left = left.saturating_sub(1);
                left > 0
            });
            if cursor == 0 {
                break;
            }
        }
        prop_assert!(seen.iter().all(|&(hash, place)| table.contains(hash, place)));
        prop_assert!(seen.is_sorted_by_key(|(hash, _)| *hash));
        let places: BTreeSet<_> = seen.iter().map(|(_, place)| *place).collect();
        prop_assert_eq!((places.len(), seen.len()), (entries as usize, entries as usize));
    }
}
