//! Keys drawn one by one, some oftener than others.

use super::{Generate, parameters::Parameters, permutation::Permutation, random::Random, zipf::Zipf};
use crate::Op;

pub(super) struct Uniform {
    keys: u64,
}

impl Uniform {
    pub(super) const fn new(parameters: &Parameters) -> Self {
        Self { keys: parameters.keys }
    }
}

impl Generate for Uniform {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        (random.below(self.keys), Op::Read)
    }
}

/// Rank and key are one.
pub(super) struct Ranks(Zipf);

impl Ranks {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self(Zipf::new(parameters.keys, parameters.exponent))
    }
}

impl Generate for Ranks {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        (self.0.draw(random), Op::Read)
    }
}

/// YCSB hashes ranks into the range, where some meet; here every rank has a key of its own.
pub(super) struct Scrambled {
    zipf: Zipf,
    order: Permutation,
}

impl Scrambled {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self::over(parameters.keys, parameters)
    }

    pub(super) fn over(keys: u64, parameters: &Parameters) -> Self {
        Self { zipf: Zipf::new(keys, parameters.exponent), order: Permutation::new(keys, parameters.seed) }
    }

    pub(super) fn key(&self, random: &mut Random) -> u64 {
        self.order.of(self.zipf.draw(random))
    }
}

impl Generate for Scrambled {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        (self.key(random), Op::Read)
    }
}

pub(super) struct Hotset {
    keys: u64,
    hot: u64,
    heat: f64,
}

impl Hotset {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let Parameters { keys, hot, heat, .. } = *parameters;
        let hot = ((keys as f64 * hot).round() as u64).clamp(1, keys);
        Self { keys, hot, heat: if hot == keys { 1.0 } else { heat } }
    }
}

impl Generate for Hotset {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        let key = if random.chance(self.heat) {
            random.below(self.hot)
        } else {
            self.hot + random.below(self.keys - self.hot)
        };
        (key, Op::Read)
    }
}

/// Source: Cooper et al., "Benchmarking cloud serving systems with YCSB", SoCC 2010 (the "latest" distribution).
pub(super) struct Latest {
    /// The age of keys; as many ranks as there are keys.
    zipf: Zipf,
    keys: u64,
    inserts: f64,
}

impl Latest {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let Parameters { keys, exponent, inserts, .. } = *parameters;
        Self { zipf: Zipf::new(keys, exponent), keys, inserts }
    }
}

impl Generate for Latest {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        if random.chance(self.inserts) {
            self.keys += 1;
            self.zipf.grow();
            return (self.keys - 1, Op::Write);
        }
        (self.keys - 1 - self.zipf.draw(random), Op::Read)
    }
}

pub(super) struct Shifting {
    zipf: Zipf,
    keys: u64,
    /// Where the most popular key is now.
    place: u64,
    step: u64,
    period: u64,
    left: u64,
}

impl Shifting {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let Parameters { keys, exponent, period, step, .. } = *parameters;
        let step = (keys as f64 * step).round() as u64;
        Self { zipf: Zipf::new(keys, exponent), keys, place: 0, step, period, left: period }
    }
}

impl Generate for Shifting {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        if self.left == 0 {
            self.left = self.period;
            self.place = (self.place + self.step) % self.keys;
        }
        self.left -= 1;
        ((self.place + self.zipf.draw(random)) % self.keys, Op::Read)
    }
}

pub(super) struct FlashCrowd {
    usual: Scrambled,
    keys: u64,
    crowd: u64,
    heat: f64,
    /// Requests from which and to which it lasts.
    from: u64,
    to: u64,
    done: u64,
}

impl FlashCrowd {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let Parameters { keys, requests, start, duration, crowd, heat, .. } = *parameters;
        let share = |share: f64| (requests as f64 * share).round() as u64;
        let usual = Scrambled::new(parameters);
        Self { usual, keys, crowd, heat, from: share(start), to: share((start + duration).min(1.0)), done: 0 }
    }
}

impl Generate for FlashCrowd {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        let now = self.done;
        self.done += 1;
        let crowd = (self.from..self.to).contains(&now) && random.chance(self.heat);
        let key = if crowd { self.keys + random.below(self.crowd) } else { self.usual.key(random) };
        (key, Op::Read)
    }
}
