//! Which types are known to be `Copy` without being asked.

use std::{
    any::TypeId,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    time::{Duration, Instant},
};

/// Whether `T` is one of the small types of the standard library that are `Copy`. A generic function cannot ask for that
/// as a bound without asking it of everyone; the builder's [`copied`](crate::Builder::copied) is for all other types.
pub(super) fn is_copy<T>() -> bool {
    macro_rules! ids {
        ($($kind:ty),* $(,)?) => {
            [$(id_of::<$kind>()),*]
        };
    }
    let known = ids![
        u8,
        u16,
        u32,
        u64,
        u128,
        usize,
        i8,
        i16,
        i32,
        i64,
        i128,
        isize,
        f32,
        f64,
        bool,
        char,
        (),
        NonZeroU32,
        NonZeroU64,
        NonZeroUsize,
        [u8; 4],
        [u8; 8],
        [u8; 12],
        [u8; 16],
        [u8; 20],
        [u8; 32],
        (u32, u32),
        (u64, u64),
        (u64, u32),
        (u32, u64),
        Option<u32>,
        Option<u64>,
        &'static str,
        IpAddr,
        Ipv4Addr,
        Ipv6Addr,
        SocketAddr,
        Duration,
        Instant,
    ];
    known.contains(&typeid::of::<T>())
}

/// Asks the compiler whether a type belongs into the list.
fn id_of<T: Copy + 'static>() -> TypeId {
    TypeId::of::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_owns_memory_is_not_copied() {
        assert!(is_copy::<u64>() && is_copy::<&str>() && is_copy::<Option<u64>>());
        assert!(
            !is_copy::<String>() && !is_copy::<Box<u8>>() && !is_copy::<std::mem::ManuallyDrop<Box<u8>>>()
        );
    }
}
