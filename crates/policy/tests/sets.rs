//! Who leaves a set of 16, against a twin that keeps everything in fields of its own.

use nuthatch_policy::sets::{CELLS, Marks, WAYS};
use proptest::prelude::*;

const ALL: u16 = u16::MAX;

/// A tag whose ghost has a cell of its own.
fn tag(number: usize) -> u16 {
    (number as u16 % 14) * 4681 + 0x800
}

/// A full set of strangers: none read, all in small.
fn full() -> (Marks, [u8; CELLS]) {
    (Marks::default(), [0; CELLS])
}

fn main_of(marks: &Marks) -> u16 {
    (0..WAYS).fold(0, |main, way| main | u16::from(marks.warmth(way) & 4 != 0) << way)
}

#[test]
fn a_hit_in_small_counts_once_and_in_main_up_to_three_are_told() {
    let (mut marks, _) = full();
    marks.arrive(6, true);
    for expected in [(1, 5), (1, 6), (1, 7), (1, 7)] {
        marks.hit(5);
        marks.hit(6);
        assert_eq!((marks.warmth(5), marks.warmth(6)), expected);
    }
    assert_eq!((marks.warmth(4), marks.warmth(7)), (0, 0));
}

#[test]
fn what_was_read_moves_to_main_and_what_was_not_leaves_in_the_order_of_its_coming() {
    let (mut marks, mut ghosts) = full();
    marks.hit(0);
    marks.hit(2);
    let order = [1, 3, 4].map(|_| marks.replace(tag(9), ALL, 0, tag, &mut ghosts));
    assert_eq!(order, [Some(1), Some(3), Some(4)]);
    assert_eq!(main_of(&marks), 0b101);
}

#[test]
fn main_gives_up_its_least_read_once_small_is_down_to_its_share() {
    let (mut marks, mut ghosts) = full();
    (0..WAYS).for_each(|way| marks.arrive(way, way != 7));
    (0..WAYS).filter(|way| *way != 3).for_each(|way| marks.hit(way));
    // The newcomer at 7 was read, so it goes to main, and the one unread there has to go.
    assert_eq!(marks.replace(tag(9), ALL, 0, tag, &mut ghosts), Some(3));
    assert_eq!(main_of(&marks), !(1 << 3));
}

#[test]
fn who_comes_back_goes_to_main_but_for_one_whose_home_is_elsewhere() {
    let (mut marks, mut ghosts) = full();
    assert_eq!(marks.replace(tag(9), ALL, 0, tag, &mut ghosts), Some(0));
    assert_eq!(marks.replace(tag(0), ALL, 0, tag, &mut ghosts), Some(1));
    assert_eq!(main_of(&marks), 1 << 1);
    assert_eq!(marks.replace(tag(9), ALL, 1 << 2, tag, &mut ghosts), Some(2));
    assert!(!marks.recall(tag(2), &mut ghosts) && marks.recall(tag(1), &mut ghosts));
}

#[test]
fn who_comes_back_is_not_let_into_main_while_all_there_are_in_use() {
    for unread in [None, Some(4)] {
        let (mut marks, mut ghosts) = full();
        (0..WAYS).for_each(|way| marks.arrive(way, way != 7));
        assert_eq!(marks.replace(tag(9), ALL, 0, tag, &mut ghosts), Some(7));
        (0..WAYS).filter(|way| *way != 7 && Some(*way) != unread).for_each(|way| marks.hit(way));
        assert_eq!(marks.replace(tag(7), ALL, 0, tag, &mut ghosts), Some(7));
        assert_eq!(marks.warmth(7) & 4 != 0, unread.is_some());
    }
}

#[test]
fn everybody_looks_for_room_until_three_found_none_and_then_one_in_eight() {
    let mut marks = Marks::default();
    let looking = |marks: &Marks| (1..=1 << 13).filter(|tag| marks.looks_around(tag << 3)).count();
    for _ in 0..3 {
        assert_eq!(looking(&marks), 1 << 13);
        marks.found_no_room();
    }
    marks.found_no_room();
    assert_eq!(looking(&marks), 1 << 10);
    marks.found_room();
    assert_eq!(looking(&marks), 1 << 13);
}

#[test]
fn warmth_is_what_it_was_set_to_and_of_one_entry_alone() {
    let mut marks = Marks(0xabcd_ef01_2345_6789);
    let all = |marks: &Marks| -> [u8; WAYS] { std::array::from_fn(|way| marks.warmth(way)) };
    for way in 0..WAYS {
        for (warmth, told) in [(7, 7), (0, 0), (5, 5), (2, 1), (6, 6), (1, 1), (4, 4), (3, 1)] {
            let mut expected = all(&marks);
            expected[way] = told;
            marks.set_warmth(way, warmth);
            assert_eq!(all(&marks), expected);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Hit(usize),
    Replace { tag: u16, candidates: u16, displaced: u16 },
    Forget(usize),
    NoRoom,
    Room,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let few_tags = prop_oneof![1..=u16::MAX, (0..20_usize).prop_map(tag)];
    let candidates = prop_oneof![5 => Just(ALL), 1 => any::<u16>()];
    let displaced = prop_oneof![5 => Just(0), 1 => any::<u16>()];
    let step = prop_oneof![
        3 => (0..WAYS).prop_map(Step::Hit),
        5 => (few_tags, candidates, displaced)
            .prop_map(|(tag, candidates, displaced)| Step::Replace { tag, candidates, displaced }),
        1 => (0..WAYS).prop_map(Step::Forget),
        1 => Just(Step::NoRoom),
        1 => Just(Step::Room),
    ];
    prop::collection::vec(step, 0..400)
}

/// The same, an entry and a cell at a time.
#[derive(Default)]
struct Twin {
    /// In main or not, and hits.
    entries: [(bool, u8); WAYS],
    hands: [usize; 2],
    share: usize,
    fulls: u32,
    /// What is told of a tag, and whether it left small. One that left main and of which nothing is told is not remembered.
    cells: [Option<(u16, bool)>; CELLS],
}

impl Twin {
    fn hit(&mut self, way: usize) {
        let (main, hits) = &mut self.entries[way];
        *hits = (*hits + 1).min(if *main { 5 } else { 1 });
    }

    fn recall(&mut self, tag: u16) -> bool {
        let cell = usize::from(tag) * CELLS / 65_536;
        let Some((_, left_small)) = self.cells[cell].filter(|(print, _)| *print == Self::print(tag)) else {
            return false;
        };
        let of = |small| self.cells.iter().flatten().filter(|cell| cell.1 == small).count();
        self.share =
            if left_small { (self.share + of(false)).min(63) } else { self.share.saturating_sub(of(true)) };
        self.cells[cell] = None;
        true
    }

    fn print(tag: u16) -> u16 {
        tag / 32 % 128
    }

    fn replace(&mut self, tag: u16, candidates: u16, displaced: u16, tags: &[u16; WAYS]) -> Option<usize> {
        let in_main = self.entries.iter().filter(|entry| entry.0).count();
        let recalled = self.recall(tag);
        let admitted = recalled && (in_main < 8 || self.entries.contains(&(true, 0)));
        let (way, left_small) = self.evict(candidates)?;
        if displaced & (1 << way) == 0 {
            let cell = usize::from(tags[way]) * CELLS / 65_536;
            self.cells[cell] = Some((Self::print(tags[way]), left_small)).filter(|cell| *cell != (0, false));
        }
        self.entries[way] = (admitted, 0);
        Some(way)
    }

    fn evict(&mut self, candidates: u16) -> Option<(usize, bool)> {
        loop {
            let ways = (0..WAYS).filter(|way| candidates & (1 << way) != 0);
            let (main, small) = ways.partition::<Vec<_>, _>(|way| self.entries[*way].0);
            if small.is_empty() && main.is_empty() {
                return None;
            }
            if main.is_empty() || small.len() > self.share / 16 {
                let turn = (0..WAYS).map(|ahead| (self.hands[1] + ahead) % WAYS);
                let way = turn.into_iter().find(|way| small.contains(way))?;
                self.hands[1] = (way + 1) % WAYS;
                if self.entries[way].1 == 0 {
                    return Some((way, true));
                }
                self.entries[way] = (true, 0);
                continue;
            }
            if main.iter().all(|way| self.entries[*way].1 > 0) {
                main.iter().for_each(|way| self.entries[*way].1 -= 1);
                continue;
            }
            for ahead in 0..WAYS {
                let way = (self.hands[0] + ahead) % WAYS;
                if main.contains(&way) && self.entries[way].1 == 0 {
                    self.hands[0] = (way + 1) % WAYS;
                    return Some((way, false));
                } else if main.contains(&way) {
                    self.entries[way].1 -= 1;
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn the_marks_agree_with_their_naive_twin(steps in steps(), tags in prop::array::uniform16(1..=u16::MAX)) {
        let ((mut marks, mut ghosts), mut twin, mut tags) = (full(), Twin::default(), tags);
        for step in steps {
            match step {
                Step::Hit(way) => {
                    marks.hit(way);
                    twin.hit(way);
                }
                Step::Replace { tag, candidates, displaced } => {
                    let expected = twin.replace(tag, candidates, displaced, &tags);
                    let way = marks.replace(tag, candidates, displaced, |way| tags[way], &mut ghosts);
                    prop_assert_eq!(way, expected);
                    prop_assert_eq!(way.is_some(), candidates != 0);
                    if let Some(way) = way {
                        tags[way] = tag;
                    }
                }
                Step::Forget(way) => {
                    marks.forget(way);
                    twin.entries[way] = (false, 0);
                }
                Step::NoRoom => {
                    marks.found_no_room();
                    twin.fulls += 1;
                }
                Step::Room => {
                    marks.found_room();
                    twin.fulls = 0;
                }
            }
            let warmth = twin.entries.map(|(main, hits)| if main { 4 + hits.min(3) } else { hits });
            prop_assert_eq!(std::array::from_fn(|way| marks.warmth(way)), warmth);
            prop_assert_eq!(marks.is_packed(), twin.fulls >= 3);
            let cells = twin.cells.map(|cell| cell.map_or(0, |(print, small)| (print as u8) << 1 | u8::from(small)));
            prop_assert_eq!(ghosts, cells);
        }
    }

    #[test]
    fn one_of_the_candidates_leaves_whatever_the_marks(
        word: u64, mut ghosts: [u8; CELLS], candidates: u16, newcomer in 1..=u16::MAX,
    ) {
        let mut marks = Marks(word);
        let packed = marks.is_packed();
        let way = marks.replace(newcomer, candidates, 0, tag, &mut ghosts);
        prop_assert_eq!(way.is_some(), candidates != 0);
        if let Some(way) = way {
            prop_assert!(candidates & (1 << way) != 0);
            prop_assert_eq!(marks.warmth(way) & 3, 0, "a newcomer is unread");
        }
        prop_assert_eq!(marks.is_packed(), packed);
    }
}
