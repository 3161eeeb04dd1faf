//! Stores in processes of their own: what they take in memory, and how they come back after they were closed or killed.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use crate::{
    allocation::live_bytes_of,
    area_log::{
        fill::fill,
        pairs::{Noise, key},
        store::{Product, Settings},
    },
    own_process::resident_bytes,
    random::Random,
};

pub(super) const VALUE_BYTES: usize = 100;
/// A store that takes longer than this is not waited for.
const PATIENCE: Duration = Duration::from_mins(15);
/// How often a process is asked whether it has ended.
const TICK: Duration = Duration::from_millis(5);
/// Pairs of one durable write before the process is killed.
const WRITE_BATCH: usize = 1000;
/// Share of the keys that are written again before the process is killed.
const WRITTEN_AGAIN: u64 = 20;

/// What a process does with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Makes it, sets the keys, closes it.
    Fill,
    /// Opens it and closes it.
    Open,
    /// Opens it and overwrites keys until it is killed.
    Write,
}

impl Life {
    const ALL: [Self; 3] = [Self::Fill, Self::Open, Self::Write];

    /// How this process tells another one which life to lead.
    const fn name(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Open => "open",
            Self::Write => "write",
        }
    }
}

/// What one process found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// How long filling or opening took.
    pub(super) seconds: f64,
    /// Memory that the process gained by it.
    pub(super) resident_bytes: f64,
    /// Bytes requested of the allocator and not freed; what the libraries in C take is not in them.
    pub(super) requested_bytes: f64,
}

/// A store that a process leads its life with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) product: Product,
    pub(super) folder: &'a Path,
    pub(super) keys: u64,
}

impl Subject<'_> {
    pub(super) fn lead(&self, life: Life) -> anyhow::Result<Outcome> {
        let mut child = self.start(life)?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                bail!("it was not done after {} minutes", PATIENCE.as_secs() / 60);
            }
            thread::sleep(TICK);
        };
        let printed = io::read_to_string(child.stdout.take().context("its output was not kept")?)?;
        ensure!(status.success(), "it ended with {status}");
        printed.parse().with_context(|| format!("it said `{}`", printed.trim()))
    }

    /// Has a process write, and kills it, as `kill -9` does, while it does.
    pub(super) fn write_and_kill(&self) -> anyhow::Result<()> {
        let mut child = self.start(Life::Write)?;
        let output = child.stdout.take().context("its output was not kept")?;
        let ready = BufReader::new(output).lines().next();
        child.kill()?;
        child.wait()?;
        ensure!(matches!(ready, Some(Ok(_))), "it ended before it was killed");
        Ok(())
    }

    fn start(&self, life: Life) -> anyhow::Result<Child> {
        let program = env::current_exe().context("cannot tell where this program lies")?;
        let folder = self.folder.to_str().context("a folder whose name is not Unicode")?;
        let told = format!("{}/{}/{}/{folder}", life.name(), self.product.name(), self.keys);
        let mut command = Command::new(program);
        command.args(["log", "--one-life", &told]).stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().context("cannot run this program once more")
    }
}

impl FromStr for Outcome {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let numbers = text.split_whitespace().map(str::parse::<f64>).collect::<Result<Vec<_>, _>>()?;
        let [seconds, resident_bytes, requested_bytes] = numbers[..] else { bail!("not three numbers") };
        Ok(Self { seconds, resident_bytes, requested_bytes })
    }
}

/// The other side: leads the life that [`Subject`] names and says what it took.
pub(crate) fn lead_one_life(told: &str) -> anyhow::Result<String> {
    let mut words = told.splitn(4, '/');
    let mut word = || words.next().context("a life is LIFE/SUBJECT/KEYS/FOLDER");
    let (life, product, keys, folder) = (word()?, word()?, word()?.parse::<u64>()?, Path::new(word()?));
    let life = Life::ALL.into_iter().find(|known| known.name() == life).context("no such life")?;
    let product = Product::named(product).with_context(|| format!("no subject {product}"))?;
    let settings = if life == Life::Write { Settings::DURABLE } else { Settings::QUICK };
    let (before, began) = (resident_bytes()?, Instant::now());
    let (requested, store) = live_bytes_of(|| {
        let store = product.open(folder, settings)?;
        if life == Life::Fill {
            fill(store.as_ref(), keys, VALUE_BYTES)?;
        }
        anyhow::Ok(store)
    });
    let seconds = began.elapsed().as_secs_f64();
    let resident = resident_bytes()?.saturating_sub(before);
    let store = store?;
    if life == Life::Write {
        let (noise, mut random) = (Noise::new(), Random::new(u64::from(std::process::id())));
        for written in (0..).step_by(WRITE_BATCH) {
            let pair =
                |random: &mut Random| (key(random.next() % keys), noise.value(random, VALUE_BYTES).to_vec());
            let batch = (0..WRITE_BATCH).map(|_| pair(&mut random));
            store.put_all(&batch.collect::<Vec<_>>())?;
            if written == (keys / WRITTEN_AGAIN).next_multiple_of(WRITE_BATCH as u64) {
                writeln!(io::stdout().lock(), "ready")?;
            }
        }
    }
    let mut reader = store.reader()?;
    for number in [0, keys / 2, keys - 1] {
        ensure!(reader.get(&key(number))? == Some(VALUE_BYTES), "a key that was written is not there");
    }
    Ok(format!("{seconds} {resident} {requested}"))
}
