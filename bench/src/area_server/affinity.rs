//! Which core a thread and what it starts may run on.

use anyhow::Context;
use rustix::thread::{CpuSet, sched_setaffinity};

/// Keeps the calling thread, and the threads and processes that it starts from now on, on one core.
pub(crate) fn stay_on(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("cannot stay on core {core}"))
}
