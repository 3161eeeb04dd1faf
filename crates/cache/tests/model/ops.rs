//! What is done, and to what.

use nuthatch_cache::PolicyKind;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Insert { key: u8, weight: u8, ttl: Option<u8>, tags: u8 },
    Get(u8),
    Peek(u8),
    Remove(u8),
    RemoveIf { key: u8, weight: u8 },
    Load { key: u8, weight: u8 },
    LoadOnTerms { key: u8, weight: u8, ttl: Option<u8>, tags: u8 },
    Update { key: u8, weight: u8 },
    OrInsert { key: u8, weight: u8 },
    Compute { key: u8, weight: u8 },
    Pin(u8),
    Unpin(u8),
    GetMany(Vec<u8>),
    Resize(u8),
    Advance(u8),
    Invalidate(u8),
    Retain(u8),
    Sweep,
    Clear,
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let key = || 0..40_u8;
    let ttl = || proptest::option::weighted(0.3, 1..20_u8);
    let tags = || prop_oneof![2 => Just(0), 1 => 0..8_u8];
    prop_oneof![
        6 => (key(), 0..20_u8, ttl(), tags()).prop_map(|(key, weight, ttl, tags)| Op::Insert { key, weight, ttl, tags }),
        6 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::Peek),
        2 => key().prop_map(Op::Remove),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::RemoveIf { key, weight }),
        2 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::Load { key, weight }),
        2 => (key(), 0..20_u8, ttl(), tags()).prop_map(|(key, weight, ttl, tags)| Op::LoadOnTerms { key, weight, ttl, tags }),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::Update { key, weight }),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::OrInsert { key, weight }),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::Compute { key, weight }),
        1 => key().prop_map(Op::Pin),
        1 => key().prop_map(Op::Unpin),
        1 => proptest::collection::vec(key(), 0..4).prop_map(Op::GetMany),
        1 => (0..100_u8).prop_map(Op::Resize),
        2 => (1..10_u8).prop_map(Op::Advance),
        1 => (0..3_u8).prop_map(Op::Invalidate),
        1 => (0..20_u8).prop_map(Op::Retain),
        1 => Just(Op::Sweep),
        1 => Just(Op::Clear),
    ]
}

/// What is built.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) sets: bool,
    pub(crate) policy: PolicyKind,
    pub(crate) shards: usize,
    /// Enough for all keys, so that nothing leaves to make room.
    pub(crate) roomy: bool,
    pub(crate) capacity: u64,
    pub(crate) time_to_live: Option<u64>,
    pub(crate) time_to_idle: Option<u64>,
    pub(crate) own_expiry: bool,
}

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    let policy = proptest::sample::select(PolicyKind::ALL.to_vec());
    let millis = || proptest::option::weighted(0.4, 1..30_u64);
    let bound = (any::<bool>(), 0..100_u64);
    (any::<bool>(), policy, 1..5_usize, bound, millis(), millis(), proptest::bool::weighted(0.3)).prop_map(
        |(sets, policy, shards, (roomy, capacity), time_to_live, time_to_idle, own_expiry)| {
            let capacity = if roomy { 4_000 } else { capacity };
            Shape { sets, policy, shards, roomy, capacity, time_to_live, time_to_idle, own_expiry }
        },
    )
}
