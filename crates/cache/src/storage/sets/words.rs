//! Copies of values that another thread may be writing at the same moment.
//!
//! A reader without a lock copies first and finds out afterwards whether what it copied was whole. In Rust's memory model
//! a plain copy is forbidden even if its result is thrown away, and atomic loads are forbidden on padding. So the words go
//! through assembly: single loads and stores of the machine, about which the compiler assumes nothing.
//!
//! Decision and figures: docs/decisions/0007-two-storages.md.
#![expect(unsafe_code, reason = "racing copies; what makes each sound is written at its block")]

use std::mem::MaybeUninit;
#[cfg(all(not(miri), target_arch = "x86_64"))]
use std::sync::atomic::AtomicU64;

/// Whether this machine's words can be copied so. Elsewhere readers take the lock.
pub(crate) const AVAILABLE: bool = cfg!(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")));

/// Calls `step` with offset and length (8, 4, 2 or 1) of the words that make up `size` bytes.
#[inline(always)]
fn words(size: usize, mut step: impl FnMut(usize, usize)) {
    let mut at = 0;
    for len in [8, 4, 2, 1] {
        while size - at >= len {
            step(at, len);
            at += len;
        }
    }
}

/// Copies the bytes of a `T` out of memory that may be written meanwhile. They may be torn: only if it turns out that
/// nobody wrote may they be taken for a `T`.
///
/// # Safety
///
/// `from` points to `size_of::<T>()` bytes of live memory, which is written at the same time by [`store`] only.
#[inline(always)]
pub(crate) unsafe fn load<T>(from: *const T) -> MaybeUninit<T> {
    let mut copy = MaybeUninit::<T>::uninit();
    let (from, to) = (from.cast::<u8>(), copy.as_mut_ptr().cast::<u8>());
    words(size_of::<T>(), |at, len| {
        // SAFETY: `at + len` is at most the size of a `T`, which both sides have; `to` is our own.
        unsafe {
            let (from, to) = (from.add(at), to.add(at));
            match len {
                8 => to.cast::<u64>().write_unaligned(machine::load_8(from)),
                4 => to.cast::<u32>().write_unaligned(machine::load_4(from)),
                2 => to.cast::<u16>().write_unaligned(machine::load_2(from)),
                _ => to.write(machine::load_1(from)),
            }
        }
    });
    copy
}

/// Writes `value` into memory that may be read meanwhile, and forgets it.
///
/// # Safety
///
/// `to` points to `size_of::<T>()` bytes of live memory, which is read at the same time by [`load`] only, and written
/// by nobody else.
#[inline(always)]
pub(crate) unsafe fn store<T>(to: *mut T, value: T) {
    let value = MaybeUninit::new(value);
    let (from, to) = (value.as_ptr().cast::<u8>(), to.cast::<u8>());
    words(size_of::<T>(), |at, len| {
        // SAFETY: as in `load`. Bytes that are not initialised (padding) pass through the machine only.
        unsafe {
            let (from, to) = (from.add(at), to.add(at));
            match len {
                8 => machine::copy_8(from, to),
                4 => machine::copy_4(from, to),
                2 => machine::copy_2(from, to),
                _ => machine::copy_1(from, to),
            }
        }
    });
}

/// Two words at once, of which each is one of the words that were there at some moment.
#[cfg(all(not(miri), target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn pair_of_words(words: &[AtomicU64; 2]) -> std::arch::x86_64::__m128i {
    let pair;
    // SAFETY: 16 bytes are read from where 16 live; the compiler takes it for a relaxed load, and words are aligned, so
    // no processor with 64-bit words tears one.
    unsafe {
        std::arch::asm!("movdqu {pair}, xmmword ptr [{at}]", at = in(reg) words, pair = out(xmm_reg) pair,
            options(nostack, preserves_flags, readonly));
    }
    pair
}

/// One load of the machine, and one load and one store. Alignment is not needed, for tearing is allowed.
#[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]
mod machine {
    use std::arch::asm;

    macro_rules! words {
        ($($bits:ident $class:ident $load:ident $copy:ident: $fetch:literal, $put:literal;)*) => {$(
            /// # Safety
            ///
            /// As many bytes may be read at `from`.
            #[inline(always)]
            pub(super) unsafe fn $load(from: *const u8) -> $bits {
                let word: $bits;
                // SAFETY: reads what the caller allows, as an atomic load of relaxed ordering does.
                unsafe {
                    asm!($fetch, at = in(reg) from, word = out($class) word,
                        options(nostack, preserves_flags, readonly));
                }
                word
            }

            /// # Safety
            ///
            /// As many bytes may be read at `from` and written at `to`.
            #[inline(always)]
            pub(super) unsafe fn $copy(from: *const u8, to: *mut u8) {
                // SAFETY: reads and writes what the caller allows, as atomics of relaxed ordering do.
                unsafe {
                    asm!($fetch, $put, at = in(reg) from, to = in(reg) to, word = out($class) _,
                        options(nostack, preserves_flags));
                }
            }
        )*};
    }

    #[cfg(target_arch = "x86_64")]
    words! {
        u64 reg load_8 copy_8: "mov {word:r}, qword ptr [{at}]", "mov qword ptr [{to}], {word:r}";
        u32 reg load_4 copy_4: "mov {word:e}, dword ptr [{at}]", "mov dword ptr [{to}], {word:e}";
        u16 reg load_2 copy_2: "movzx {word:e}, word ptr [{at}]", "mov word ptr [{to}], {word:x}";
        u8 reg_byte load_1 copy_1: "mov {word}, byte ptr [{at}]", "mov byte ptr [{to}], {word}";
    }

    #[cfg(target_arch = "aarch64")]
    words! {
        u64 reg load_8 copy_8: "ldr {word:x}, [{at}]", "str {word:x}, [{to}]";
        u32 reg load_4 copy_4: "ldr {word:w}, [{at}]", "str {word:w}, [{to}]";
        u16 reg load_2 copy_2: "ldrh {word:w}, [{at}]", "strh {word:w}, [{to}]";
        u8 reg load_1 copy_1: "ldrb {word:w}, [{at}]", "strb {word:w}, [{to}]";
    }
}

/// Where readers take the lock, nobody writes meanwhile, and plain copies do.
#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod machine {
    macro_rules! words {
        ($($bits:ident $load:ident $copy:ident;)*) => {$(
            pub(super) unsafe fn $load(from: *const u8) -> $bits {
                // SAFETY: as many bytes may be read at `from`.
                unsafe { from.cast::<$bits>().read_unaligned() }
            }

            pub(super) unsafe fn $copy(from: *const u8, to: *mut u8) {
                // SAFETY: as many bytes may be read at `from` and written at `to`.
                unsafe { std::ptr::copy_nonoverlapping(from, to, size_of::<$bits>()) };
            }
        )*};
    }

    words! { u64 load_8 copy_8; u32 load_4 copy_4; u16 load_2 copy_2; u8 load_1 copy_1; }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: Copy + PartialEq + std::fmt::Debug>(value: T) {
        let mut place = MaybeUninit::<T>::uninit();
        // SAFETY: one thread; what was stored is a `T`.
        let copy = unsafe {
            store(place.as_mut_ptr(), value);
            load(place.as_ptr()).assume_init()
        };
        assert_eq!(copy, value);
    }

    #[test]
    fn values_of_all_sizes_are_copied_whole() {
        there_and_back(());
        there_and_back(0xa5_u8);
        there_and_back([1_u8, 2, 3]);
        there_and_back((1_u16, 2_u64, true));
        there_and_back(std::array::from_fn::<u8, 31, _>(|i| i as u8));
        there_and_back((u128::MAX, 'x', Some(7_u32)));
    }
}
