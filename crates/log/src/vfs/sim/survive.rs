//! What a power cut leaves: one of many images, chosen by number or by seed.

use std::collections::BTreeMap;

use super::{
    disk::{Change, DirNode, Disk, FileNode, Names, Node, overwrite},
    rng::Rng,
};

/// The least that disks write at once. Files are torn at its multiples.
pub(super) const SECTOR_BYTES: usize = 512;

/// The page: what file systems write at once, and many disks.
const PAGE_BYTES: usize = 4096;

/// Which of the possible images survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// What was synced, and nothing else.
    Nothing,
    /// Everything, as if there had been no cut.
    Everything,
    /// One out of [`Moment::ways`](super::Moment::ways), torn at 512 bytes.
    Nth(u64),
    /// One by chance, torn at 512 bytes or 4 KiB.
    Seed(u64),
}

/// Picks a number below `options`; 0 is always the oldest state there is, and the last the newest.
pub(super) trait Chooser {
    fn pick(&mut self, options: usize) -> usize;
}

impl Disk {
    pub(super) fn survivor(&self, survival: Survival) -> Self {
        match survival {
            Survival::Nothing => self.image(SECTOR_BYTES, &mut Oldest),
            Survival::Everything => self.image(SECTOR_BYTES, &mut Newest),
            Survival::Nth(number) => self.image(SECTOR_BYTES, &mut Digits(number)),
            Survival::Seed(seed) => {
                let bytes = if seed & 1 == 0 { SECTOR_BYTES } else { PAGE_BYTES };
                self.image(bytes, &mut Seeded::new(seed))
            }
        }
    }

    /// How many images there are; `u64::MAX` if there are more than that.
    pub(super) fn ways(&self) -> u64 {
        let mut count = Count(1);
        self.image(SECTOR_BYTES, &mut count);
        count.0
    }

    fn image(&self, sector_bytes: usize, chooser: &mut dyn Chooser) -> Self {
        let survivor = |node: &Node| match node {
            Node::File(file) => {
                Node::File(FileNode::settled(file.survivor(sector_bytes, chooser), file.links()))
            }
            Node::Dir(dir) => Node::Dir(DirNode::settled(dir.survivor(chooser))),
        };
        Self { nodes: self.nodes.iter().map(survivor).collect() }
    }
}

impl FileNode {
    /// Each sector holds one of the states that it has had since it was last known to be on disk. The length is one of
    /// those that the file has had since, whatever the sectors hold.
    pub(super) fn survivor(&self, sector_bytes: usize, chooser: &mut dyn Chooser) -> Vec<u8> {
        let mut image = self.durable.clone();
        if self.pending.is_empty() {
            return image;
        }
        let lengths = self.lengths();
        let chosen = chooser.pick(lengths.len());
        let (last_cut, length) = lengths[chosen];
        let mut versions = BTreeMap::new();
        self.pieces(sector_bytes, |_, sector, _, _| *versions.entry(sector).or_insert(0) += 1);
        for states in versions.values_mut() {
            *states = chooser.pick(*states + 1);
        }
        let mut cuts = self.cuts().filter(|&(at, _)| at <= last_cut).peekable();
        self.pieces(sector_bytes, |change, sector, at, bytes| {
            while let Some((_, length)) = cuts.next_if(|&(at, _)| at < change) {
                image.truncate(length);
            }
            if let Some(left) = versions.get_mut(&sector).filter(|left| **left > 0) {
                *left -= 1;
                overwrite(&mut image, at, bytes);
            }
        });
        cuts.for_each(|(_, length)| image.truncate(length));
        image.resize(length, 0);
        image
    }

    /// The lengths that the file has had, oldest first, each with the number of the change that made it.
    fn lengths(&self) -> Vec<(usize, usize)> {
        let mut lengths = vec![(0, self.durable.len())];
        let mut length = self.durable.len();
        for (number, change) in (1..).zip(&self.pending) {
            length = match change {
                Change::Write { at, bytes } => length.max(*at as usize + bytes.len()),
                Change::Len(bytes) => *bytes as usize,
            };
            if lengths.last().is_some_and(|&(_, last)| last != length) {
                lengths.push((number, length));
            }
        }
        lengths
    }

    /// The changes of length that may take bytes away, by number.
    fn cuts(&self) -> impl Iterator<Item = (usize, usize)> {
        (1..).zip(&self.pending).filter_map(|(number, change)| match change {
            Change::Len(bytes) => Some((number, *bytes as usize)),
            Change::Write { .. } => None,
        })
    }

    /// Calls `visit(number of the change, sector, offset, bytes)` for each sector's part of each write.
    fn pieces(&self, sector_bytes: usize, mut visit: impl FnMut(usize, usize, usize, &[u8])) {
        for (number, change) in (1..).zip(&self.pending) {
            let Change::Write { at, bytes } = change else {
                continue;
            };
            let (mut at, mut rest) = (*at as usize, &**bytes);
            while !rest.is_empty() {
                let count = rest.len().min(sector_bytes - at % sector_bytes);
                visit(number, at / sector_bytes, at, &rest[..count]);
                (at, rest) = (at + count, &rest[count..]);
            }
        }
    }
}

impl DirNode {
    pub(super) fn survivor(&self, chooser: &mut dyn Chooser) -> Names {
        let mut names = self.durable.clone();
        for change in &self.pending {
            if chooser.pick(2) == 1 {
                change.apply(&mut names);
            }
        }
        names
    }
}

struct Oldest;

impl Chooser for Oldest {
    fn pick(&mut self, _: usize) -> usize {
        0
    }
}

struct Newest;

impl Chooser for Newest {
    fn pick(&mut self, options: usize) -> usize {
        options - 1
    }
}

/// Counts the images by multiplying the choices.
struct Count(u64);

impl Chooser for Count {
    fn pick(&mut self, options: usize) -> usize {
        self.0 = self.0.saturating_mul(options as u64);
        0
    }
}

/// A number whose digits are the choices.
struct Digits(u64);

impl Chooser for Digits {
    fn pick(&mut self, options: usize) -> usize {
        let options = options as u64;
        let digit = self.0 % options;
        self.0 /= options;
        digit as usize
    }
}

/// By chance, and by chance of a different kind for each seed: a cut that loses one thing of many, or saves one, is rarer
/// among all images than it is in life.
pub(super) struct Seeded {
    rng: Rng,
    /// Of eight choices so many are the newest state, and so many of the rest the oldest.
    newest: usize,
    oldest: usize,
}

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let (newest, oldest) = [(0, 0), (4, 8), (7, 8), (1, 8), (7, 0), (2, 4), (0, 6), (6, 6)][rng.below(8)];
        Self { rng, newest, oldest }
    }
}

impl Chooser for Seeded {
    fn pick(&mut self, options: usize) -> usize {
        if self.rng.below(8) < self.newest {
            options - 1
        } else if self.rng.below(8) < self.oldest {
            0
        } else {
            self.rng.below(options)
        }
    }
}
