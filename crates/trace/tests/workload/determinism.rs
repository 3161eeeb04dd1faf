//! The same specification is the same requests: today, tomorrow and on another machine.

use nuthatch_trace::{Op, Request, workload::Kind};

use crate::{keys, requests};

/// A few parameters that make all of a workload's features show within its first requests.
fn spec(kind: Kind) -> String {
    let own = match kind {
        Kind::Scan => "",
        Kind::Shifting => "keys=1000,period=3000,",
        Kind::ScanPoints => "keys=1000,length=40,cold=300,",
        _ => "keys=1000,",
    };
    format!("{kind}:{own}requests=20000,seed=3,sizes=lognormal:4096:2,ttl=uniform:1-900,rate=700")
}

/// FNV-1a, which no library's new version changes.
fn digest(requests: &[Request]) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for request in requests {
        let op = match request.op {
            Op::Read => 0,
            Op::Write => 1,
            Op::Delete => 2,
        };
        let ttl_s = u64::from(request.ttl_s.unwrap_or(0));
        for number in [request.key, request.size, op, ttl_s, request.time_us.unwrap_or(0)] {
            for byte in number.to_le_bytes() {
                digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    digest
}

/// If this fails, results that somebody wrote down cannot be repeated: change the generators only for a reason.
#[test]
fn requests_are_the_same_on_every_machine_and_in_every_version() {
    let pinned = PINNED;
    let found = Kind::ALL.map(|kind| {
        let requests = requests(&spec(kind));
        let [first, second, third, ..] = requests[..] else { panic!("{kind}: too few") };
        (kind.name(), [first.key, second.key, third.key], digest(&requests))
    });
    assert_eq!(found, pinned, "found:\n{found:#?}");
}

#[test]
fn another_seed_gives_other_requests() {
    for kind in Kind::ALL {
        if matches!(kind, Kind::Scan | Kind::Loop) {
            continue; // nothing in them is left to chance
        }
        let of_seed = |seed| keys(&format!("{kind}:requests=1000,seed={seed}"));
        assert_eq!(of_seed(1), of_seed(1));
        assert_ne!(of_seed(1), of_seed(2), "{kind}");
    }
}

#[test]
fn writes_and_sizes_leave_the_keys_alone() {
    let plain = keys("zipf:requests=1000");
    assert_eq!(plain, keys("zipf:requests=1000,writes=30%,deletes=5%,sizes=uniform:1-9,ttl=4"));
    assert_eq!(plain[..10], keys("zipf:requests=10"), "a shorter one is the start of a longer one");
}

const PINNED: [(&str, [u64; 3], u64); 17] = [
    ("uniform", [815, 435, 400], 0x50e4_dd26_8436_0ebf),
    ("zipf", [3, 72, 92], 0xb13a_2fe2_fe00_58fe),
    ("scrambled-zipf", [467, 989, 576], 0x2af1_500f_acf8_4757),
    ("hotset", [548, 165, 144], 0x3811_883c_3378_2b84),
    ("latest", [927, 997, 992], 0xcaab_fa5f_960f_e041),
    ("shifting", [3, 72, 92], 0x8072_78d6_0186_8cab),
    ("scan", [0, 1, 2], 0x24b1_1c11_0607_0c6f),
    ("loop", [0, 1, 2], 0xde3b_97f2_52f7_f47b),
    ("scan-points", [989, 772, 846], 0x06fe_dd55_50c5_9789),
    ("flash-crowd", [467, 989, 576], 0x56d7_ef82_1b92_cc1f),
    ("mixed", [467, 989, 576], 0x9636_17f9_f022_efca),
    ("ycsb-a", [33, 211, 678], 0x5791_8d5a_ab3e_3701),
    ("ycsb-b", [33, 211, 678], 0x3d66_1a17_b65c_a3d8),
    ("ycsb-c", [33, 211, 678], 0x57ba_b06a_e80a_2e74),
    ("ycsb-d", [959, 998, 995], 0x296a_857f_8c7f_e2c9),
    ("ycsb-e", [351, 352, 353], 0xfc8b_a66d_80a5_cedd),
    ("ycsb-f", [33, 33, 211], 0xff26_5d0d_4594_d908),
];
