//! Hit ratios on recorded traces, at the capacities of the table of reference values that lies beside them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use nuthatch_trace::{Format, Trace};

use crate::{
    area_cache::hit_ratio::of_trace,
    effort::Effort,
    published::Folder,
    report::{Better, Measure, Report, Role, Sample},
};

const REFERENCE: &str = "reference.csv";

pub(crate) fn measure(folder: &Folder, effort: Effort, report: &mut Report) {
    let mut traces = match traces(folder) {
        Ok(traces) => traces,
        Err(error) => {
            if report.wants(MEAN) || report.wants("hit-ratio-trace/") {
                report.note(&format!("hit ratios on traces are not measured: {error:#}"));
            }
            return;
        }
    };
    let summary = [MEAN, BEHIND].iter().any(|name| report.wants(name));
    for (trace, capacities) in &mut traces {
        capacities.retain(|capacity| summary || report.wants(&name(trace, *capacity)));
    }
    let mut all = Vec::new();
    for (trace, capacities) in traces.iter().filter(|(_, capacities)| !capacities.is_empty()) {
        match keys(folder, trace) {
            Err(error) => report.note(&format!("trace {trace} is not measured: {error:#}")),
            Ok(keys) => {
                let columns = capacities.iter().map(|capacity| {
                    let (name, samples) = (name(trace, *capacity), of_trace(&keys, *capacity, effort.lives));
                    let measure = Measure { name, unit: "%", better: Better::Higher, samples };
                    (capacity.to_string(), measure)
                });
                let columns = columns.collect::<Vec<_>>();
                all.extend(columns.iter().map(|(_, measure)| measure.samples.clone()));
                report.add_grid(&format!("hit-ratio of trace {trace}, by capacity"), columns);
            }
        }
    }
    if summary {
        summarise(&all, report);
    }
}

const MEAN: &str = "hit-ratio-traces-mean";
const BEHIND: &str = "hit-ratio-traces-most-behind";

fn name(trace: &str, capacity: u64) -> String {
    format!("hit-ratio-trace/{trace}/{capacity}")
}

/// The mean over all traces and capacities, and how far each subject is behind the best of the others where that is most.
fn summarise(all: &[Vec<Sample>], report: &mut Report) {
    let Some(first) = all.first() else { return };
    let mut means = Vec::new();
    let mut gaps = Vec::new();
    for subject in first {
        let ratio = |samples: &[Sample]| {
            samples.iter().find(|sample| sample.subject == subject.subject).map_or(f64::NAN, Sample::median)
        };
        let best_other = |samples: &[Sample]| {
            let others = samples.iter().filter(|other| match subject.role {
                Role::Ours => other.role == Role::Peer,
                _ => other.role == Role::Peer && other.subject != subject.subject,
            });
            others.map(Sample::median).fold(f64::NEG_INFINITY, f64::max)
        };
        #[expect(clippy::cast_precision_loss, reason = "a few dozen measures")]
        let mean = all.iter().map(|samples| ratio(samples)).sum::<f64>() / all.len() as f64;
        let gap = all.iter().map(|samples| best_other(samples) - ratio(samples)).fold(0.0, f64::max);
        let of = |value| Sample { rounds: vec![value], ..Sample::new(&subject.subject, subject.role) };
        means.push(of(mean));
        gaps.push(of(gap));
    }
    let name = MEAN.to_owned();
    report.add(&Measure { name, unit: "%", better: Better::Higher, samples: means });
    let name = BEHIND.to_owned();
    report.add(&Measure { name, unit: "points", better: Better::Lower, samples: gaps });
}

/// Traces in the order of the table, each with its capacities in objects of size 1.
fn traces(folder: &Folder) -> anyhow::Result<Vec<(String, BTreeSet<u64>)>> {
    let path = folder.find(REFERENCE)?;
    let table = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(capacities(&table))
}

fn capacities(table: &str) -> Vec<(String, BTreeSet<u64>)> {
    let mut traces = Vec::<(String, BTreeSet<u64>)>::new();
    for line in table.lines() {
        let mut fields = line.split(',');
        let (Some(trace), Some(capacity), Some("objects")) = (fields.next(), fields.nth(1), fields.next())
        else {
            continue;
        };
        let Ok(capacity) = capacity.parse::<u64>() else { continue };
        match traces.iter_mut().find(|(name, _)| name == trace) {
            Some((_, capacities)) => drop(capacities.insert(capacity)),
            None => traces.push((trace.to_owned(), BTreeSet::from([capacity]))),
        }
    }
    traces
}

fn keys(folder: &Folder, trace: &str) -> anyhow::Result<Vec<u64>> {
    let path = file(folder.path()?, trace)?;
    let requests = Trace::open(&path, Format::Auto)?;
    requests.map(|request| Ok(request?.key)).collect()
}

/// The file of a trace: its name, then how it is encoded. Where there is more than one encoding, the one made for
/// simulators.
fn file(folder: &Path, trace: &str) -> anyhow::Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.strip_prefix(trace).is_some_and(|rest| rest.starts_with('.')) {
            found.push((!name.contains("oracleGeneral"), name, path));
        }
    }
    found.sort();
    let first = found.into_iter().next();
    first.map(|(_, _, path)| path).with_context(|| format!("{} has no file of it", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_are_those_in_objects_each_once() {
        let table = "trace,policy,capacity_objects_or_bytes,unit,requests,hits\n\
                     b,LRU,30,objects,9,1\nb,ARC,10,objects,9,1\na,LRU,5,bytes,9,1\nb,ARC,30,objects,9,1\n\
                     a,LRU,7,objects,9,1\n";
        let expected = [("b".to_owned(), BTreeSet::from([10, 30])), ("a".to_owned(), BTreeSet::from([7]))];
        assert_eq!(capacities(table), expected);
    }
}
