//! CRC-32C, and for a negative control of the tests a way to do without.

use crc_fast::crc32_iscsi;

/// The checksum of some bytes.
#[inline]
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    unless_off(crc32_iscsi(bytes) as u32)
}

/// The checksum as it is, but in tests that have turned checksums off.
#[inline]
pub(crate) fn unless_off(crc: u32) -> u32 {
    #[cfg(feature = "simulated")]
    if off::OFF.get() {
        return 0;
    }
    crc
}

#[cfg(feature = "simulated")]
mod off {
    use std::cell::Cell;

    thread_local! {
        pub(super) static OFF: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs with checksums that are all the same, in this thread: what a test proves with them it must fail to prove here.
    pub fn without_checksums<R>(run: impl FnOnce() -> R) -> R {
        OFF.set(true);
        let result = run();
        OFF.set(false);
        result
    }
}

#[cfg(feature = "simulated")]
pub use off::without_checksums;
