//! CLOCK-Pro on one vector.

use nuthatch_policy::Slot;

use crate::twin::Twin;

#[derive(Clone, Copy)]
struct Page {
    /// Tells pages apart when slots and hashes are used again.
    number: u32,
    /// `None` once it left.
    slot: Option<Slot>,
    hash: u64,
    weight: u64,
    hot: bool,
    in_test: bool,
    used: bool,
}

pub(crate) struct ClockPro {
    capacity: u64,
    cold_target: u64,
    /// From the hot hand on: it points at the first, and new pages come last.
    clock: Vec<Page>,
    /// The pages pointed at; `None` is the first.
    cold_hand: Option<u32>,
    test_hand: Option<u32>,
    numbers: u32,
}

impl ClockPro {
    pub(crate) fn new(capacity: u64) -> Self {
        let cold_target = (capacity / 100).max(1);
        Self { capacity, cold_target, clock: Vec::new(), cold_hand: None, test_hand: None, numbers: 0 }
    }

    fn weight(&self, wanted: impl Fn(&Page) -> bool) -> u64 {
        self.clock.iter().filter(|page| wanted(page)).map(|page| page.weight).sum()
    }

    fn hot_is_over(&self) -> bool {
        self.weight(|page| page.hot) > self.capacity - self.cold_target
    }

    fn fail(&mut self, weight: u64) {
        self.cold_target = self.cold_target.saturating_sub(weight).max((self.capacity / 100).max(1));
    }

    fn pass(&mut self, weight: u64) {
        self.cold_target = (self.cold_target + weight).min(self.capacity);
    }

    fn after(&self, number: u32) -> Option<u32> {
        let at = self.clock.iter().position(|page| page.number == number).unwrap();
        self.clock.get(at + 1).map(|page| page.number)
    }

    fn take(&mut self, number: u32) -> Page {
        let after = self.after(number);
        if self.cold_hand == Some(number) {
            self.cold_hand = after;
        }
        if self.test_hand == Some(number) {
            self.test_hand = after;
        }
        let at = self.clock.iter().position(|page| page.number == number).unwrap();
        self.clock.remove(at)
    }

    fn page(&mut self, number: Option<u32>) -> &mut Page {
        match number {
            Some(number) => self.clock.iter_mut().find(|page| page.number == number).unwrap(),
            None => &mut self.clock[0],
        }
    }

    fn end_test(&mut self, number: u32) {
        let page = self.page(Some(number));
        if page.in_test && !page.used {
            page.in_test = false;
            let page = *page;
            self.fail(page.weight);
            if page.slot.is_none() {
                self.take(number);
            }
        }
    }

    fn end_tests(&mut self) {
        while self.weight(|page| page.slot.is_none()) > self.capacity {
            let number = self.page(self.test_hand).number;
            self.test_hand = self.after(number);
            self.end_test(number);
        }
    }

    fn cool_one(&mut self) {
        while self.clock.iter().any(|page| page.hot) {
            let first = self.clock[0].number;
            self.cold_hand.get_or_insert(first);
            self.test_hand.get_or_insert(first);
            let page = self.clock.remove(0);
            self.clock.push(page);
            if !page.hot {
                self.end_test(first);
            } else if page.used {
                self.page(Some(first)).used = false;
            } else {
                self.page(Some(first)).hot = false;
                return;
            }
        }
    }
}

impl Twin for ClockPro {
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let departed = self.clock.iter().find(|page| page.slot.is_none() && page.hash == hash).copied();
        if let Some(departed) = departed {
            self.pass(weight);
            self.take(departed.number);
        }
        let filling = self.weight(|page| page.slot.is_some()) + weight <= self.capacity - self.cold_target;
        let hot = departed.is_some() || filling;
        let number = self.numbers;
        self.numbers += 1;
        self.clock.push(Page { number, slot: Some(slot), hash, weight, hot, in_test: !hot, used: false });
        while self.hot_is_over() {
            self.cool_one();
        }
    }

    fn hit(&mut self, slot: Slot) {
        self.clock.iter_mut().find(|page| page.slot == Some(slot)).unwrap().used = true;
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.clock.iter_mut().find(|page| page.slot == Some(slot)).unwrap().weight = weight;
        while self.hot_is_over() {
            self.cool_one();
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.clock.iter().all(|page| page.slot.is_none()) {
            return None;
        }
        loop {
            if !self.clock.iter().any(|page| page.slot.is_some() && !page.hot) {
                self.cool_one();
            }
            let page = *self.page(self.cold_hand);
            self.cold_hand = self.after(page.number);
            if page.hot || page.slot.is_none() {
                continue;
            }
            if page.used {
                if page.in_test {
                    self.pass(page.weight);
                }
                self.take(page.number);
                self.clock.push(Page { hot: page.in_test, in_test: !page.in_test, used: false, ..page });
                while self.hot_is_over() {
                    self.cool_one();
                }
            } else if page.in_test {
                let older = self.clock.iter().find(|other| other.slot.is_none() && other.hash == page.hash);
                if let Some(older) = older.map(|older| older.number) {
                    self.take(older);
                }
                self.page(Some(page.number)).slot = None;
                self.end_tests();
                return page.slot;
            } else {
                self.take(page.number);
                return page.slot;
            }
        }
    }

    fn remove(&mut self, slot: Slot) {
        let number = self.clock.iter().find(|page| page.slot == Some(slot)).unwrap().number;
        self.take(number);
    }

    fn resize(&mut self, capacity: u64) {
        let cold_target = self.cold_target * capacity / self.capacity;
        self.cold_target = cold_target.max(capacity / 100).max(1);
        self.capacity = capacity;
        while self.hot_is_over() {
            self.cool_one();
        }
        self.end_tests();
    }
}
