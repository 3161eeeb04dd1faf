//! Keys looked up by what they can be borrowed as, by what is equivalent to them, and keys that are newtypes.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use nuthatch_cache::{Cache, Change, Equivalent};

use crate::shape::Shape;

const SHAPES: [Shape; 3] = [Shape::OneShard, Shape::Shards, Shape::Sets];

/// All that takes a borrowed key, with an unsized one.
fn all_by<K, Q>(shape: Shape, key: K, borrowed: &Q, other: &Q)
where
    K: Hash + Eq + Clone,
    Q: Hash + Equivalent<K> + ?Sized,
{
    let cache: Cache<K, u32> = shape.cache(50);
    assert_eq!((cache.get(borrowed), cache.remove(borrowed)), (None, None));
    cache.insert(key.clone(), 1);
    assert_eq!((cache.get(borrowed), cache.get(other)), (Some(1), None));
    assert_eq!((cache.peek(borrowed), cache.contains(borrowed)), (Some(1), true));
    assert_eq!(cache.get_with(borrowed, |value| value + 1), Some(2));
    assert_eq!(cache.peek_with(borrowed, |value| value + 1), Some(2));
    assert_eq!(cache.get_ref(borrowed).map(|value| *value), Some(1));
    assert_eq!(cache.update(borrowed, |value| *value += 1), Some(()));
    *cache.get_mut(borrowed).unwrap() += 1;
    assert_eq!(cache.get_many([borrowed, other]), [Some(3), None]);
    assert!(cache.pin(borrowed) && cache.is_pinned(borrowed) && cache.unpin(borrowed));
    assert_eq!(cache.remove_if(borrowed, |_, value| *value == 0), None);
    assert_eq!(cache.compute(key, |_| Change::Keep), None);
    assert_eq!(cache.remove(borrowed), Some(3));
    assert!(cache.is_empty());
}

#[test]
fn owned_keys_are_found_by_what_they_borrow_as() {
    for shape in SHAPES {
        all_by(shape, "key".to_owned(), "key", "other");
        all_by(shape, b"key".to_vec(), &b"key"[..], b"other");
        all_by::<Box<str>, str>(shape, "key".into(), "key", "other");
        all_by::<Arc<[u16]>, [u16]>(shape, [1, 2].into(), &[1, 2], &[1]);
        all_by::<std::path::PathBuf, std::path::Path>(shape, "a/b".into(), "a/b".as_ref(), "a".as_ref());
    }
}

/// A key of two parts, and the same parts borrowed: no `Borrow` can say that, for there is no tuple to borrow.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Owned(String, u32);

#[derive(Hash)]
struct Parts<'a>(&'a str, u32);

impl Equivalent<Owned> for Parts<'_> {
    fn equivalent(&self, key: &Owned) -> bool {
        (self.0, self.1) == (key.0.as_str(), key.1)
    }
}

#[test]
fn a_key_of_two_parts_is_found_by_its_parts() {
    for shape in SHAPES {
        all_by(shape, Owned("tenant".to_owned(), 7), &Parts("tenant", 7), &Parts("tenant", 8));
    }
}

/// A number with a meaning of its own; small and `Copy`, which the cache can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct UserId(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cents(i64);

impl Equivalent<UserId> for u64 {
    fn equivalent(&self, key: &UserId) -> bool {
        *self == key.0
    }
}

#[test]
fn newtypes_are_keys_and_values_like_any_other() {
    for shape in SHAPES {
        all_by(shape, UserId(7), &UserId(7), &UserId(8));
        all_by(shape, UserId(7), &7_u64, &8_u64);
        let cache: Cache<UserId, Cents> = shape.builder(3_000).copied().build().unwrap();
        cache.insert_many((0..2_000).map(|id| (UserId(id), Cents(-1))));
        cache.update(&UserId(3), |cents| cents.0 += 5);
        assert_eq!(cache.get(&3_u64), Some(Cents(4)));
        assert_eq!(cache.entry(UserId(3)).and_modify(|cents| cents.0 = 0).or_insert(Cents(1)), Cents(0));
    }
}

/// A key that says it equals keys of other hashes is at fault; the cache is not harmed by it.
#[derive(Clone, Debug)]
struct Liar(u64, bool);

impl PartialEq for Liar {
    fn eq(&self, other: &Self) -> bool {
        self.1 || other.1 || self.0 == other.0
    }
}

impl Eq for Liar {}

impl Hash for Liar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 % 4).hash(state);
    }
}

#[test]
fn keys_that_collide_or_lie_do_no_more_than_be_mistaken() {
    for shape in SHAPES {
        let cache: Cache<Liar, u64> = shape.cache(60);
        for key in 0..400 {
            cache.insert(Liar(key, key % 7 == 0), key);
            cache.remove(&Liar(key / 2, key % 5 == 0));
            assert!(cache.len() <= 60);
        }
        assert_eq!(cache.iter().count(), cache.len());
        cache.clear();
        assert_eq!((cache.len(), cache.weight()), (0, 0));
    }
}
