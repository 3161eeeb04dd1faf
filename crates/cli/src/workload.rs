//! `nuthatch workload`: writes requests that are made up.

use std::process::ExitCode;

use clap::Args;
use nuthatch_trace::{
    Format, Trace,
    workload::{InvalidSpec, Kind, Spec},
};

use crate::{interrupt::Interrupt, sink::Sink};

/// Write a made-up workload as a trace.
///
/// The same kind, parameters and seed are the same requests on every machine. To replay one it need not be written:
/// `nuthatch simulate --trace workload:KIND:NAME=VALUE,...` makes it up on the way.
#[derive(Args)]
#[command(after_long_help = help())]
pub(crate) struct WorkloadArgs {
    /// What requests look like: one of the kinds below, perhaps with parameters, as in zipf:keys=1e6,exponent=0.99
    #[arg(value_name = "KIND[:NAME=VALUE,...]")]
    spec: Spec,

    /// Where to write: a file, compressed if its name ends in .gz, .xz, .zst or .bz2, or `-` for standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: String,

    /// How to write: csv, jsonl, keys, lis, lirs, u32be, u64be, oracle, vscsi or twitter. Told by the name of the file,
    /// and csv for standard output
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    #[command(flatten)]
    parameters: ParameterArgs,
}

/// Parameters as options; each is one of a specification.
#[derive(Args)]
#[command(next_help_heading = "Parameters")]
struct ParameterArgs {
    /// How many different keys there are, as in 1000000, 1e6 or 20M (default: 1e6)
    #[arg(long, value_name = "N")]
    keys: Option<String>,

    /// The skew of Zipf's law: 0 is uniform, 0.9 is usual for caches, more than 1 is steep (default: 0.9, of YCSB 0.99)
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    exponent: Option<String>,

    /// How many requests to write (default: 1e6)
    #[arg(long, value_name = "N")]
    requests: Option<String>,

    /// Another seed gives other requests of the same kind (default: 1)
    #[arg(long, value_name = "N")]
    seed: Option<String>,

    /// Bytes of objects: 4096, uniform:100-2000, lognormal:MEDIAN:SIGMA or pareto:LEAST:ALPHA:MOST. An object keeps its
    /// size (default: 1, of mixed lognormal:1024:1.5)
    #[arg(long, value_name = "BYTES")]
    sizes: Option<String>,

    /// Seconds that what is stored lives, spelled as sizes are, or none (default: none, of mixed 3600)
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<String>,

    /// Requests per second, which give each its time; none is no time. 1000 if there are times to live
    #[arg(long, value_name = "N")]
    rate: Option<String>,

    /// The share of requests that write, as in 10% or 0.1 (default: 0, of mixed 10%)
    #[arg(long, value_name = "SHARE")]
    writes: Option<String>,

    /// The share of requests that delete (default: 0, of mixed 1%)
    #[arg(long, value_name = "SHARE")]
    deletes: Option<String>,

    /// hotset: the share of the keys that is hot (default: 20%)
    #[arg(long, value_name = "SHARE")]
    hot: Option<String>,

    /// hotset, flash-crowd: the share of the requests that hot keys get, or the crowd (default: 80%, 50%)
    #[arg(long, value_name = "SHARE")]
    heat: Option<String>,

    /// latest: the share of requests that add a key (default: 5%)
    #[arg(long, value_name = "SHARE")]
    inserts: Option<String>,

    /// shifting: requests until the hot spot moves (default: 1e5)
    #[arg(long, value_name = "N")]
    period: Option<String>,

    /// shifting: how far it moves, as a share of the keys (default: 10%)
    #[arg(long, value_name = "SHARE")]
    step: Option<String>,

    /// scan-points: the share of requests that belong to scans (default: 10%)
    #[arg(long, value_name = "SHARE")]
    scans: Option<String>,

    /// scan-points: requests of a scan; ycsb-e: the most of one (default: 1000, 100)
    #[arg(long, value_name = "N")]
    length: Option<String>,

    /// scan-points: keys that only scans ask for (default: 1e7)
    #[arg(long, value_name = "N")]
    cold: Option<String>,

    /// flash-crowd: when it comes, as a share of all requests (default: 40%)
    #[arg(long, value_name = "SHARE")]
    start: Option<String>,

    /// flash-crowd: how long it stays, as a share of all requests (default: 20%)
    #[arg(long, value_name = "SHARE")]
    duration: Option<String>,

    /// flash-crowd: how many keys it asks for (default: 10)
    #[arg(long, value_name = "N")]
    crowd: Option<String>,
}

impl ParameterArgs {
    fn set(&self, spec: &mut Spec) -> Result<(), InvalidSpec> {
        let given = [
            ("keys", &self.keys),
            ("exponent", &self.exponent),
            ("requests", &self.requests),
            ("seed", &self.seed),
            ("sizes", &self.sizes),
            ("ttl", &self.ttl),
            ("rate", &self.rate),
            ("writes", &self.writes),
            ("deletes", &self.deletes),
            ("hot", &self.hot),
            ("heat", &self.heat),
            ("inserts", &self.inserts),
            ("period", &self.period),
            ("step", &self.step),
            ("scans", &self.scans),
            ("length", &self.length),
            ("cold", &self.cold),
            ("start", &self.start),
            ("duration", &self.duration),
            ("crowd", &self.crowd),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                spec.set(name, value)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn run(args: &WorkloadArgs) -> anyhow::Result<ExitCode> {
    let mut spec = args.spec;
    args.parameters.set(&mut spec)?;
    let sink = Sink::new(&args.output, args.format)?;
    let interrupt = Interrupt::listen()?;
    sink.write_trace(&interrupt, Trace::of_workload(&spec))
}

fn help() -> String {
    let mut help = "Kinds:\n".to_owned();
    for kind in Kind::ALL {
        help.push_str(&format!("  {:<15} {}\n", kind.name(), kind.summary()));
    }
    help.push_str(
        "
The same kind, parameters and seed are the same requests on every machine. To replay a workload it need not be written:
--trace workload:KIND:NAME=VALUE,... makes it up on the way.

Examples:
  nuthatch workload zipf --keys 1e6 --exponent 0.99 --requests 20e6 --output zipf.u64be.zst
  nuthatch workload mixed --sizes lognormal:4096:1.5 --ttl uniform:60-3600 --writes 10% --output mixed.csv.gz
  nuthatch workload scan-points:scans=30%,length=10000 | head
  nuthatch workload ycsb-a --format jsonl | jq .op | sort | uniq -c
  nuthatch simulate --trace workload:zipf:keys=1e5,requests=1e6 --policy lru,s3-fifo --capacity 1%,10%",
    );
    help
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        workload: WorkloadArgs,
    }

    /// A parameter that the library gains must get its option here.
    #[test]
    fn every_parameter_of_every_kind_is_an_option() {
        for kind in Kind::ALL {
            for parameter in kind.parameter_names() {
                let value = if matches!(parameter, "writes" | "deletes") { "5%" } else { "1" };
                let line = Line::try_parse_from(["workload", kind.name(), &format!("--{parameter}"), value]);
                let workload = line.map_err(|error| error.to_string()).map(|line| line.workload);
                assert!(workload.is_ok(), "{kind} {parameter}: {:?}", workload.err());
                let Ok(workload) = workload else { continue };
                let (mut spec, mut expected) = (workload.spec, Spec::new(kind));
                assert_eq!(workload.parameters.set(&mut spec), Ok(()));
                assert_eq!(expected.set(parameter, value), Ok(()));
                assert_eq!(spec, expected, "{kind} {parameter}");
            }
        }
    }

    #[test]
    fn help_tells_every_kind() {
        assert!(Kind::ALL.iter().all(|kind| help().contains(&format!("  {kind} "))));
    }
}
