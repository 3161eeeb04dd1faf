//! What a cache takes of memory, each in a fresh process: bytes asked of the allocator, and pages that became resident.

use std::{
    env,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{
    allocation::live_bytes_of,
    area_cache::{
        contender::{Build, Contender},
        crew::share_out,
        work::{Course, Rig, Work},
    },
    cpu_clock::whole_cpu_time,
    effort::Effort,
    own_process::resident_bytes,
    report::{Better, Measure, Report, Sample},
    stream::{Names, Numbers, Stream},
};

/// Entries of a cache whose bytes per entry are told.
const CAPACITY: u32 = 1_000_000;
/// Operations of each part of the churn: afterwards a cache holds what a long-lived one holds, ghosts and spare room
/// included.
const CHURN: usize = 2 * CAPACITY as usize;
/// Entries that a large cache has room for, and how many it holds when it is nearly empty.
const LARGE: u32 = 4_000_000;
const FEW: u32 = 40_000;

/// What a cache goes through before its memory is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Numbers,
    NumbersExpiring,
    Names,
    Few,
    Full,
}

impl Life {
    const ALL: [Self; 5] = [Self::Numbers, Self::NumbersExpiring, Self::Names, Self::Few, Self::Full];

    /// How this process tells another one which life to lead.
    const fn name(self) -> &'static str {
        match self {
            Self::Numbers => "u64",
            Self::NumbersExpiring => "u64-expiring",
            Self::Names => "string16",
            Self::Few => "few",
            Self::Full => "full",
        }
    }

    fn contenders(self) -> Vec<Sample> {
        match self {
            Self::Numbers | Self::Few | Self::Full => {
                Contender::<Numbers>::evicting().iter().map(Contender::sample).collect()
            }
            Self::NumbersExpiring => {
                Contender::<Numbers>::with_expiry().iter().map(Contender::sample).collect()
            }
            Self::Names => Contender::<Names>::evicting().iter().map(Contender::sample).collect(),
        }
    }

    fn lead(self, subject: &str) -> anyhow::Result<Memory> {
        let numbers = |contenders| build_of::<Numbers>(contenders, subject);
        match self {
            Self::Numbers => {
                churned(numbers(Contender::evicting())?, &Numbers::cubic(4 * CAPACITY), &strangers())
            }
            Self::NumbersExpiring => {
                churned(numbers(Contender::with_expiry())?, &Numbers::cubic(4 * CAPACITY), &strangers())
            }
            Self::Names => {
                let build = build_of::<Names>(Contender::evicting(), subject)?;
                churned(build, &Names::cubic(4 * CAPACITY), &Names::strangers(4 * CAPACITY))
            }
            Self::Few => inserted(numbers(Contender::evicting())?, FEW),
            Self::Full => inserted(numbers(Contender::evicting())?, LARGE),
        }
    }
}

/// Overhead per entry of caches that were turned over many times.
pub(crate) fn measure_bytes_per_entry(effort: Effort, report: &mut Report) {
    let measures = [
        ("bytes-per-entry-u64", Life::Numbers, Numbers::PAYLOAD_BYTES),
        ("bytes-per-entry-u64-with-expiry", Life::NumbersExpiring, Numbers::PAYLOAD_BYTES),
        ("bytes-per-entry-string16", Life::Names, Names::PAYLOAD_BYTES),
    ];
    for (name, life, payload) in measures {
        if !report.wants(name) {
            continue;
        }
        let samples = live(life, effort).into_iter().map(|(sample, memories)| {
            let overhead = |memory: &Memory| memory.requested / memory.entries - payload as f64;
            Sample {
                rounds: memories.iter().map(overhead).collect(),
                beside: memories.first().map_or(sample.beside, Memory::to_string),
                ..Sample::new(&sample.subject, sample.role)
            }
        });
        let samples = samples.collect();
        report.add(&Measure { name: name.to_owned(), unit: "B/entry", better: Better::Lower, samples });
    }
}

/// How much of what a full cache takes is taken already by one that holds a hundredth.
pub(crate) fn measure_nearly_empty(effort: Effort, report: &mut Report) {
    let names = ["memory-of-4m-holding-40k", "memory-of-4m-full", "memory-of-4m-share-resident"];
    if !names.iter().any(|name| report.wants(name)) {
        return;
    }
    let (few, full) = (live(Life::Few, effort), live(Life::Full, effort));
    let megabytes = |name: &str, lives: &[(Sample, Vec<Memory>)]| {
        let samples = lives.iter().map(|(sample, memories)| Sample {
            rounds: memories.iter().map(|memory| memory.resident / 1e6).collect(),
            beside: memories.first().map_or(sample.beside.clone(), Memory::to_string),
            ..Sample::new(&sample.subject, sample.role)
        });
        Measure { name: name.to_owned(), unit: "MB", better: Better::Lower, samples: samples.collect() }
    };
    report.add(&megabytes(names[0], &few));
    report.add(&megabytes(names[1], &full));
    let share = |few: &Memory, full: &Memory| 100.0 * few.resident / full.resident;
    let samples = few.iter().zip(&full).map(|((sample, few), (_, full))| {
        let requested = few.iter().zip(full).map(|(few, full)| 100.0 * few.requested / full.requested);
        Sample {
            rounds: few.iter().zip(full).map(|(few, full)| share(few, full)).collect(),
            beside: requested.take(1).map(|share| format!("{share:.2} % of the bytes requested")).collect(),
            ..Sample::new(&sample.subject, sample.role)
        }
    });
    let samples = samples.collect();
    report.add(&Measure { name: names[2].to_owned(), unit: "%", better: Better::Lower, samples });
}

/// What one process found out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Memory {
    /// Bytes requested of the allocator and not freed. What it adds by rounding up is not in them.
    requested: f64,
    /// Bytes of memory that the process gained.
    resident: f64,
    entries: f64,
    /// Whether the cache does not tell how many entries it holds: its capacity stands for them.
    guessed: bool,
}

impl std::fmt::Display for Memory {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let guessed = if self.guessed { " (its capacity: it does not tell)" } else { "" };
        let (requested, resident) = (self.requested / 1e6, self.resident / 1e6);
        write!(
            to,
            "{} entries{guessed}, {requested:.1} MB requested, {resident:.1} MB resident",
            self.entries
        )
    }
}

/// Each contender's lives, two at a time.
fn live(life: Life, effort: Effort) -> Vec<(Sample, Vec<Memory>)> {
    let mut all = life.contenders().into_iter().map(|sample| (sample, Vec::new())).collect::<Vec<_>>();
    for _ in 0..effort.lives {
        let subjects = all.iter().map(|(sample, _)| sample.subject.clone()).collect();
        let outcomes = share_out(subjects, |subject: String| in_a_process(life, &subject, effort.life));
        for ((sample, memories), outcome) in all.iter_mut().zip(outcomes) {
            match outcome {
                Some(Ok(memory)) => memories.push(memory),
                Some(Err(error)) => sample.beside = format!("not measured: {error:#}"),
                None => "not measured".clone_into(&mut sample.beside),
            }
        }
    }
    all
}

/// How often a process is asked whether it has ended.
const PATIENCE: Duration = Duration::from_millis(20);

/// How many times as long a process may take if it waits for others.
const OTHERS: u32 = 6;

/// Has this very program lead one life in a process of its own, for so much processor time at most.
fn in_a_process(life: Life, subject: &str, limit: Duration) -> anyhow::Result<Memory> {
    let program = env::current_exe().context("cannot tell where this program lies")?;
    let told = format!("{}/{subject}", life.name());
    let mut child = Command::new(program)
        .args(["cache", "--one-life", &told])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run this program once more")?;
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let used = whole_cpu_time(child.id())?;
        if used > limit || began.elapsed() > limit * OTHERS {
            child.kill()?;
            child.wait()?;
            bail!("it was not done after {:.0} s on a core", used.as_secs_f64());
        }
        thread::sleep(PATIENCE);
    };
    let mut printed = String::new();
    child.stdout.take().context("its output was not kept")?.read_to_string(&mut printed)?;
    let numbers = printed.split_whitespace().map(str::parse::<f64>).collect::<Result<Vec<_>, _>>();
    match numbers.as_deref() {
        Ok([requested, resident, entries, guessed]) => Ok(Memory {
            requested: *requested,
            resident: *resident,
            entries: *entries,
            guessed: *guessed > 0.0,
        }),
        _ => bail!("its process ended with {status}"),
    }
}

/// The other side: leads the life that [`in_a_process`] names and says what it took, as four numbers.
pub(crate) fn lead_one_life(what: &str) -> anyhow::Result<String> {
    let (life, subject) = what.split_once('/').context("a life is LIFE/SUBJECT")?;
    let life = Life::ALL.into_iter().find(|known| known.name() == life).context("no such life")?;
    let Memory { requested, resident, entries, guessed } = life.lead(subject)?;
    Ok(format!("{requested} {resident} {entries} {}", u8::from(guessed)))
}

fn build_of<S: Stream>(contenders: Vec<Contender<S>>, subject: &str) -> anyhow::Result<Build<S>> {
    let found = contenders.into_iter().find(|contender| contender.name == subject);
    Ok(found.with_context(|| format!("no subject {subject}"))?.build)
}

fn strangers() -> Numbers {
    Numbers::strangers(4 * CAPACITY)
}

/// Skewed requests, then keys that are never asked for, then skewed requests again.
fn churned<S: Stream>(build: Build<S>, skewed: &S, strangers: &S) -> anyhow::Result<Memory> {
    taken(build, CAPACITY, |rig| {
        for (work, stream) in
            [(Work::GetThenInsert, skewed), (Work::Insert, strangers), (Work::GetThenInsert, skewed)]
        {
            rig.turn(&Course { work, stream, threads: 1, start: 0, warm_up: 0, operations: CHURN });
        }
    })
}

/// So many keys, each once.
fn inserted(build: Build<Numbers>, keys: u32) -> anyhow::Result<Memory> {
    let stream = Numbers::strangers(0);
    taken(build, LARGE, |rig| {
        let operations = keys as usize;
        rig.turn(&Course {
            work: Work::Insert,
            stream: &stream,
            threads: 1,
            start: 0,
            warm_up: 0,
            operations,
        });
    })
}

fn taken<S: Stream>(
    build: Build<S>,
    capacity: u32,
    live: impl FnOnce(&dyn Rig<S>),
) -> anyhow::Result<Memory> {
    let before = resident_bytes()?;
    let (requested, rig) = live_bytes_of(|| {
        let rig = build(u64::from(capacity))?;
        live(rig.as_ref());
        rig.entries(); // does what was put off
        anyhow::Ok(rig)
    });
    let resident = resident_bytes()?.saturating_sub(before);
    let entries = rig?.entries();
    #[expect(clippy::cast_precision_loss, reason = "bytes of one cache are far below 2^52")]
    Ok(Memory {
        requested: requested as f64,
        resident: resident as f64,
        entries: entries.unwrap_or(capacity.into()) as f64,
        guessed: entries.is_none(),
    })
}
