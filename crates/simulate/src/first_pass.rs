//! What has to be known of a trace before it is replayed.

use nuthatch_trace::Trace;

use crate::{
    SimulateError,
    access::Batch,
    capacity::Totals,
    crew::BATCH,
    future::Future,
    objects::Objects,
    progress::{OnProgress, Progress, Stage},
    source::{Reading, Source, TraceSource},
};

/// What a first pass shall find out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// How much there is, of which capacities are shares.
    pub(crate) totals: bool,
    /// When each object is requested next.
    pub(crate) future: bool,
}

/// Finds out what is `wanted`, if anything, and sets the trace to its start. `None` if `progress` does not want to go on.
pub(crate) fn first_pass(
    trace: Trace,
    reading: Reading,
    wanted: Wanted,
    progress: &mut OnProgress<'_>,
) -> Result<Option<(Source, Totals)>, SimulateError> {
    if !wanted.totals && !wanted.future {
        let source = TraceSource::new(trace, reading, Objects::default());
        return Ok(Some((Source::Trace(Box::new(source)), Totals::default())));
    }
    let again = trace.reopen().transpose()?;
    let mut future = wanted.future.then(Future::default);
    let mut counting = TraceSource::new(trace, reading, Objects::default());
    let mut batch = Batch::default();
    let mut requests = 0;
    loop {
        let known = batch.accesses.len();
        let read = counting.read(&mut batch, BATCH);
        requests += *read.as_ref().unwrap_or(&0) as u64;
        let now = Progress::of(Stage::Counting, requests, counting.trace(), counting.ignored());
        if progress(now).is_break() {
            return Ok(None);
        }
        if read? == 0 {
            break;
        }
        if let Some(future) = &mut future
            && !batch.accesses[known..].iter().all(|access| future.observe(access))
        {
            return Err(SimulateError::TooLongForBelady { trace: counting.trace().name().to_owned() });
        }
        if again.is_some() {
            batch.clear();
        }
    }
    let objects = counting.take_objects();
    let totals = objects.totals();
    if let Some(future) = &mut future {
        future.complete();
    }
    let source = match again {
        Some(again) => {
            let mut source = TraceSource::new(again, reading, objects);
            source.foresee(future);
            Source::Trace(Box::new(source))
        }
        None => {
            if let Some(future) = future {
                future.foretell(&mut batch.accesses);
            }
            Source::Memory(batch, 0)
        }
    };
    Ok(Some((source, totals)))
}
