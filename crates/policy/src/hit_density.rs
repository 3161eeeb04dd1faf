//! The model of LHD: what an entry of some class and age can be expected to earn per request that it stays.

/// Ages up to 16 have a bucket each, those above eight per octave: an age is known to an eighth.
const AGES: usize = 240;
const AGE_MAX: u64 = u32::MAX as u64;
/// One per octave of the ages at the last two hits, the last for those that were not hit.
const CLASSES: usize = 24;
/// What a period leaves of the counts before it.
const DECAY: f32 = 0.9;
/// Where little was counted, so many entries more are thought to have been seen, hit when twice as old as at the age in
/// question: the longer an entry was not asked for, the longer it is likely to take. Without them what was never seen
/// would be worth nothing, and chance would reign over small caches.
const PRIOR: f32 = 3.0;

/// What became of the entries of a class, by age.
#[derive(Clone, Debug)]
struct Class {
    hits: [f32; AGES],
    evictions: [f32; AGES],
    densities: [f32; AGES],
}

/// 70 kB: 24 classes of 240 ages. A count and a look O(1); learning passes over all of it, some 10 microseconds.
#[derive(Clone, Debug)]
pub(crate) struct HitDensity {
    classes: Vec<Class>,
}

impl HitDensity {
    /// The class of what was never hit.
    pub(crate) const NEVER_HIT: u8 = CLASSES as u8 - 1;

    pub(crate) fn new() -> Self {
        let class = Class { hits: [0.0; AGES], evictions: [0.0; AGES], densities: [0.0; AGES] };
        let mut model = Self { classes: vec![class; CLASSES] };
        model.learn();
        model
    }

    /// The class of an entry whose ages at its last two hits add up to `age`.
    pub(crate) fn class(age: u64) -> u8 {
        (age.max(1).ilog2() as u8).min(Self::NEVER_HIT - 1)
    }

    pub(crate) fn hit(&mut self, class: u8, age: u64) {
        self.classes[usize::from(class)].hits[bucket(age)] += 1.0;
    }

    pub(crate) fn eviction(&mut self, class: u8, age: u64) {
        self.classes[usize::from(class)].evictions[bucket(age)] += 1.0;
    }

    /// Hits to expect of an entry, over the requests that it is still going to stay.
    pub(crate) fn density(&self, class: u8, age: u64) -> f64 {
        f64::from(self.classes[usize::from(class)].densities[bucket(age)])
    }

    /// Ends a period: makes densities of what was counted, and lets the counts fade.
    pub(crate) fn learn(&mut self) {
        for class in &mut self.classes {
            // From the highest age down, so that everything that is still to come has been added up.
            let (mut hits, mut events, mut lifetime) = (0.0, 0.0, 0.0);
            for age in (0..AGES).rev() {
                let here = class.hits[age] + class.evictions[age];
                let width = (start(age + 1) - start(age)) as f32;
                lifetime += events * width + here * (width + 1.0) / 2.0;
                hits += class.hits[age];
                events += here;
                class.densities[age] = (hits + PRIOR) / (lifetime + PRIOR * (start(age) + 1) as f32);
                class.hits[age] *= DECAY;
                class.evictions[age] *= DECAY;
            }
        }
    }
}

fn bucket(age: u64) -> usize {
    let age = age.min(AGE_MAX);
    if age < 16 {
        return age as usize;
    }
    let octave = age.ilog2() as usize;
    16 + (octave - 4) * 8 + ((age >> (octave - 3)) & 7) as usize
}

/// The least age in `bucket`.
const fn start(bucket: usize) -> u64 {
    if bucket < 16 {
        return bucket as u64;
    }
    let (octave, eighth) = ((bucket - 16) / 8 + 4, (bucket - 16) % 8);
    (8 + eighth as u64) << (octave - 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_upon_each_other_and_hold_every_age() {
        for bucket_ in 0..AGES {
            assert_eq!(bucket(start(bucket_)), bucket_);
            assert_eq!(bucket(start(bucket_ + 1) - 1), bucket_);
        }
        assert_eq!((bucket(AGE_MAX), bucket(u64::MAX)), (AGES - 1, AGES - 1));
    }

    #[test]
    fn the_density_is_hits_to_come_over_time_to_come() {
        let mut model = HitDensity::new();
        for _ in 0..3 {
            model.hit(0, 4);
        }
        model.eviction(0, 9);
        model.learn();
        // Three stay 5 requests from age 0, one stays 10; at 5 only that one is left, which will not be hit.
        let expect =
            |hits: f32, lifetime: f32, age: f32| f64::from((hits + PRIOR) / (lifetime + PRIOR * (age + 1.0)));
        assert_eq!(model.density(0, 0), expect(3.0, 25.0, 0.0));
        assert_eq!(model.density(0, 4), expect(3.0, 9.0, 4.0));
        assert_eq!(model.density(0, 5), expect(0.0, 5.0, 5.0));
        assert_eq!(model.density(1, 5), expect(0.0, 0.0, 5.0));
    }
}
