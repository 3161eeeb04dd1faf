//! The pages of `docs/` that show code: what they show is compiled and run, and what must not compile does not.

#[doc = include_str!("../../../docs/guide/01-plain-map.md")]
struct PlainMap;

#[doc = include_str!("../../../docs/guide/02-newtypes.md")]
struct Newtypes;

#[doc = include_str!("../../../docs/guide/03-generics.md")]
struct Generics;

#[doc = include_str!("../../../docs/guide/04-entry.md")]
struct Entry;

#[doc = include_str!("../../../docs/guide/05-refcell.md")]
struct Refcell;

#[doc = include_str!("../../../docs/guide/06-mutex.md")]
struct Mutex;

#[doc = include_str!("../../../docs/guide/07-rwlock.md")]
struct Rwlock;

#[doc = include_str!("../../../docs/guide/08-guards.md")]
struct Guards;

#[doc = include_str!("../../../docs/guide/09-send-sync.md")]
struct SendSync;

#[doc = include_str!("../../../docs/guide/10-shards.md")]
struct Shards;

#[doc = include_str!("../../../docs/guide/11-expiry.md")]
struct Expiry;

#[doc = include_str!("../../../docs/guide/12-atomics.md")]
struct Atomics;

#[doc = include_str!("../../../docs/guide/13-typestate.md")]
struct Typestate;

#[doc = include_str!("../../../docs/guide/14-builder.md")]
struct Builder;

#[doc = include_str!("../../../docs/guide/15-nuthatch.md")]
struct Nuthatch;

#[doc = include_str!("../../../docs/migrating.md")]
struct Migrating;
