//! Invalidation by tag, without a look at the entries.
//!
//! Each invalidation has a number, its *epoch*. An entry with tags keeps a [`Mark`]: which set of tags it has, and the
//! epoch that was current when its value was *begun*: when its load started, or when it was inserted. It is valid unless a
//! tag of its set was invalidated in a later epoch. For each set of tags in use there is a *gate*, the epoch in which one
//! of its tags was last invalidated: so the question costs a read one atomic load and no lock, and an entry 8 bytes.
//! Names and sets are told apart exactly, not by a hash: nothing else goes with a tag.
//!
//! **Costs.** An entry whose set of tags is in use already: one look-up under a lock that such entries share. One that
//! brings a new set, or takes the last of its set away: the same lock alone. Invalidation: that lock, and a store for each
//! *distinct set* in use that contains the tag, however many entries have it; a tag that is only used alone is one. Each
//! set in use costs about 150 bytes beside its names, and is forgotten with the last entry that has it.
//!
//! **Exact when it returns.** `invalidate` takes a new epoch and then closes the gates, all under the lock.
//! - *A value begun before the call is not returned after it.* Its mark is of an earlier epoch, or of an equal one only
//!   if the epoch was read after the invalidation had set it. Where the mark came before the lock was taken, the gate of
//!   its set is closed; whoever asks after the call's return sees the gate at least so. Where it comes after, the set
//!   begins with the gate that its tags ask for, and a tag remembers its last invalidation at least for as long as a
//!   load runs that began before that ([`Begin`]).
//! - *A value begun after the call is not lost.* It reads the epoch after the invalidation set it, so its own is not
//!   smaller; and a gate never shows more than the last epoch of one of its own tags.
//! - *A set's number is not given to another set while an entry has it*: each entry is counted with its set from before it
//!   comes in until after it has left. So [`Tags::is_valid`] must be asked while the entry is where it was found: under
//!   the lock of its place, or before a last look says that the place did not change meanwhile.

mod register;

pub(crate) use register::{Begin, Detached, Mark, Refused, Tags};

#[cfg(test)]
mod tests;
