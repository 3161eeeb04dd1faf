//! LHD on vectors. Looks at all entries, as the policy does while it holds no more than a sample.

use nuthatch_policy::Slot;

use crate::{sampling::Lots, twin::Twin};

const CLASSES: usize = 24;

struct Entry {
    slot: Slot,
    weight: u64,
    last: u64,
    hit_age: u64,
    class: usize,
    explorer: bool,
}

/// Of one class: counts of hits and evictions and what they come to, by bucket of ages.
#[derive(Clone)]
struct Class {
    hits: Vec<f32>,
    evictions: Vec<f32>,
    densities: Vec<f32>,
}

pub(crate) struct Lhd {
    capacity: u64,
    time: u64,
    entries: Vec<Entry>,
    /// The least age in each bucket: every age to 16, then eighths of octaves to 2^32.
    starts: Vec<u64>,
    classes: Vec<Class>,
    period: u64,
    since: u64,
    lots: Lots,
}

impl Lhd {
    pub(crate) fn new(capacity: u64) -> Self {
        let octaves = (4..32)
            .flat_map(|octave| (0..8_u64).map(move |eighth| (1 << octave) + eighth * (1 << octave) / 8));
        let starts = (0..16).chain(octaves).collect::<Vec<u64>>();
        let none = vec![0.0; starts.len()];
        let class = Class { hits: none.clone(), evictions: none.clone(), densities: none };
        let mut lhd = Self {
            capacity,
            time: 0,
            entries: Vec::new(),
            starts,
            classes: vec![class; CLASSES],
            period: 128,
            since: 0,
            lots: Lots::default(),
        };
        lhd.learn();
        lhd
    }

    fn bucket(&self, age: u64) -> usize {
        self.starts.iter().rposition(|start| *start <= age).unwrap_or_default()
    }

    fn learn(&mut self) {
        for class in &mut self.classes {
            let (mut hits, mut events, mut lifetime) = (0.0_f32, 0.0_f32, 0.0_f32);
            for bucket in (0..self.starts.len()).rev() {
                let start = self.starts[bucket];
                let end = self.starts.get(bucket + 1).copied().unwrap_or(1 << 32);
                let here = class.hits[bucket] + class.evictions[bucket];
                lifetime += events * (end - start) as f32 + here * ((end - start) as f32 + 1.0) / 2.0;
                events += here;
                hits += class.hits[bucket];
                // As if three more had been seen, each to be hit at twice its age.
                class.densities[bucket] = (hits + 3.0) / (lifetime + 3.0 * (start + 1) as f32);
            }
            for count in class.hits.iter_mut().chain(&mut class.evictions) {
                *count *= 0.9;
            }
        }
    }

    fn request(&mut self) {
        self.time += 1;
        self.since += 1;
        if self.since == self.period {
            self.learn();
            self.since = 0;
            self.period = (self.period * 2).min((self.entries.len() as u64 * 4).max(128));
        }
    }

    fn explore(&mut self, place: usize) {
        let lucky = self.lots.below(32) == 0;
        self.entries[place].explorer = false;
        let exploring =
            self.entries.iter().filter(|entry| entry.explorer).map(|entry| entry.weight).sum::<u64>();
        let room = (self.capacity / 100).max(1);
        self.entries[place].explorer = lucky && exploring + self.entries[place].weight <= room;
    }

    fn place(&self, slot: Slot) -> usize {
        let place = self.entries.iter().position(|entry| entry.slot == slot);
        place.unwrap_or_else(|| panic!("{slot:?} is not held"))
    }
}

impl Twin for Lhd {
    fn miss(&mut self, _: u64, _: u64) {
        self.request();
    }

    fn insert(&mut self, slot: Slot, _: u64, weight: u64) {
        let last = self.time;
        self.entries.push(Entry { slot, weight, last, hit_age: 0, class: CLASSES - 1, explorer: false });
        self.explore(self.entries.len() - 1);
    }

    fn hit(&mut self, slot: Slot) {
        self.request();
        let place = self.place(slot);
        let entry = &self.entries[place];
        let (age, class) = (self.time - entry.last, entry.class);
        let bucket = self.bucket(age);
        self.classes[class].hits[bucket] += 1.0;
        let entry = &mut self.entries[place];
        entry.class = ((age + entry.hit_age).max(1).ilog2() as usize).min(CLASSES - 2);
        entry.hit_age = age;
        entry.last = self.time;
        self.explore(place);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let place = self.place(slot);
        self.entries[place].weight = weight;
        self.entries[place].explorer = false;
    }

    fn evict(&mut self) -> Option<Slot> {
        let rank = |entry: &Entry| {
            let age = self.time - entry.last;
            let density = f64::from(self.classes[entry.class].densities[self.bucket(age)]);
            (entry.explorer && age < self.entries.len() as u64 * 32, density / entry.weight as f64)
        };
        let mut places = Vec::from_iter(0..self.entries.len());
        places.sort_by_key(|place| (self.entries[*place].last, self.entries[*place].slot));
        let victim = places.into_iter().min_by(|a, b| {
            let (a, b) = (rank(&self.entries[*a]), rank(&self.entries[*b]));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        })?;
        let victim = self.entries.remove(victim);
        let bucket = self.bucket(self.time - victim.last);
        self.classes[victim.class].evictions[bucket] += 1.0;
        Some(victim.slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.retain(|entry| entry.slot != slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
    }
}
