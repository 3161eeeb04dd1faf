//! A process is killed at a random moment, over and over: what it acknowledged is there, what it deleted is not, and a batch
//! is whole or absent. `NUTHATCH_CRASH_LIVES=5000` makes it thousands of times.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    collections::BTreeMap,
    env,
    hash::{BuildHasher, RandomState},
    hint,
    io::{BufRead, BufReader, Write},
    ops::RangeInclusive,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nuthatch_log::{Batch, Log, Options, SyncMode};
use support::{Content, content, value};

const CHILD_DIR: &str = "NUTHATCH_LOG_TEST_DIR";
const CHILD_TEST: &str = "NUTHATCH_LOG_TEST_NAME";
const THREADS: u64 = 8;
/// Keys of each thread.
const KEYS: u64 = 24;
const LIVES: u64 = 120;
/// The longest that a life goes on after the event that its end was set for.
const LONGEST: Duration = Duration::from_millis(3);

#[test]
fn nothing_is_lost_and_nothing_comes_back_in_mode_always() {
    let test = "nothing_is_lost_and_nothing_comes_back_in_mode_always";
    live_or_check(test, SyncMode::Always, Acknowledge::AfterCommit);
}

#[test]
fn nothing_is_lost_and_nothing_comes_back_in_mode_everysec() {
    let test = "nothing_is_lost_and_nothing_comes_back_in_mode_everysec";
    live_or_check(test, SyncMode::EverySec, Acknowledge::AfterCommit);
}

#[test]
fn nothing_is_lost_and_nothing_comes_back_in_mode_never() {
    let test = "nothing_is_lost_and_nothing_comes_back_in_mode_never";
    live_or_check(test, SyncMode::Never, Acknowledge::AfterCommit);
}

/// The check itself is checked: a writer that promises too early is found out.
#[test]
fn a_writer_that_acknowledges_before_the_commit_is_found_out() {
    let test = "a_writer_that_acknowledges_before_the_commit_is_found_out";
    live_or_check(test, SyncMode::Never, Acknowledge::BeforeCommit);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acknowledge {
    AfterCommit,
    BeforeCommit,
}

/// This very test is run again as the process that is killed.
fn live_or_check(test: &str, mode: SyncMode, acknowledge: Acknowledge) {
    if let Some(dir) = env::var_os(CHILD_DIR) {
        if env::var(CHILD_TEST).as_deref() == Ok(test) {
            write_forever(dir.as_ref(), mode, acknowledge);
        }
        return;
    }
    let lives = env::var("NUTHATCH_CRASH_LIVES").map_or(LIVES, |lives| lives.parse().unwrap());
    let seed = RandomState::new().hash_one(test);
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::default();
    let mut found_out = None;
    for life in 0..lives {
        let random = mix(seed ^ life);
        one_life(test, dir.path(), random, &mut journal);
        // Often one crash comes upon the other, with no clean end between them.
        if random.is_multiple_of(2) && life + 1 < lives {
            continue;
        }
        let (log, _) = Log::open(dir.path(), options(mode)).unwrap();
        if let Err(wrong) = journal.check(&content(&log)) {
            found_out = Some(format!("life {life}: {wrong}"));
            break;
        }
    }
    match acknowledge {
        Acknowledge::AfterCommit => {
            assert_eq!(found_out, None);
            assert!(journal.acknowledged.len() == THREADS as usize, "it lived too short to mean anything");
        }
        Acknowledge::BeforeCommit => assert!(found_out.is_some(), "the check sees nothing"),
    }
}

/// Starts a writer, notes what it acknowledges, and kills it: while it opens the log, or while it writes.
fn one_life(test: &str, dir: &Path, random: u64, journal: &mut Journal) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs([(CHILD_DIR, dir.as_os_str()), (CHILD_TEST, test.as_ref())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let opens = lines.by_ref().map(Result::unwrap).any(|line| line.ends_with("opening"));
    assert!(opens, "the writer ended before it opened the log");
    if !random.is_multiple_of(5) {
        let acknowledgements = usize::try_from((random >> 8) % 300).unwrap();
        lines.by_ref().take(acknowledgements).for_each(|line| journal.note(&line.unwrap()));
    }
    let (since, longer) = (Instant::now(), LONGEST.mul_f64((random >> 32) as f64 / u32::MAX as f64));
    while since.elapsed() < longer {
        hint::spin_loop();
    }
    child.kill().unwrap();
    // What was on its way through the pipe was acknowledged too; a last line may be cut.
    lines.map_while(Result::ok).for_each(|line| journal.note(&line));
    child.wait().unwrap();
    journal.unchecked_lives += 1;
}

/// What the writers have acknowledged, and what follows from it.
#[derive(Default)]
struct Journal {
    /// The last round that each thread acknowledged.
    acknowledged: BTreeMap<u64, u64>,
    /// Ends of which each may have left, of each thread, one round that was not acknowledged and is there all the same.
    unchecked_lives: u64,
    /// The round that each thread was found at, and what it has written up to there.
    known: BTreeMap<u64, (u64, Content)>,
}

impl Journal {
    fn note(&mut self, line: &str) {
        let mut words = line.split(' ');
        if let (Some("ack"), Some(thread), Some(round), Some("end")) =
            (words.next(), words.next(), words.next(), words.next())
        {
            self.acknowledged.insert(thread.parse().unwrap(), round.parse().unwrap());
        }
    }

    /// Whether `found` is what the writers may have left, to the last byte.
    fn check(&mut self, found: &Content) -> Result<(), String> {
        let mut expected = Content::new();
        for thread in 0..THREADS {
            let round = found.get(&marker(thread)).map_or(0, |(value, _)| round_in(value));
            let (known, state) = self.known.entry(thread).or_default();
            let acknowledged = self.acknowledged.get(&thread).copied().unwrap_or(0).max(*known);
            let allowed: RangeInclusive<u64> = acknowledged..=acknowledged + self.unchecked_lives;
            if !allowed.contains(&round) {
                return Err(format!("thread {thread} is at round {round} and not in {allowed:?}"));
            }
            for round in *known + 1..=round {
                for (key, value) in round_of(thread, round) {
                    match value {
                        Some(value) => state.insert(key, (value, None)),
                        None => state.remove(&key),
                    };
                }
            }
            *known = round;
            expected.extend(state.clone());
        }
        self.unchecked_lives = 0;
        // What a life leaves that is checked counts from here on, acknowledged or not.
        self.acknowledged.extend(self.known.iter().map(|(thread, (round, _))| (*thread, *round)));
        if *found == expected {
            return Ok(());
        }
        let name = |key: &Vec<u8>| String::from_utf8_lossy(key).into_owned();
        let back = found.keys().filter(|key| !expected.contains_key(*key)).map(name).collect::<Vec<_>>();
        let differing = expected.iter().filter(|(key, value)| found.get(*key) != Some(value));
        let differing = differing.map(|(key, _)| name(key)).collect::<Vec<_>>();
        Err(format!("back from the dead: {back:?}; lost or of another round: {differing:?}"))
    }
}

fn options(mode: SyncMode) -> Options {
    Options::new().segment_bytes(32 << 10).sync(mode)
}

/// The finaliser of SplitMix64.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The key that says in which round a thread is.
fn marker(thread: u64) -> Vec<u8> {
    format!("round-{thread}").into_bytes()
}

fn round_in(value: &[u8]) -> u64 {
    u64::from_le_bytes(value[..8].try_into().unwrap())
}

/// What a thread writes in a round, as one batch: `None` deletes.
fn round_of(thread: u64, round: u64) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut writes = vec![(marker(thread), Some(round.to_le_bytes().to_vec()))];
    for place in 0..1 + mix(round) % 3 {
        let random = mix(round << 8 | thread << 4 | place);
        let key = format!("key-{thread}-{}", random % KEYS).into_bytes();
        let mut value = round.to_le_bytes().to_vec();
        value.resize(8 + usize::try_from(random >> 16 & 0xff).unwrap(), place as u8);
        writes.push((key, (!random.is_multiple_of(7)).then_some(value)));
    }
    writes
}

/// Each thread goes on where it was, until the process is killed.
fn write_forever(dir: &Path, mode: SyncMode, acknowledge: Acknowledge) {
    let say = |line: String| std::io::stdout().write_all(line.as_bytes()).is_ok();
    say("opening\n".to_owned());
    let log = Log::open(dir, options(mode)).unwrap().0;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let log = &log;
            scope.spawn(move || {
                let start = value(log, marker(thread)).map_or(0, |value| round_in(&value));
                for round in start + 1.. {
                    let writes = round_of(thread, round);
                    let mut batch = Batch::new();
                    for (key, value) in &writes {
                        match value {
                            Some(value) => batch.put(key, value, None).unwrap(),
                            None => batch.delete(key).unwrap(),
                        };
                    }
                    let lsn = log.append(&batch).unwrap();
                    if acknowledge == Acknowledge::AfterCommit {
                        log.commit(lsn).unwrap();
                    }
                    if !say(format!("ack {thread} {round} end\n")) {
                        return;
                    }
                }
            });
        }
    });
}
