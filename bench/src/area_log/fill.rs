//! Stores that hold something before the clock starts.

use crate::{
    area_log::{
        pairs::{Noise, Pair, keys_in_order},
        store::Store,
    },
    random::Random,
};

const FILL_BATCH: usize = 1000;

/// Sets the keys of the numbers below `keys`, in order, and brings them to the disk.
pub(super) fn fill(store: &dyn Store, keys: u64, value_bytes: usize) -> anyhow::Result<()> {
    let (noise, mut random) = (Noise::new(), Random::new(1));
    let mut batch = Vec::<Pair>::with_capacity(FILL_BATCH);
    for key in keys_in_order(keys) {
        batch.push((key, noise.value(&mut random, value_bytes).to_vec()));
        if batch.len() == FILL_BATCH {
            store.put_all(&batch)?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        store.put_all(&batch)?;
    }
    store.settle()
}
