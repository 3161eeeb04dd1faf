//! Requests made up at random.

use crate::{agreement::Agreement, support::Random};

/// A command on one of a few keys. Times to expire at are given absolutely, centuries ahead or in the past, so that no
/// reply depends on the moment.
pub(crate) fn random_command(random: &mut Random) -> (Agreement, Vec<Vec<u8>>) {
    const KEYS: &[&[u8]] =
        &[b"a", b"b", b"c", b"d", b"", b"\0", b"\0\0", b"\xff\r\n", b"key:with:a:longer:name", b"n"];
    const VALUES: &[&[u8]] = &[
        b"",
        b"0",
        b"1",
        b"-7",
        b"41",
        b"3.25",
        b"-0.5",
        b"10.125",
        b"text",
        b"\0\xff\r\n",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"01",
        b" 1",
    ];
    const INTEGERS: &[&[u8]] =
        &[b"1", b"-1", b"0", b"1000", b"9223372036854775807", b"-9223372036854775808", b"x"];
    // Numbers to add as floating point have keys of their own and few binary digits: see the test on decimal sums.
    const FLOAT_KEYS: &[&[u8]] = &[b"float:1", b"float:2"];
    const FLOATS: &[&[u8]] = &[b"0.5", b"-0.25", b"2.5e1", b"7", b"-3.75", b"1e6", b".125", b"x", b""];
    // SET leaves what is past to be found by the next reader in Redis, and DBSIZE counts it till then.
    const FUTURE: &[&[u8]] = &[b"33177117420", b"33177117421", b"44177117420", b"0", b"-5", b"x"];
    const FUTURE_MILLIS: &[&[u8]] = &[b"33177117420123", b"33177117420124", b"44177117420999", b"0", b""];
    const TIMES: &[&[u8]] =
        &[b"33177117420", b"33177117421", b"33177117999", b"44177117420", b"1", b"0", b"-5", b"x"];
    const MILLIS: &[&[u8]] =
        &[b"33177117420123", b"33177117420124", b"33177117421000", b"44177117420999", b"1", b"0", b"-5", b""];
    const CONDITIONS: &[&[u8]] = &[b"NX", b"XX", b"GT", b"LT", b"nx", b"zz"];
    const UPDATES: &[&[u8]] = &[b"INCR", b"DECR", b"GETDEL", b"PERSIST"];
    const READS: &[&[u8]] =
        &[b"GET", b"STRLEN", b"TTL", b"EXPIRETIME", b"PEXPIRETIME", b"TYPE", b"EXISTS", b"TOUCH"];

    let key = |random: &mut Random| random.pick(KEYS).to_vec();
    let value = |random: &mut Random| {
        // Now and then one that does not fit beside others.
        if random.below(40) == 0 { random.bytes(5000) } else { random.pick(VALUES).to_vec() }
    };
    let word = |text: &str| text.as_bytes().to_vec();
    let mut command = match random.below(20) {
        0..=3 => vec![random.pick(READS).to_vec(), key(random)],
        4..=6 => {
            let mut set = vec![word("SET"), key(random), value(random)];
            for _ in 0..random.below(4) {
                match random.below(7) {
                    0 => set.push(word("NX")),
                    1 => set.push(word("XX")),
                    2 => set.push(word("GET")),
                    3 => set.push(word("KEEPTTL")),
                    4 => set.extend([word("EXAT"), random.pick(FUTURE).to_vec()]),
                    5 => set.extend([word("PXAT"), random.pick(FUTURE_MILLIS).to_vec()]),
                    _ => set.push(word("xx")),
                }
            }
            set
        }
        7 => vec![random.pick(UPDATES).to_vec(), key(random)],
        8 => vec![word("INCRBY"), key(random), random.pick(INTEGERS).to_vec()],
        9 => vec![word("DECRBY"), key(random), random.pick(INTEGERS).to_vec()],
        10 => vec![word("INCRBYFLOAT"), random.pick(FLOAT_KEYS).to_vec(), random.pick(FLOATS).to_vec()],
        11 => vec![word("APPEND"), key(random), random.pick(VALUES).to_vec()],
        12 => vec![word("GETSET"), key(random), value(random)],
        13 => vec![word("SETNX"), key(random), value(random)],
        14 | 15 => {
            let (name, times) = *random.pick(&[("EXPIREAT", TIMES), ("PEXPIREAT", MILLIS)]);
            let mut expire = vec![word(name), key(random), random.pick(times).to_vec()];
            expire.extend((0..random.below(3)).map(|_| random.pick(CONDITIONS).to_vec()));
            expire
        }
        16 => {
            let mut mset = vec![word("MSET")];
            for _ in 0..1 + random.below(4) {
                mset.extend([key(random), value(random)]);
            }
            mset
        }
        17 => {
            let name = *random.pick(&["MGET", "MGET", "DEL", "UNLINK", "EXISTS", "TOUCH"]);
            let mut many = vec![word(name)];
            many.extend((0..1 + random.below(5)).map(|_| key(random)));
            many
        }
        18 => vec![word("DBSIZE")],
        _ if random.below(20) == 0 => vec![word("FLUSHALL")],
        _ => vec![word("SET"), random.pick(FLOAT_KEYS).to_vec(), random.pick(FLOATS).to_vec()],
    };
    // Now and then one argument too few or too many.
    match random.below(60) {
        0 if command.len() > 1 => drop(command.pop()),
        1 => command.push(word("extra")),
        _ => {}
    }
    // TTL counts down from now, which the two are not asked at the same moment.
    let kind = if command[0] == b"TTL" { Agreement::Near } else { Agreement::Exact };
    (kind, command)
}
