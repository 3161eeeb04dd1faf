//! What every public operation promises, on every storage: one shard and several, sets that are read without a lock and
//! sets of types that own memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::panic, reason = "says what is not to be called")]

mod edges;
mod entries;
mod guards;
mod iteration;
mod keys;
mod many;
mod pins;
mod shape;
mod sizes;
mod weights;

/// A test for each shape of a cache, from a function of the datum and the shape.
macro_rules! on_every_storage {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::shape::Shape;

            #[test]
            fn one_shard() {
                super::$name::<String>(Shape::OneShard);
            }

            #[test]
            fn shards() {
                super::$name::<u64>(Shape::Shards);
            }

            #[test]
            fn sets_read_without_a_lock() {
                super::$name::<u64>(Shape::Sets);
            }

            #[test]
            fn sets_that_own_memory() {
                super::$name::<String>(Shape::Sets);
            }
        }
    )*};
}
pub(crate) use on_every_storage;
