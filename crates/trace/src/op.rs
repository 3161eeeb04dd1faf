//! Operations by their names in traces.

use crate::Op;

/// What errors say a name of an operation should be.
pub(crate) const EXPECTED: &str = "an operation such as get, set or delete";

/// The operation that `name` means, in any case: memcached's and CacheLib's commands, HTTP's methods, and SCSI's in
/// hexadecimal. CacheLib's "bigcache" traces say 1 for a get. Nothing at all is a read, as in traces without operations.
pub(crate) fn of_name(name: &[u8]) -> Option<Op> {
    const LONGEST: usize = 16;
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"" | b"1" | b"get" | b"gets" | b"read" | b"r" | b"get_lease" | b"gat" | b"head" => Op::Read,
        b"set" | b"write" | b"w" | b"put" | b"set_lease" | b"add" | b"replace" | b"cas" | b"append"
        | b"prepend" | b"incr" | b"decr" | b"update" | b"insert" | b"post" | b"patch" => Op::Write,
        b"delete" | b"del" | b"remove" | b"d" | b"purge" => Op::Delete,
        [a, b] => of_scsi(16 * hex(*a)? + hex(*b)?)?,
        _ => return None,
    })
}

/// The operation that a SCSI command means; `None` for those that neither read nor write blocks.
///
/// Source: T10, "SCSI Operation Codes".
pub(crate) const fn of_scsi(command: u8) -> Option<Op> {
    match command {
        0x08 | 0x28 | 0x88 | 0xa8 => Some(Op::Read), // READ of 6, 10, 16 and 12 bytes
        0x0a | 0x2a | 0x8a | 0xaa => Some(Op::Write), // WRITE
        0x2e | 0x8e | 0xae | 0x41 | 0x93 => Some(Op::Write), // WRITE AND VERIFY, WRITE SAME
        0x42 => Some(Op::Delete),                    // UNMAP
        _ => None,
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_sources_are_known_in_any_case() {
        for (name, op) in [
            ("GET_LEASE", Op::Read),
            ("gets", Op::Read),
            ("28", Op::Read),
            ("2A", Op::Write),
            ("2a", Op::Write),
            ("SET", Op::Write),
            ("incr", Op::Write),
            ("DELETE", Op::Delete),
            ("42", Op::Delete),
            ("", Op::Read),
        ] {
            assert_eq!(of_name(name.as_bytes()), Some(op), "{name}");
        }
        for name in ["12", "zz", "getting", "2", "a name longer than any", "\u{e9}"] {
            assert_eq!(of_name(name.as_bytes()), None, "{name}");
        }
    }
}
